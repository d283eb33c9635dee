"""What is on record of a patient: maxima through time, and medical facts."""

from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Annotated, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field, model_validator

from myograph.db import patient_medical, patient_mvc, patients
from myograph.db.patient_medical import Medical, MedicalFacts
from myograph.db.patient_mvc import Maximum
from myograph.errors import BadInput
from myograph.services.set_mvc import Wanted, set_mvc
from myograph.web.api.contractions import Words as Reason
from myograph.web.api.etag import EtagRoute, Seen, check_seen, name_version
from myograph.web.api.patients import Code, today
from myograph.web.deps import TheSite, Transaction, Uploader, Visitor
from myograph.web.site import Site
from myograph.web.texts import SOMETHING

router = APIRouter(prefix="/api/patients/{code}", tags=["patients"], route_class=EtagRoute)
NOTHING_OR_ONE: Final = "A maximum is a value or that of a session, not both."

Text = Annotated[str, Field(min_length=1, max_length=2000, pattern=SOMETHING)]
LongText = Annotated[str, Field(min_length=1, max_length=10_000, pattern=SOMETHING)]
Volts = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


class NewMaximum(BaseModel, frozen=True, extra="forbid"):
    """value_v in volts of the raw channel's envelope, or the session that it is read from.

    With neither, what is in force is taken back. `since` is the first day it holds for: without it,
    a session's holds from that session on, the first of a leg for everything before it too, and any
    other from today on.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"side": "left", "value_v": 0.00031, "reason": "measured on the chair"}]
        }
    )

    side: Literal["left", "right"]
    value_v: Volts | None = None
    session_id: UUID | None = None
    since: date | None = None
    reason: Reason | None = None

    @model_validator(mode="after")
    def _one(self) -> "NewMaximum":
        if self.value_v is not None and self.session_id is not None:
            raise ValueError(NOTHING_OR_ONE)
        return self


class NewMedical(BaseModel, frozen=True, extra="forbid"):
    """All of it: what is left out is not known."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"birth_year": 1951, "sex": "female", "affected_leg": "left"}]
        }
    )

    birth_year: Annotated[int, Field(ge=1900, le=2100)] | None = None
    sex: Literal["female", "male", "other"] | None = None
    height_cm: Annotated[float, Field(ge=30, le=280)] | None = None
    weight_kg: Annotated[float, Field(ge=2, le=500)] | None = None
    dominant_leg: Literal["left", "right"] | None = None
    affected_leg: Literal["left", "right", "both", "neither"] | None = None
    diagnosis: Text | None = None
    surgery_date: date | None = None
    medication: Text | None = None
    contraindications: Text | None = None
    remarks: LongText | None = None


@router.get("/mvc")
def maxima(code: Code, conn: Transaction, visitor: Visitor) -> list[Maximum]:
    """The latest first: of each side the first is in force."""
    patients.get(conn, visitor, code)
    return patient_mvc.of_patient(conn, visitor, code)


@router.post("/mvc", status_code=HTTPStatus.CREATED)
def add_maximum(
    code: Code, conn: Transaction, visitor: Uploader, site: TheSite, body: NewMaximum
) -> list[Maximum]:
    """Nothing is overwritten: the history gets one more. What it judges is scored anew."""
    patients.hold(conn, visitor, code)
    set_mvc(
        conn,
        Wanted(**body.model_dump()),
        code=code,
        history=patient_mvc.of_patient(conn, visitor, code),
        by=visitor.id,
        now=datetime.fromtimestamp(site.clock(), UTC),
        zone=ZoneInfo(site.settings.timezone),
    )
    return patient_mvc.of_patient(conn, visitor, code)


@router.get("/medical")
def medical(code: Code, conn: Transaction, visitor: Uploader, response: Response) -> Medical:
    """All null where nobody said anything."""
    patients.get(conn, visitor, code)
    return _shown(conn, code, response)


@router.put("/medical")
def put_medical(
    code: Code,
    conn: Transaction,
    visitor: Uploader,
    site: TheSite,
    body: NewMedical,
    seen: Seen,
    response: Response,
) -> Medical:
    """In the place of what was said before."""
    _refuse_the_future(body, site)
    patients.hold(conn, visitor, code)
    check_seen(seen, patient_medical.of_patient(conn, code).updated_at)
    patient_medical.replace(conn, code, MedicalFacts(**body.model_dump()), by=visitor.id)
    return _shown(conn, code, response)


def _shown(conn: Connection, code: str, response: Response) -> Medical:
    found = patient_medical.of_patient(conn, code)
    name_version(response, found.updated_at)
    return found


def _refuse_the_future(body: NewMedical, site: Site) -> None:
    day = today(site)
    if body.birth_year is not None and body.birth_year > day.year:
        raise BadInput("The year of birth lies in the future.")
    if body.surgery_date is not None and body.surgery_date > day:
        raise BadInput("The operation lies in the future.")
