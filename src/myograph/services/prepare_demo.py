"""The people and patients of a demonstration. Nothing of it is measured; all of it is made up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from psycopg import Connection

from myograph.db import accounts, patients
from myograph.db.identity import Person, Role, become
from myograph.simulate.patients import DAYS, PATIENTS, SIDES


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One person for each role; the role is the login too."""

    role: Role
    password_hash: str


NAMES: dict[Role, str] = {
    "therapist": "Demo therapist",
    "researcher": "Demo researcher",
    "admin": "Demo admin",
}


def add_people(owner: Connection, given: Sequence[DemoAccount]) -> dict[Role, Person]:
    """One person per account; those who are there already stay as they are."""
    return {
        account.role: Person(_id(owner, account), NAMES[account.role], account.role)
        for account in given
    }


def add_patients(web: Connection, admin: Person, therapist: Person, *, last_day: date) -> None:
    """The demo's patients, all the therapist's, who agreed to research and have both legs set."""
    become(web, admin)
    for code in PATIENTS:
        patients.add(
            web,
            code,
            therapist_id=therapist.id,
            research_consent=True,
            treatment_start=last_day - timedelta(days=DAYS - 1),
            channel_assignment={
                channel: {"muscle": "quadriceps", "side": side} for channel, side in SIDES.items()
            },
        )


def _id(owner: Connection, account: DemoAccount) -> UUID:
    return accounts.add(
        owner,
        login=account.role,
        name=NAMES[account.role],
        role=account.role,
        password_hash=account.password_hash,
    )
