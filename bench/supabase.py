"""What the trigger on Supabase's storage.objects costs an upload.

    ./dev bench supabase [--full]

Bar: none. A hundred rows are written in one transaction of each database in turn; what is timed is
the moment at which all that was deferred to the commit is done.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from psycopg import Connection

from tests.supabase.project import INSTALLED, Project, project_of, supabase_server

ROWS = 100
SECRETS = ("first", "second", "third")
PLAIN, LARGE = "{}", '{"note": "' + 1_000_000 * "x" + '"}'


def main(full: bool) -> None:  # noqa: FBT001 - the runner of all benchmarks calls it so
    rounds = 100 if full else 20
    with supabase_server("bench") as cluster, ExitStack() as stack:
        projects = [
            stack.enter_context(_project(cluster, secrets=secrets)) for secrets in (0, 1, 3)
        ]
        noted, one, three = projects
        cases = {
            "a row of another bucket": (one, "pictures", PLAIN),
            "noted in the outbox": (noted, "emg_data", PLAIN),
            "and a hint with one signature": (one, "emg_data", PLAIN),
            "and a hint with three": (three, "emg_data", PLAIN),
            "noted, 1 MB of user_metadata": (noted, "emg_data", LARGE),
        }
        taken: dict[str, list[float]] = {what: [] for what in cases}
        for _ in range(rounds):
            for what, (conn, bucket, user_metadata) in cases.items():
                taken[what].append(_seconds_a_row(conn, bucket, user_metadata))
        for what, each in taken.items():
            median, least = statistics.median(each), min(each)
            print(f"{what:32}{1e6 * median:8.0f} us a row, at least {1e6 * least:.0f}")


@contextmanager
def _project(cluster, *, secrets: int) -> Iterator[Connection]:  # noqa: ANN001
    with project_of(cluster, INSTALLED) as project:
        _configure(project, secrets)
        with project.connect("supabase_storage_admin", autocommit=True) as conn:
            yield conn


def _configure(project: Project, secrets: int) -> None:
    project.settle()
    with project.connect() as conn:
        conn.execute("TRUNCATE app.storage_secrets")
        for name in SECRETS[:secrets]:
            conn.execute("SELECT app.add_storage_secret(%s)", [name])


def _seconds_a_row(conn: Connection, bucket: str, user_metadata: str) -> float:
    with conn.transaction(force_rollback=True):
        conn.execute(
            """
            INSERT INTO storage.objects (bucket_id, name, version, metadata, user_metadata)
            SELECT %s, format('P001/%%s/Ghostly_Emg_20250310_11-46-23-0823.c3d', n),
                   gen_random_uuid()::text,
                   '{"eTag": "\\"1595fbc267d4c14ca620d05834e6434c\\"", "size": 1229632}', %s
              FROM generate_series(1, %s) n
            """,
            [bucket, user_metadata, ROWS],
        )
        began = time.perf_counter()
        conn.execute("SET CONSTRAINTS ALL IMMEDIATE")
        return (time.perf_counter() - began) / ROWS
