"""Configurations of scoring: read by everybody, written and chosen for site and patients by admins.

Which one scores a single session is a setting of that session, so its therapist says that too.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final, Literal, cast
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field, model_validator

from myograph.db import patients, scoring_configurations, sessions
from myograph.db.audit import note_read
from myograph.db.identity import Person
from myograph.db.scoring_configurations import Rescoring, Version
from myograph.db.wording import Wording, wording_for
from myograph.errors import BadInput, Conflict, NotAllowed, NotFound
from myograph.scoring.configuration import DEFAULT, ComplianceComponent, Configuration, Scope
from myograph.scoring.results import Component
from myograph.services.preview_scoring import Effect, preview
from myograph.web.api.contractions import Words as Reason
from myograph.web.api.entries import Weights
from myograph.web.api.etag import EtagRoute, Seen, check_seen, name_version
from myograph.web.deps import Administrator, Transaction, Uploader, Visitor
from myograph.web.texts import NO_NUL, SLUG, SOMETHING

router = APIRouter(prefix="/api/scoring", tags=["scoring"], route_class=EtagRoute)
PREVIEWED: Final = 10
NO_CONFIGURATION: Final = "There is no such configuration."
ONE_TARGET: Final = "A configuration is chosen for a patient or for a session, not for both."
ADMINS_ALONE: Final = "Only an administrator chooses a configuration for the site or for a patient."

Slug = Annotated[str, Field(pattern=SLUG, max_length=64)]
Id = Annotated[str, Path(max_length=64, pattern=NO_NUL, examples=["default"])]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
PatientCode = Annotated[str, Field(max_length=64, pattern=NO_NUL)]
Share = Annotated[float, Field(ge=0, le=1)]
Score = Annotated[float, Field(ge=0, le=100)]


class ComponentWeights(BaseModel, frozen=True, extra="forbid"):
    """Of the parts of compliance; they sum to 1."""

    completion: Share
    intensity: Share
    duration: Share


class Rules(BaseModel, frozen=True, extra="forbid"):
    """What is left out is as in the default.

    scope    what it may be chosen for: single sessions; those and patients; the site too
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Without the game",
                    "weights": {"compliance": 0.5, "symmetry": 0.3, "effort": 0.2, "game": 0},
                    "scope": "site",
                    "reason": "The points of two games cannot be compared.",
                }
            ]
        }
    )

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=SOMETHING)]
    weights: Weights
    component_weights: ComponentWeights | None = None
    rpe_mapping: Annotated[dict[int, Score], Field(max_length=11)] | None = None
    include_estimated_intensity: bool = False
    targets: Literal["fixed", "prescribed"] = "fixed"
    scope: Scope = "site"

    def configuration(self, wanted: str, version: int) -> Configuration:
        """Raises BadInput where weights do not sum to 1 or an RPE has no score."""
        parts = self.component_weights
        return Configuration(
            id=wanted,
            version=version,
            name=self.name,
            weights=cast("dict[Component, float]", self.weights.model_dump()),
            compliance_weights=DEFAULT.compliance_weights
            if parts is None
            else cast("dict[ComplianceComponent, float]", parts.model_dump()),
            rpe_scores=DEFAULT.rpe_scores if self.rpe_mapping is None else self.rpe_mapping,
            include_estimated_intensity=self.include_estimated_intensity,
            targets=self.targets,
        )


class NewVersion(Rules, frozen=True):
    """reason: why it is made. Name and reason are read by researchers: they name no patient."""

    reason: Reason


class NewConfiguration(NewVersion, frozen=True):
    id: Slug


class Target(BaseModel, frozen=True, extra="forbid"):
    """What it is chosen for; without either: the site."""

    patient: PatientCode | None = None
    session: UUID | None = None

    @model_validator(mode="after")
    def _one(self) -> "Target":
        if self.patient is not None and self.session is not None:
            raise ValueError(ONE_TARGET)
        return self

    @property
    def scope(self) -> Scope:
        if self.session is not None:
            return "session"
        return "site" if self.patient is None else "patient"


class Choice(Target, frozen=True):
    model_config = ConfigDict(json_schema_extra={"examples": [{"version": 1, "patient": "P017"}]})

    version: Number


