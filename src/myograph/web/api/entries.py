"""What people enter or correct of a session. Each change is scored at once, ahead of other work."""

import hashlib
from collections.abc import Mapping
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import anyio.to_thread
from fastapi import APIRouter, Query, Request
from psycopg import Connection
from pydantic import BaseModel, Field

from myograph.db import pressures, recovery, session_settings, sessions
from myograph.db.identity import Person
from myograph.db.sessions import Session, SessionState
from myograph.errors import BadInput
from myograph.scoring.results import Side
from myograph.services.enter_pressures import by_hand, by_sensor
from myograph.web.api.bodies import takes
from myograph.web.api.sessions import Entered, entered_in
from myograph.web.deps import TheSite, Transaction, Uploader, short_transaction
from myograph.web.site import site_of
from myograph.web.texts import CODE, SOMETHING

router = APIRouter(prefix="/api/sessions/{session_id}", tags=["sessions"])
SERIES: Final = "time_s,pressure_mmhg,leg\n0.0,101.5,left\n0.5,102.0,left\n"
NOTHING_SAID: Final = "Nothing was said: please name at least one value."

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
OcclusionPressure = Annotated[float, Field(ge=20, le=600)]  # mmHg; far wider than any leg's
Seconds = Annotated[float, Field(gt=0, le=600)]
Pause = Annotated[float, Field(ge=0, le=3600)]
Percent = Annotated[float, Field(ge=0, le=100)]
Words = Annotated[str, Field(min_length=1, max_length=100, pattern=SOMETHING)]


class Body(BaseModel, frozen=True, extra="forbid"):
    """What is left out stays as it is; null takes back what was said."""

    def said(self) -> dict[str, Any]:
        """With the defaults of what is said: a leg is a leg of a muscle."""
        found = self.model_dump(mode="json", include=self.model_fields_set)
        if not found:
            raise BadInput(NOTHING_SAID)
        return found


class Weights(BaseModel, frozen=True, extra="forbid"):
    """Of the components of the overall score; they sum to 1."""

    compliance: float = Field(ge=0, le=1)
    symmetry: float = Field(ge=0, le=1)
    effort: float = Field(ge=0, le=1)
    game: float = Field(ge=0, le=1)


class Settings(Body, frozen=True):
    """Volts of the raw channel's envelope, seconds, and shares from 0 to 1.

    own_session: it counts in dose, adherence and trends though another has the very same bytes.
    """

    session_type: Literal["baseline", "training", "assessment"] | None = None
    mvc_calculation_method: Literal["user_defined", "backend_calculated"] | None = None
    mvc_threshold_percentage: Annotated[float, Field(gt=0, le=1)] | None = None
    mvc_user_left_quad: Positive | None = None
    mvc_user_right_quad: Positive | None = None
    performance_weights: Weights | None = None
    duration_threshold_seconds: Seconds | None = None
    duration_threshold_left_quad: Seconds | None = None
    duration_threshold_right_quad: Seconds | None = None
    targets: Literal["fixed", "prescribed"] | None = None
    target_contractions_per_muscle: Annotated[int, Field(ge=1, le=1000)] | None = None
    rest_period_between_contractions_seconds: Pause | None = None
    rest_period_between_sets_seconds: Pause | None = None
    bfr_target_pressure_aop: Percent | None = None
    visual_feedback_enabled: bool | None = None
    audio_feedback_enabled: bool | None = None
    real_time_mvc_display: bool | None = None
    accepted_poor_channels: Annotated[list[Words], Field(max_length=64)] | None = None
    own_session: bool | None = None


class Assignment(Body, frozen=True):
    """Whose session it is, and the labels of the channels on each leg ("CH1"); null: on neither.

    The legs are remembered for the patient. A patient can be changed, and not be taken back.
    """

    patient: Annotated[str, Field(pattern=CODE, max_length=64)] = ""
    left: Words | None = None
    right: Words | None = None


class Exertion(Body, frozen=True):
    rpe: Annotated[int, Field(ge=0, le=10)] | None


class Game(Body, frozen=True):
    """points_maximum: what could be won; without it points are no score."""

    points_maximum: Positive | None = None
    difficulty_level: Annotated[int, Field(ge=1, le=27)] | None = None


class CuffSaid(Body, frozen=True):
    """Pressures in per cent of arterial occlusion pressure; `actual` is one that was measured."""

    target_pressure_aop: Percent | None = None
    actual_pressure_aop: Percent | None = None
    patient_aop_baseline_mmhg: OcclusionPressure | None = None
    patient_limb_circumference_cm: Positive | None = None
    cuff_size: Words | None = None
    cuff_position: Words | None = None
    monitoring_device: Words | None = None
    device_calibration_date: date | None = None
    device_serial_number: Words | None = None


class Bfr(Body, frozen=True):
    """enabled: whether cuffs were worn at all; null: unknown."""

    enabled: bool | None = None
    left: CuffSaid | None = None
    right: CuffSaid | None = None


