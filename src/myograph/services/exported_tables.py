"""Rows of an export, read from the database while they are written, some sessions at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

from psycopg import Connection

from myograph.db import contractions, pressures, scores, sessions, statistics, technical
from myograph.db.identity import Person
from myograph.db.scores import Scores
from myograph.db.sessions import Session
from myograph.db.statistics import ChannelStatistics
from myograph.db.technical import Technical
from myograph.db.wording import Wording
from myograph.export import stored
from myograph.export.shown import Beside, table
from myograph.export.stored import Comments, Type
from myograph.export.tables import Column, Table

BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class Reading:
    """Which sessions are read, in which order, and as whom.

    Without identifiers nothing is read that somebody typed: of labels and muscles only the usual.
    """

    conn: Connection
    person: Person
    ids: Sequence[UUID]
    identifiers: bool

    @property
    def wording(self) -> Wording:
        return "as_written" if self.identifiers else "for_research"


@dataclass(frozen=True, slots=True)
class Facts:
    """What stands beside a session in its own row."""

    technical: Technical | None
    scores: Scores | None


@dataclass(frozen=True, slots=True)
class Absent:
    """A component of the scores that has no value."""

    component: str
    reason: str


@dataclass(frozen=True, slots=True)
class Known:
    session: Session
    channels: Sequence[ChannelStatistics]


Rows: TypeAlias = Iterator[Beside]
_Columns: TypeAlias = Callable[..., tuple[Column, ...]]


def tables_of(reading: Reading, comments: Comments, wanted: Type) -> Iterator[Table]:
    for name, columns, rows in _TABLES[wanted]:
        of_table = columns(comments, identifiers=reading.identifiers)
        yield table(name, of_table, rows(reading))


def _batches(reading: Reading) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(reading.ids), BATCH):
        yield reading.ids[start : start + BATCH]


def _known(reading: Reading, batch: Sequence[UUID]) -> Iterator[Known]:
    found = sessions.several(reading.conn, reading.person, batch)
    channels = statistics.of_sessions(reading.conn, batch, reading.wording)
    for session_id in batch:
        yield Known(found[session_id], channels[session_id])


def _session_rows(reading: Reading) -> Rows:
    for batch in _batches(reading):
        files = technical.of_sessions(reading.conn, batch, reading.wording)
        scored = scores.of_sessions(reading.conn, batch, reading.wording)
        for known in _known(reading, batch):
            one = known.session.id
            yield Beside(known.session, Facts(files.get(one), scored.get(one)))


def _channel_rows(reading: Reading) -> Rows:
    for batch in _batches(reading):
        for known in _known(reading, batch):
            for channel in known.channels:
                yield _of_channel(known, channel, channel)


def _contraction_rows(reading: Reading) -> Rows:
    for batch in _batches(reading):
        found = contractions.of_sessions(reading.conn, batch, reading.wording)
        for known in _known(reading, batch):
            channels = {channel.channel_name: channel for channel in known.channels}
            for contraction in found[known.session.id]:
                yield _of_channel(known, channels[contraction.channel], contraction)


def _of_channel(known: Known, channel: ChannelStatistics, row: object) -> Beside:
    return Beside(
        known.session,
        row,
        channel=channel.channel_name,
        muscle=channel.muscle,
        side=channel.side,
    )


def _score_rows(reading: Reading) -> Rows:
    for batch in _batches(reading):
        found = scores.of_sessions(reading.conn, batch, reading.wording)
        for known in _known(reading, batch):
            if known.session.id in found:
                yield Beside(known.session, found[known.session.id])


def _missing_rows(reading: Reading) -> Rows:
    for row in _score_rows(reading):
        absent: Mapping[str, str] = row.row.missing_reasons
        for component, reason in sorted(absent.items()):
            yield Beside(row.session, Absent(component, reason))


def _cuff_rows(reading: Reading) -> Rows:
    for batch in _batches(reading):
        cuffs = pressures.described if reading.identifiers else pressures.of_sessions
        found = cuffs(reading.conn, batch)
        for known in _known(reading, batch):
            for cuff in found[known.session.id]:
                yield Beside(known.session, cuff)


_SESSIONS: Final = ("sessions", stored.session_columns, _session_rows)
_TABLES: Final[Mapping[Type, tuple[tuple[str, _Columns, Callable[[Reading], Rows]], ...]]] = {
    "statistics_only": (
        _SESSIONS,
        ("channels", stored.channel_columns, _channel_rows),
        ("contractions", stored.contraction_columns, _contraction_rows),
    ),
    "performance_report": (
        _SESSIONS,
        ("scores", stored.score_columns, _score_rows),
        ("muscles", stored.muscle_columns, _channel_rows),
        ("missing", stored.missing_columns, _missing_rows),
    ),
    "bfr_safety_report": (
        _SESSIONS,
        ("gates", stored.gate_columns, _score_rows),
        ("cuffs", stored.cuff_columns, _cuff_rows),
    ),
}
