"""Everything a page shows of one session, read in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg import Connection

from myograph.analysis.protocol import DEFAULT
from myograph.charts.signal_view import Span
from myograph.db import (
    contraction_edits,
    contractions,
    pressures,
    scores,
    session_settings,
    sessions,
    statistics,
    technical,
)
from myograph.db.contraction_edits import EditRow
from myograph.db.contractions import ContractionRow
from myograph.db.identity import Person
from myograph.db.pressures import Cuff
from myograph.db.scores import Scores
from myograph.db.session_settings import SessionSettings
from myograph.db.sessions import Session
from myograph.db.statistics import ChannelStatistics
from myograph.db.technical import Technical
from myograph.db.wording import wording_for
from myograph.errors import MyographError, ObjectGone
from myograph.services.read_signal import Outline, outline_key, read_outline, read_window
from myograph.web.pages.viewer import Measured, Viewer, viewer
from myograph.web.pages.windows import Wish
from myograph.web.site import Site


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    session: Session
    technical: Technical | None
    channels: Sequence[ChannelStatistics]
    contractions: Sequence[ContractionRow]
    scores: Scores | None
    settings: SessionSettings | None
    edits: Sequence[EditRow] = ()
    cuffs: Sequence[Cuff] = ()
    twins: Sequence[UUID] = ()  # of the very same bytes, as far as the visitor may see them

    @property
    def whole(self) -> Span:
        duration_s = self.technical.duration_seconds if self.technical else None
        return Span(0.0, duration_s or 0.0)


def load(conn: Connection, person: Person, session_id: UUID) -> Loaded:
    session = sessions.get(conn, person, session_id)
    wording = wording_for(person.role)
    return Loaded(
        session=session,
        technical=technical.of_session(conn, session_id, wording),
        channels=statistics.of_session(conn, session_id, wording),
        contractions=contractions.of_session(conn, session_id, wording),
        scores=scores.of_session(conn, session_id, wording),
        settings=session_settings.of_session(conn, session_id, wording),
        edits=contraction_edits.of_session(conn, person, session_id),
        cuffs=pressures.of_session(conn, session_id),
        twins=sessions.twins(conn, session),
    )


def view_of(site: Site, loaded: Loaded, wish: Wish) -> tuple[Viewer | None, str]:
    """The viewer, or the sentence that stands in its place: all numbers stay without it."""
    if not loaded.channels:
        return None, "There is nothing to draw before the recording is processed."
    if loaded.session.object_gone_at is not None:
        return None, f"The recording is missing since {_day(loaded)}. All numbers stay."
    if loaded.session.file_path is None:
        return None, "The recording itself is not open to you, only what was measured in it."
    try:
        return draw_window(site, loaded, wish), ""
    except ObjectGone:
        return None, "The recording is no longer in storage. All numbers stay."
    except MyographError as exc:
        return None, f"The recording cannot be drawn now. {exc.sentence}"


def draw_window(site: Site, loaded: Loaded, wish: Wish) -> Viewer:
    session = loaded.session
    source = site.store.source(session.object_key)

    def read() -> Outline:
        return read_outline(source, DEFAULT, recover=session.recovered)

    outline = site.outlines.get(_outline_key(session), read)
    window = read_window(
        source, outline, start_s=wish.start_s, stop_s=wish.stop_s, columns=wish.columns
    )
    return viewer(session, Measured(loaded.channels, loaded.contractions), outline, window, wish)


def _outline_key(session: Session) -> str:
    return outline_key(
        session.object_key, session.storage_etag, recovered=session.recovered, protocol=DEFAULT
    )


def _day(loaded: Loaded) -> str:
    at = loaded.session.object_gone_at
    return "an unknown day" if at is None else f"{at.day} {at:%B %Y}"