class Asked(Target, frozen=True):
    """Rules that are not stored yet, or the id and version of some that are."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": "ghostly-trial", "version": 1, "patient": "P017"}]}
    )

    rules: Rules | None = None
    id: Slug | None = None
    version: Number | None = None

    @model_validator(mode="after")
    def _either(self) -> "Asked":
        if (self.rules is None) == (self.id is None) or (self.id is None) != (self.version is None):
            raise ValueError("Please send rules, or id and version of a configuration.")
        return self


@dataclass(frozen=True, slots=True)
class Configurations:
    """configurations: by id, the newest version first.

    rescoring    how far the site's sessions are with the one that scores them
    """

    configurations: list[Version]
    rescoring: Rescoring


@dataclass(frozen=True, slots=True)
class Previewed:
    """The latest sessions that it is about, newest first; nothing of it is stored."""

    scope: Scope
    sessions: list[Effect]


@router.get("")
def every(conn: Transaction, visitor: Visitor) -> Configurations:
    """A researcher gets the id instead of a name that somebody gave, and no author or reason."""
    return Configurations(
        scoring_configurations.every(conn, wording_for(visitor.role)),
        scoring_configurations.rescoring(conn),
    )


@router.get("/{configuration_id}")
def versions(
    configuration_id: Id, conn: Transaction, visitor: Visitor, response: Response
) -> list[Version]:
    """The newest first. The tag names it, for `If-Match` of the next."""
    return _shown(_known(conn, configuration_id, wording_for(visitor.role)), response)


@router.post("", status_code=HTTPStatus.CREATED)
def add(
    conn: Transaction, visitor: Administrator, body: NewConfiguration, response: Response
) -> list[Version]:
    """A configuration of a new id. It scores nothing before it is chosen."""
    if scoring_configurations.of_id(conn, body.id):
        raise Conflict(f"There is a configuration {body.id} already; it may have another version.")
    response.headers["Location"] = f"/api/scoring/{body.id}"
    return _stored(conn, visitor, body.configuration(body.id, 1), body, response)


@router.put("/{configuration_id}")
def put(
    configuration_id: Id,
    conn: Transaction,
    visitor: Administrator,
    body: NewVersion,
    seen: Seen,
    response: Response,
) -> list[Version]:
    """The next version. Whatever names an earlier one keeps it."""
    newest = _known(conn, configuration_id)[0].version
    check_seen(seen, newest)
    rules = body.configuration(configuration_id, newest + 1)
    return _stored(conn, visitor, rules, body, response)


@router.post("/{configuration_id}/activate", status_code=HTTPStatus.ACCEPTED)
def activate(
    configuration_id: Id, conn: Transaction, visitor: Uploader, body: Choice
) -> list[Version]:
    """Let it score the site, a patient or a session; what it concerns is scored anew, one session
    ahead of other work, the site's behind fresh uploads.
    """
    _check_target(conn, visitor, body)
    wanted = _usable(conn, configuration_id, body.version, body.scope)
    if body.session is not None:
        scoring_configurations.name_for_session(conn, body.session, wanted.id, wanted.version)
    elif body.patient is not None:
        scoring_configurations.name_for_patient(conn, body.patient, wanted.id, wanted.version)
    elif not wanted.active:
        scoring_configurations.activate(conn, wanted.id, wanted.version)
    return _known(conn, configuration_id)


@router.delete("/named", status_code=HTTPStatus.NO_CONTENT)
def take_back(conn: Transaction, visitor: Uploader, target: Annotated[Target, Query()]) -> None:
    """Let a patient be scored by the site's configuration, or a session by its patient's, again."""
    if target.scope == "site":
        raise BadInput("The site has a configuration always: please choose another one.")
    _check_target(conn, visitor, target)
    if target.session is not None:
        scoring_configurations.name_for_session(conn, target.session, None, None)
    elif target.patient is not None:
        scoring_configurations.name_for_patient(conn, target.patient, None, None)


@router.post("/preview")
def effect(conn: Transaction, visitor: Uploader, body: Asked) -> Previewed:
    """The last sessions as they are scored now and as they would be, side by side."""
    if body.patient is not None:
        patients.get(conn, visitor, body.patient)
    if body.session is not None:
        sessions.get(conn, visitor, body.session)
    found = scoring_configurations.recent(
        conn, patient=body.patient, session_id=body.session, limit=PREVIEWED
    )
    effects = preview(conn, found, _asked(conn, body), body.scope)
    for shown in effects:  # a POST, of which the address does not say what it shows
        note_read(conn, "therapy_sessions", str(shown.session), {"part": "preview of scoring"})
    return Previewed(body.scope, effects)


def _asked(conn: Connection, body: Asked) -> Configuration:
    if body.rules is not None:
        return body.rules.configuration("preview", 0)
    return _version(conn, body.id or "", body.version or 0).configuration


def _check_target(conn: Connection, visitor: Person, target: Target) -> None:
    """Whoever may not see it does not learn that it is there."""
    if target.session is not None:
        sessions.get(conn, visitor, target.session)
        return
    if target.patient is not None:
        patients.get(conn, visitor, target.patient)
    if visitor.role != "admin":
        raise NotAllowed(ADMINS_ALONE)


_ENOUGH: Final[dict[Scope, frozenset[Scope]]] = {
    "session": frozenset({"session", "patient", "site"}),
    "patient": frozenset({"patient", "site"}),
    "site": frozenset({"site"}),
}


def _usable(conn: Connection, wanted: str, version: int, scope: Scope) -> Version:
    found = _version(conn, wanted, version)
    if found.scope not in _ENOUGH[scope]:
        raise BadInput(
            f"This version is meant for a {found.scope}. Please make one of a wider scope first."
        )
    if found.scope != "site" and not found.active:
        raise BadInput("This version is no longer in use.")
    return found


def _version(conn: Connection, wanted: str, version: int) -> Version:
    found = [v for v in _known(conn, wanted) if v.version == version]
    if not found:
        raise NotFound(NO_CONFIGURATION)
    return found[0]


def _known(conn: Connection, wanted: str, wording: Wording = "as_written") -> list[Version]:
    found = scoring_configurations.of_id(conn, wanted, wording)
    if not found:
        raise NotFound(NO_CONFIGURATION)
    return found


def _stored(
    conn: Connection, visitor: Person, rules: Configuration, body: NewVersion, response: Response
) -> list[Version]:
    scoring_configurations.add(conn, rules, scope=body.scope, by=visitor.id, why=body.reason)
    return _shown(_known(conn, rules.id), response)


def _shown(found: list[Version], response: Response) -> list[Version]:
    name_version(response, found[0].version)
    return found