class Occlusion(BaseModel, frozen=True, extra="forbid"):
    """Arterial occlusion pressure of each leg in the series, unless it was entered before."""

    left_mmhg: OcclusionPressure | None = None
    right_mmhg: OcclusionPressure | None = None

    @property
    def given(self) -> dict[Side, float]:
        both: dict[Side, float | None] = {"left": self.left_mmhg, "right": self.right_mmhg}
        return {side: mmhg for side, mmhg in both.items() if mmhg is not None}


@router.patch("/settings")
def enter_settings(
    session_id: UUID, conn: Transaction, visitor: Uploader, body: Settings
) -> Entered:
    said = body.said()
    if "own_session" in said:
        session_settings.count_as_own(conn, session_id, said.pop("own_session"))
    return (
        _enter(conn, visitor, session_id, said) if said else entered_in(conn, visitor, session_id)
    )


@router.patch("/patient")
def assign(session_id: UUID, conn: Transaction, visitor: Uploader, body: Assignment) -> Session:
    """Say whose session it is and which channel lay on which leg. It is scored anew at once."""
    said = body.said()
    if said.get("left") and said.get("left") == said.get("right"):
        raise BadInput(f"{body.left} cannot be on both legs.")
    left, right = (said[leg] or "" if leg in said else None for leg in ("left", "right"))
    session_settings.assign(
        conn, session_id, patient_code=said.get("patient"), left=left, right=right
    )
    return sessions.get(conn, visitor, session_id)


@router.patch("/rpe")
def enter_rpe(session_id: UUID, conn: Transaction, visitor: Uploader, body: Exertion) -> Entered:
    return _enter(conn, visitor, session_id, {"rpe_post_session": body.rpe})


@router.patch("/game")
def enter_game(session_id: UUID, conn: Transaction, visitor: Uploader, body: Game) -> Entered:
    return _enter(
        conn, visitor, session_id, {f"game_{name}": value for name, value in body.said().items()}
    )


@router.patch("/bfr")
def enter_bfr(session_id: UUID, conn: Transaction, visitor: Uploader, body: Bfr) -> Entered:
    """Whether cuffs were worn, and what was read off them."""
    if "enabled" in body.said():
        session_settings.enter(conn, session_id, {"bfr_enabled": body.enabled})
    _enter_cuff(conn, session_id, "left", body.left)
    _enter_cuff(conn, session_id, "right", body.right)
    return entered_in(conn, visitor, session_id)


@router.put("/bfr/series", openapi_extra=takes("text/csv", {"type": "string"}, one=SERIES))
async def put_series(
    session_id: UUID,
    request: Request,
    visitor: Uploader,
    site: TheSite,
    occlusion: Annotated[Occlusion, Query()],
) -> Entered:
    """A sensor's series as CSV with columns time_s, pressure_mmhg, leg: the raw body."""
    content = await request.body()  # bounded before it gets here
    return await anyio.to_thread.run_sync(
        lambda: _receive_series(request, visitor, session_id, content, occlusion),
        limiter=site.upload_slots,
    )


@router.post("/reprocess", status_code=HTTPStatus.ACCEPTED)
def reprocess(session_id: UUID, conn: Transaction, visitor: Uploader) -> SessionState:
    """Analyse the file once more; what people entered stays."""
    recovery.reprocess(conn, session_id)
    return sessions.states(conn, visitor, [session_id])[0]


def _enter(conn: Connection, visitor: Person, session_id: UUID, said: Mapping[str, Any]) -> Entered:
    session_settings.enter(conn, session_id, said)
    return entered_in(conn, visitor, session_id)


def _enter_cuff(conn: Connection, session_id: UUID, leg: Side, cuff: CuffSaid | None) -> None:
    if cuff is None:
        return
    said = cuff.said()
    if "actual_pressure_aop" in said:
        said |= by_hand(cuff.actual_pressure_aop)
    pressures.enter(conn, session_id, leg, said)


def _receive_series(
    request: Request, visitor: Person, session_id: UUID, content: bytes, occlusion: Occlusion
) -> Entered:
    """The series is kept before its numbers are: they name it."""
    with short_transaction(request, visitor) as conn:
        session = sessions.get(conn, visitor, session_id)
        cuffs = pressures.of_session(conn, session_id)
    known: dict[Side, float] = {
        c.leg: c.patient_aop_baseline_mmhg for c in cuffs if c.patient_aop_baseline_mmhg
    }
    found = by_sensor(content, "The series", given_mmhg=occlusion.given, known_mmhg=known)
    folder = (session.object_key or "").rpartition("/")[0]
    key = f"{folder}/{session_id}-pressure-{hashlib.sha256(content).hexdigest()[:16]}.csv"
    site_of(request).store.put(key, [content])
    with short_transaction(request, visitor) as conn:
        for leg, columns in found.items():
            pressures.enter(conn, session_id, leg, columns | {"series_object": key})
        return entered_in(conn, visitor, session_id)
