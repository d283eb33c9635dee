"""All that is stored of one patient, in one file that can be handed over."""

import json
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from psycopg import Connection

from myograph.db import audit, person_data
from myograph.db.person_data import Row
from myograph.errors import NotFound, ObjectGone
from myograph.services.erase_person import belongings
from myograph.storage.objects import CHUNK_BYTES, ObjectStore

README: Final = """What Myograph stores of patient {code}

data/        a file for each table of the database: a list of rows in JSON. What each column
             means stands in docs/data.md. audit_log.json says who did what to these rows.
recordings/  the files as they were uploaded, and pressures of the cuffs as they were sent

{counted}
{missing}"""


def export_person(
    conn: Connection, store: ObjectStore, code: str, buckets: Sequence[str], target: Path
) -> Mapping[str, int]:
    """So many rows of each table, and objects. A file that is there already is not overwritten."""
    rows = person_data.rows(conn, code)
    if not rows:
        raise NotFound("Nothing is stored of a patient of this code.")
    there = belongings(conn, store, code, buckets)
    audit.note(conn, "export", "patients", code, {"objects": len(there.objects)})
    target.touch(mode=0o600, exist_ok=False)
    try:
        return _written(store, code, rows, there.objects, target)
    except BaseException:
        target.unlink()  # half of it would be taken for the whole
        raise


def _written(
    store: ObjectStore, code: str, rows: Sequence[Row], keys: Sequence[str], target: Path
) -> Mapping[str, int]:
    missing: list[str] = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for subject in sorted({row.subject for row in rows}):
            of_table = [row.data for row in rows if row.subject == subject]
            text = json.dumps(of_table, indent=1, ensure_ascii=False)
            archive.writestr(f"data/{subject}.json", text)
        for key in keys:
            try:
                _copy(archive, store, key)
            except ObjectGone:
                missing.append(key)
        counts = Counter(row.subject for row in rows) + Counter(objects=len(keys) - len(missing))
        archive.writestr("README.txt", _readme(code, counts, missing))
    return counts


def _copy(archive: zipfile.ZipFile, store: ObjectStore, key: str) -> None:
    """In pieces: a recording may have 512 MB."""
    head = store.head(key)
    with archive.open(f"recordings/{key}", "w", force_zip64=True) as copy:
        for start in range(0, head.size, CHUNK_BYTES):
            copy.write(store.read_range(head, start, min(start + CHUNK_BYTES, head.size)))


def _readme(code: str, counts: Mapping[str, int], missing: Sequence[str]) -> str:
    counted = "\n".join(f"{count:8} {name}" for name, count in sorted(counts.items()))
    gone = "\n".join(["No longer in the store:", *missing]) if missing else ""
    return README.format(code=code, counted=counted, missing=gone)
