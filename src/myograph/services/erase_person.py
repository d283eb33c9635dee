"""Remove all that is stored of one patient, for good.

First the objects of the store, then the rows: whatever stops it in between, it may simply be done
again, and no sweep finds an object whose session is gone. Each step is a transaction of its own,
so this takes a connection in autocommit.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg import Connection

from myograph.db import audit, person_data
from myograph.errors import StoreUnavailable
from myograph.storage import versions
from myograph.storage.listing import listed, refusal
from myograph.storage.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class Belongings:
    """What there is of a patient.

    rows        so many of each table; those of the audit log stay
    objects     keys in the store: recordings, pressures, and what else lies in their folders, be
                it only an older version of something that is hidden by now
    foreign     in the patient's folder, of another patient: left alone
    unreadable  names that nothing can address, to be removed by hand
    """

    rows: Mapping[str, int]
    objects: Sequence[str]
    foreign: Sequence[str]
    unreadable: Sequence[str]


def belongings(
    conn: Connection, store: ObjectStore, code: str, buckets: Sequence[str]
) -> Belongings:
    rows = Counter(row.subject for row in person_data.rows(conn, code))
    places = person_data.places(conn, code)
    known = {place.key for place in places if place.ours}
    foreign = {place.key for place in places if not place.ours} - known
    of_patient = _in_folders_of(code, person_data.session_ids(conn, code))
    found, unreadable = set[str](), list[str]()
    for bucket in sorted({*buckets, *(place.bucket for place in places)}):
        for entry in listed(store, bucket, wanted=of_patient):
            if entry.refused is None:
                found.add(f"{bucket}/{entry.name}")
            else:
                unreadable.append(f"{bucket}/{entry.name}")
        hidden = versions.kept(store, bucket, wanted=of_patient)
        found |= {f"{bucket}/{name}" for name in hidden if refusal(bucket, name) is None}
    return Belongings(rows, sorted((known | found) - foreign), sorted(foreign), unreadable)


def erase_person(
    conn: Connection,
    store: ObjectStore,
    code: str,
    buckets: Sequence[str],
    *,
    pseudonym: str,
    reason: str,
    by: str,
    removed: Callable[[str], None] = lambda _key: None,
) -> Mapping[str, int]:
    """How many rows of each table, and objects, were removed.

    removed    is told of each object that is gone
    """
    erasure = person_data.begin_erasure(conn, code, pseudonym=pseudonym, reason=reason, by=by)
    audit.note(conn, "erase", "erasures", str(erasure), None)
    there = belongings(conn, store, code, buckets)
    with versions.erasing(store) as erase:
        for count, key in enumerate(there.objects):
            try:
                erase(key)
            except StoreUnavailable as away:
                raise StoreUnavailable(_remaining(away, count, len(there.objects))) from away
            removed(key)
    for bucket in buckets:
        store.forget_folder(f"{bucket}/{code}")
    return person_data.finish_erasure(
        conn, erasure, code, gone=there.objects, objects=len(there.objects)
    )


def _remaining(away: StoreUnavailable, gone: int, there: int) -> str:
    return (
        f"{away.sentence.rstrip('.')}. {gone} of {there} objects are gone; the others, and every"
        " row of the database, are still there. Please do it again."
    )


def _in_folders_of(code: str, sessions: Sequence[UUID]) -> Callable[[str], bool]:
    """Objects lie in `{code}/...`, or in `.../{session}/...` where a person chose the patient."""
    folders = {str(number) for number in sessions}

    def inside(name: str) -> bool:
        first, *others = name.split("/")[:-1] or [""]
        return first == code or not folders.isdisjoint([first, *others])

    return inside
