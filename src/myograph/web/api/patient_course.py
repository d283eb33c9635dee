"""How a patient's treatment goes, from what is stored of their sessions."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from fastapi import APIRouter

from myograph.db import patients
from myograph.db.patients import Patient
from myograph.scoring.adherence import Adherence
from myograph.scoring.alerts import Alert
from myograph.services import follow_patient
from myograph.services.follow_patient import Course, Progress, course_of
from myograph.web.api.etag import EtagRoute
from myograph.web.api.patients import Code, today
from myograph.web.deps import TheSite, Transaction, Visitor
from myograph.web.site import Site

router = APIRouter(prefix="/api/patients/{code}", tags=["patients"], route_class=EtagRoute)


@dataclass(frozen=True, slots=True)
class Alerts:
    """on: the local date; sessions: that the rules looked at."""

    on: date
    sessions: int
    alerts: tuple[Alert, ...]


@router.get("/progress")
def progress(code: Code, conn: Transaction, visitor: Visitor) -> Progress:
    """Each number with its line per week and how sure it is; null, with the reason, without one."""
    patients.get(conn, visitor, code)
    return follow_patient.progress(course_of(conn, visitor, code))


@router.get("/adherence")
def adherence(code: Code, conn: Transaction, visitor: Visitor, site: TheSite) -> Adherence:
    """Training sessions done of those planned, up to today or the last planned day."""
    patient = patients.get(conn, visitor, code)
    return _adherence(course_of(conn, visitor, code), patient, site)


@router.get("/alerts")
def alerts(code: Code, conn: Transaction, visitor: Visitor, site: TheSite) -> Alerts:
    """What a therapist should look at, each with the numbers that fired it."""
    patient = patients.get(conn, visitor, code)
    course = course_of(conn, visitor, code)
    found = follow_patient.alerts(course, _adherence(course, patient, site))
    return Alerts(today(site), len(list(course.therapy)), found)


def _adherence(course: Course, patient: Patient, site: Site) -> Adherence:
    return follow_patient.adherence(
        course, patient, today=today(site), zone=ZoneInfo(site.settings.timezone)
    )
