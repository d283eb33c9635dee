"""Stored numbers of one session or of many as a file, as whoever asks may see them.

Whatever is read is read as that person, so the database decides. Rows are read in batches and
written as they come: ten thousand sessions take no more memory than a hundred.
"""

import hashlib
import math
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, Final, Literal
from uuid import UUID

from psycopg import Connection

from myograph.db import chosen_sessions, comments, sessions
from myograph.db.chosen_sessions import Choice, Reason
from myograph.db.identity import Person
from myograph.errors import BadInput, Conflict, NotAllowed, NotFound
from myograph.export.delimited import Delimiter, write_zip
from myograph.export.json_tables import write_json
from myograph.export.stored import COMMENTED, Type
from myograph.export.tables import Cell, Column, Table, codebook, table
from myograph.export.workbook import write_large_workbook
from myograph.services.exported_tables import Reading, tables_of
from myograph.storage.objects import CHUNK_BYTES
from myograph.storage.scratch import scratch_folder

Format = Literal["json", "csv", "excel"]

# A workbook takes longest, and is put together at its end, while its transaction waits.
MOST_SESSIONS: Final[Mapping[Format, int]] = {"json": 10_000, "csv": 10_000, "excel": 2_000}
NO_SESSION: Final = "There is no such session, or it is not one of yours."
NO_PATIENT: Final = "There is no such patient, or it is not one of yours."
# A patient gets a pseudonym with the first analysis.
NO_PSEUDONYM: Final = "Nothing of one of these patients has been analysed yet."
NONE_COUNTS: Final = "No session that counts and has been analysed is among those that were chosen."
TOO_MANY: Final = (
    "More than {most:,} sessions were chosen, which is all that an export in this format holds."
    " Please choose a shorter span, and make several{otherwise}."
)
ADMINS_ALONE: Final = "Only an administrator may export with identifiers."
NO_REASON: Final = "An export with identifiers needs a reason. Please say why."
NO_NUMBER: Final = "stands a number that is none, so nothing was exported."
LIKE_A_CODE: Final = (
    "stands what looks like a patient's code, so nothing was exported."
    " Please ask an administrator to look at it."
)
_UNDATED: Final = datetime(2000, 1, 1, tzinfo=UTC)  # nothing in it was ever analysed
_CODE: Final = re.compile(r"\bP[0-9]{3,}\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One session, or those of a choice that count."""

    type: Type
    format: Format
    chosen: UUID | Choice
    delimiter: Delimiter = ","
    identifiers: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What was written. row_counts: by table; checks: what was looked at before, and held."""

    sessions: int
    row_counts: Mapping[str, int]
    size_bytes: int
    sha256: str
    checks: Mapping[str, bool]


def export_sessions(conn: Connection, person: Person, wanted: Wanted, to: BinaryIO) -> Made:
    """Write the file, from its beginning on. The same data make the same bytes.

    conn    sees one moment all along, else its tables might not fit together
    """
    _refuse(person, wanted)
    ids = _sessions(conn, person, wanted)
    left_out = _left_out(conn, wanted.chosen)
    dated = chosen_sessions.last_processed(conn, ids) or _UNDATED
    reading = Reading(conn, person, ids, identifiers=wanted.identifiers)
    said = comments.of_columns(conn, COMMENTED)
    tables = (
        _about(wanted, len(ids), left_out, dated),
        *tables_of(reading, said, wanted.type),
        _methods(conn, ids),
        _reasons(left_out),
    )
    counts: Counter[str] = Counter()
    watched = [_watched(t, counts, wanted) for t in (*tables, codebook(tables))]
    _write(watched, to, wanted, dated)
    return _made(to, len(ids), counts, wanted)


def pseudonyms_of(conn: Connection, person: Person, names: Sequence[str]) -> tuple[str, ...]:
    """Of patients by their codes or pseudonyms, in order; for a researcher by pseudonyms alone."""
    found = chosen_sessions.pseudonyms(conn, person, names)
    if found.keys() != set(names):
        raise NotFound(NO_PATIENT)
    known = {pseudonym for pseudonym in found.values() if pseudonym is not None}
    if len(known) < len(set(found.values())):
        raise Conflict(NO_PSEUDONYM)
    return tuple(sorted(known))


def _refuse(person: Person, wanted: Wanted) -> None:
    """The database refuses it too, where it is written down."""
    if not wanted.identifiers:
        return
    if person.role != "admin":
        raise NotAllowed(ADMINS_ALONE)
    if not (wanted.reason or "").strip():
        raise BadInput(NO_REASON)


def _sessions(conn: Connection, person: Person, wanted: Wanted) -> list[UUID]:
    chosen, most = wanted.chosen, MOST_SESSIONS[wanted.format]
    if isinstance(chosen, UUID):
        return [_analysed(conn, person, chosen)]
    if chosen.sessions is not None:
        seen = sessions.several(conn, person, chosen.sessions)
        if seen.keys() != set(chosen.sessions):
            raise NotFound(NO_SESSION)
    found = chosen_sessions.counted(conn, chosen, most=most + 1)
    if not found:
        raise NotFound(NONE_COUNTS)
    if len(found) > most:
        otherwise = ", or choose CSV" if wanted.format == "excel" else ""
        raise BadInput(TOO_MANY.format(most=most, otherwise=otherwise))
    return found


def _analysed(conn: Connection, person: Person, session_id: UUID) -> UUID:
    """One session is exported as it is, whether it counts or not."""
    session = sessions.get(conn, person, session_id)
    if session.processing_status == "failed":
        raise Conflict("This session could not be analysed, so there is nothing to export.")
    if session.processing_status not in {"completed", "reprocessing"}:
        raise Conflict("This session has not been analysed yet. Please try again in a moment.")
    return session.id


def _left_out(conn: Connection, chosen: UUID | Choice) -> Mapping[Reason, int]:
    return {} if isinstance(chosen, UUID) else chosen_sessions.left_out(conn, chosen)


# ── what the file says of itself


_WHY: Final[Mapping[Reason, str]] = {
    "superseded": "its recording was overwritten by another",
    "duplicate": "another session has the very same recording",
    "failed": "it could not be analysed",
    "not_analysed": "it has not been analysed yet",
}


def _about(wanted: Wanted, count: int, left_out: Mapping[Reason, int], dated: datetime) -> Table:
    """What was asked for, and of which data. Nothing of whoever asked, or when."""
    choice = wanted.chosen if isinstance(wanted.chosen, Choice) else Choice()
    rows: tuple[tuple[str, Cell, str], ...] = (
        ("export_type", wanted.type, "which tables stand in it"),
        ("identifiers", wanted.identifiers, "patients are named by their code"),
        ("processing_method", "database_query", "made from stored numbers"),
        ("data_source", "cached_statistics", "as they were measured and scored last"),
        ("sessions", count, "how many are in it"),
        ("sessions_left_out", sum(left_out.values()), "how many were chosen and do not count"),
        ("results_until", dated.astimezone(UTC).isoformat(), "when the newest results were made"),
        ("chosen_from", choice.since and choice.since.isoformat(), "the first moment chosen"),
        ("chosen_before", choice.until and choice.until.isoformat(), "the first moment after it"),
        ("chosen_type", choice.session_type, "type of the sessions chosen"),
        ("chosen_patients", _length(choice.pseudonyms), "how many were named"),
        ("chosen_sessions", _length(choice.sessions), "how many were named"),
    )
    columns = (
        Column("name", "", "what is said", "name"),
        Column("value", "", "empty: it was left open", "value"),
        Column("meaning", "", "in words", "meaning"),
    )
    return Table("about", columns, rows)


def _length(named: Sized | None) -> int | None:
    return None if named is None else len(named)


def _methods(conn: Connection, ids: list[UUID]) -> Table:
    columns = (
        Column("method", "", "version of the method of analysis", "method"),
        Column("protocol_digest", "", "SHA-256 of its parameters", "protocol_digest"),
        Column("sessions", "", "how many were measured by it", "sessions"),
    )
    return table("methods", columns, chosen_sessions.measured_by(conn, ids))


def _reasons(left_out: Mapping[Reason, int]) -> Table:
    columns = (
        Column("reason", "", "why sessions were left out", "reason"),
        Column("sessions", "", "how many", "sessions"),
        Column("meaning", "", "in words", "meaning"),
    )
    rows = tuple((reason, count, _WHY[reason]) for reason, count in left_out.items())
    return Table("left_out", columns, rows)


# ── writing


def _watched(table: Table, counts: Counter[str], wanted: Wanted) -> Table:
    """The same table; its rows are counted and looked at when they are written."""

    def rows() -> Iterator[tuple[Cell, ...]]:
        counts[table.name] = 0
        for row in table.rows:
            counts[table.name] += 1
            for column, cell in zip(table.columns, row, strict=True):
                why = _unfit(cell, wanted)
                if why is not None:
                    raise Conflict(f"In {_place(table, column, row)} {why}")
            yield row

    return Table(table.name, table.columns, rows())


def _unfit(cell: Cell, wanted: Wanted) -> str | None:
    if isinstance(cell, float) and not math.isfinite(cell):
        return NO_NUMBER
    if isinstance(cell, str) and not wanted.identifiers and _CODE.search(cell):
        return LIKE_A_CODE
    return None


def _place(table: Table, column: Column, row: tuple[Cell, ...]) -> str:
    of_session = f" of session {row[0]}" if table.columns[0].name == "session" else ""
    return f"{table.name}.{column.name}{of_session}"


def _write(tables: list[Table], to: BinaryIO, wanted: Wanted, dated: datetime) -> None:
    match wanted.format:
        case "json":
            write_json(tables, to)
        case "csv":
            write_zip(tables, to, delimiter=wanted.delimiter, dated=dated.astimezone(UTC))
        case "excel":
            with scratch_folder() as folder:
                write_large_workbook(tables, to, dated=dated, folder=folder)


def _made(to: BinaryIO, count: int, counts: Counter[str], wanted: Wanted) -> Made:
    checks = {"numbers_finite": True}
    if not wanted.identifiers:
        checks["no_code"] = True
    if wanted.format != "json":
        to.seek(0)
        with zipfile.ZipFile(to) as archive:
            checks["reads_back"] = archive.testzip() is None
    to.seek(0)
    digest = hashlib.sha256()
    while piece := to.read(CHUNK_BYTES):
        digest.update(piece)
    size = to.tell()
    to.seek(0)
    return Made(count, dict(counts), size, digest.hexdigest(), checks)
