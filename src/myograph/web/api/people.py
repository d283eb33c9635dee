"""People, for administrators: who there is, letting somebody in, changing what they may."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from myograph.db import people
from myograph.db.identity import Role
from myograph.db.people import Member
from myograph.errors import NotAllowed, NotFound
from myograph.services.come_in import LONGEST_NAME, accepted_name, link_for
from myograph.web.api.etag import EtagRoute
from myograph.web.deps import Administrator, Transaction
from myograph.web.recognise import needs
from myograph.web.texts import DB_LOGIN, SOMETHING

router = APIRouter(prefix="/api/people", tags=["people"], route_class=EtagRoute)
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, pattern=SOMETHING)]
DbLogin = Annotated[str, Field(pattern=DB_LOGIN)]


class NewPerson(BaseModel):
    """`id` is their subject at the identity provider; without one they get a link."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    role: Role
    id: UUID | None = None
    db_login: DbLogin | None = None


class Change(BaseModel):
    """What is not said stays; `db_login` null takes it away."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    role: Role | None = None
    active: bool | None = None
    db_login: DbLogin | None = None


@dataclass(frozen=True, slots=True)
class AddedPerson:
    """`link`, shown this once, is good once within a day: they set login and password with it."""

    person: Member
    link: str | None


@dataclass(frozen=True, slots=True)
class Link:
    """Shown this once, good once within a day."""

    link: str


@router.get("")
def everybody(conn: Transaction, _: Administrator) -> list[Member]:
    """By name, those who are switched off too."""
    return people.everybody(conn)


@router.post("", status_code=HTTPStatus.CREATED)
@needs("sign-in")
def add(request: Request, conn: Transaction, _: Administrator, new: NewPerson) -> AddedPerson:
    person_id = people.add(
        conn, accepted_name(new.name), new.role, person_id=new.id, db_login=new.db_login
    )
    secret = link_for(conn, person_id) if new.id is None else None
    return AddedPerson(_member(conn, person_id), None if secret is None else _at(request, secret))


@router.patch("/{person_id}")
@needs("sign-in")
def change(person_id: UUID, conn: Transaction, visitor: Administrator, said: Change) -> Member:
    """Nobody changes themselves, and the last administrator stays one."""
    if person_id == visitor.id:
        raise NotAllowed("Nobody changes their own role or account. Another administrator can.")
    now = _member(conn, person_id)
    people.change(
        conn,
        person_id,
        name=now.name if said.name is None else accepted_name(said.name),
        role=said.role or now.role,
        active=now.active if said.active is None else said.active,
        db_login=said.db_login if "db_login" in said.model_fields_set else now.db_login,
    )
    return _member(conn, person_id)


@router.post("/{person_id}/link", status_code=HTTPStatus.CREATED)
@needs("sign-in")
def link(request: Request, person_id: UUID, conn: Transaction, _: Administrator) -> Link:
    """With it they set another password, and whatever they were signed in with ends."""
    return Link(_at(request, link_for(conn, person_id)))


def _member(conn: Transaction, person_id: UUID) -> Member:
    found = people.get(conn, person_id)
    if found is None:
        raise NotFound("There is no such person.")
    return found


def _at(request: Request, secret: str) -> str:
    return str(request.url_for("welcome_form", secret=secret))
