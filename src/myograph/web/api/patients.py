"""Patients: who they are to us, who treats them, and what their sessions are scored with."""

from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Request, Response
from psycopg import Connection
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from myograph.db import patients
from myograph.db.identity import Person
from myograph.db.patients import Patient, Sought
from myograph.errors import BadInput, Conflict, NotAllowed
from myograph.scoring.muscles import MUSCLES, muscle_named
from myograph.web.api.entries import Body, Seconds
from myograph.web.api.etag import EtagRoute, Seen, check_seen, name_version
from myograph.web.deps import Administrator, TheSite, Transaction, Uploader, Visitor
from myograph.web.reading import listed
from myograph.web.site import Site
from myograph.web.texts import CODE, NO_NUL, SOMETHING

router = APIRouter(prefix="/api/patients", tags=["patients"], route_class=EtagRoute)
MAX_PAGE: Final = 200
MAX_CHANNELS: Final = 64
ADMINS_ALONE: Final = (
    "Only an administrator says who treats a patient, when, and whether research may look."
)

# A code, for a researcher a pseudonym.
Code = Annotated[str, Path(max_length=64, pattern=NO_NUL, examples=["P017"])]
Label = Annotated[str, Field(min_length=1, max_length=100, pattern=SOMETHING)]
Begin = Annotated[str, Query(max_length=64, pattern=NO_NUL)]


@dataclass(frozen=True, slots=True)
class PatientPage:
    """By code, for a researcher by pseudonym. `next` asks for the page after this one."""

    patients: list[Patient]
    next: str | None


def _known(name: str) -> str:
    try:
        return muscle_named(name)
    except BadInput as exc:
        raise ValueError(exc.sentence) from exc


Muscle = Annotated[
    Label, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": list(MUSCLES)})
]


class Leg(BaseModel, frozen=True, extra="forbid"):
    muscle: Muscle = "quadriceps"
    side: Literal["left", "right"]


def _told_apart(assignment: dict[str, Leg]) -> dict[str, Leg]:
    """Two channels on one muscle would be one muscle twice in every score."""
    taken: dict[Leg, str] = {}
    for label, leg in assignment.items():
        if leg in taken:
            raise ValueError(
                f"{taken[leg]} and {label} cannot both be on the {leg.side} {leg.muscle}."
            )
        taken[leg] = label
    return assignment


Channels = Annotated[dict[Label, Leg], Field(max_length=MAX_CHANNELS), AfterValidator(_told_apart)]


class Treatment(BaseModel, frozen=True, extra="forbid"):
    """research_consent: null counts as no. treatment_end: null means 14 days from the start."""

    therapist_id: UUID | None = None
    research_consent: bool | None = None
    treatment_start: date | None = None
    treatment_end: date | None = None


class ScoredWith(BaseModel, frozen=True, extra="forbid"):
    """Of sessions that say nothing of their own.

    Channels by label, how many contractions a muscle is to make, from which share of the maximum
    on one is intense enough, and how long it is to be held. Null: the default.
    """

    channel_assignment: Channels | None = None
    target_contractions_per_muscle: Annotated[int, Field(ge=1, le=1000)] | None = None
    mvc_threshold_percentage: Annotated[float, Field(gt=0, le=1)] | None = None
    duration_threshold_seconds: Seconds | None = None


_OF_TREATMENT: Final = frozenset(Treatment.model_fields)


class NewPatient(Treatment, ScoredWith, frozen=True):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "patient_code": "P017",
                    "therapist_id": "5b0c8a4e-5f1d-4b53-9a0b-1f0c0f6a7c11",
                    "research_consent": True,
                    "treatment_start": "2026-03-02",
                }
            ]
        }
    )

    patient_code: Annotated[str, Field(pattern=CODE, max_length=64)]


class Change(Body, Treatment, ScoredWith, frozen=True):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "target_contractions_per_muscle": 10,
                    "channel_assignment": {"CH1": {"muscle": "quadriceps", "side": "left"}},
                }
            ]
        }
    )


@router.get("")
def page(
    request: Request,
    conn: Transaction,
    visitor: Visitor,
    site: TheSite,
    therapist: UUID | None = None,
    active: bool | None = None,  # noqa: FBT001 - a filter
    search: Begin = "",
    cursor: Begin = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> PatientPage:
    """The patients this person may see. `search` is how a code begins; for a researcher, who sees
    those who consent and no codes, how a pseudonym does. `active`: their treatment has not ended.
    """
    sought = Sought(therapist=therapist, active=active, begins=search, after=cursor)
    found = patients.page(conn, visitor, sought, day=today(site), limit=limit + 1)
    shown = found[:limit]
    listed(request, len(shown))
    return PatientPage(shown, _name(shown[-1]) if len(found) > limit else None)


@router.get("/{code}")
def patient(code: Code, conn: Transaction, visitor: Visitor, response: Response) -> Patient:
    return _shown(conn, visitor, code, response)


@router.post("", status_code=HTTPStatus.CREATED)
def add(conn: Transaction, visitor: Administrator, body: NewPatient, response: Response) -> Patient:
    """Sessions that named this code before it was known become the patient's."""
    if not patients.add(conn, body.patient_code):
        raise Conflict(f"There is a patient {body.patient_code} already.")
    said = body.model_dump(mode="json", include=body.model_fields_set - {"patient_code"})
    _change(conn, body.patient_code, said)
    patients.take_claimed(conn, body.patient_code)
    response.headers["Location"] = f"/api/patients/{body.patient_code}"
    return _shown(conn, visitor, body.patient_code, response)


@router.patch("/{code}")
def change(
    code: Code, conn: Transaction, visitor: Uploader, body: Change, seen: Seen, response: Response
) -> Patient:
    """What is left out stays; null takes back. Sessions are scored anew where it concerns them."""
    said = body.said()
    check_seen(seen, patients.hold(conn, visitor, code))
    if visitor.role != "admin" and said.keys() & _OF_TREATMENT:
        raise NotAllowed(ADMINS_ALONE)
    _change(conn, code, said)
    return _shown(conn, visitor, code, response)


def today(site: Site) -> date:
    """The local date where the clinic is."""
    return datetime.fromtimestamp(site.clock(), ZoneInfo(site.settings.timezone)).date()


def _change(conn: Connection, code: str, said: dict[str, Any]) -> None:
    if said.keys() & _OF_TREATMENT:
        patients.change_treatment(conn, code, said)
    if said.keys() - _OF_TREATMENT:
        patients.change_settings(conn, code, said)


def _shown(conn: Connection, visitor: Person, code: str, response: Response) -> Patient:
    found = patients.get(conn, visitor, code)
    if found.updated_at is not None:
        name_version(response, found.updated_at)
    return found


def _name(row: Patient) -> str | None:
    return row.patient_code or row.pseudonym
