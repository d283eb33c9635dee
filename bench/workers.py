"""How many recordings one and two workers analyse in a second.

    ./dev bench workers [--full]

Bar: 1.7 times as many with two, where four cores are free; else cores and load are reported.
"""

import os
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack

import psycopg

from bench._service import Service, machine, recordings, service, unlike

BAR = 1.7
ENOUGH_CORES = 4


def main(full: bool) -> None:  # noqa: FBT001 - as every benchmark
    count = 200 if full else 40
    with service() as made:
        rates: dict[int, list[float]] = {1: [], 2: []}
        for turn in range(3):
            for workers, found in rates.items():
                found.append(_rate(made, workers, count, f"{turn}-{workers}"))
    print(f"{machine()}; {count} real recordings a run, median of 3 runs")
    for workers, found in rates.items():
        print(f"{workers} worker(s)  {statistics.median(found):6.1f} recordings/s")
    ratio = statistics.median(rates[2]) / statistics.median(rates[1])
    bar = f"bar {BAR}" if (os.cpu_count() or 1) >= ENOUGH_CORES else "too few cores for the bar"
    print(f"ratio        {ratio:6.2f}   {bar}")


def _rate(made: Service, workers: int, count: int, run: str) -> float:
    """Recordings per second, from the first that is done: starting is not what is measured."""
    files = recordings()
    with ExitStack() as running:
        made.upload(unlike(files[0], 65_000), f"{run}-warm-up")
        for _ in range(workers):
            running.callback(_stop, _started(made))
        _wait(made, run, 1)
        for number in range(count):
            made.upload(_distinct(files, number, run), f"{run}-{number}")
        began, before = time.perf_counter(), _done(made, run)
        _wait(made, run, count + 1)
        return (count + 1 - before) / (time.perf_counter() - began)


def _distinct(files: list[bytes], number: int, run: str) -> bytes:
    turn, workers = map(int, run.split("-"))
    return unlike(files[number % len(files)], 10_000 * turn + 1000 * workers + number)


def _started(made: Service) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "myograph", "work", "--concurrency", "1"],
        env=made.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _stop(worker: subprocess.Popen[bytes]) -> None:
    worker.terminate()
    worker.wait()


def _wait(made: Service, run: str, count: int) -> None:
    while _done(made, run) < count:
        time.sleep(0.02)


def _done(made: Service, run: str) -> int:
    with psycopg.connect(made.url) as conn:
        row = conn.execute(
            """
            SELECT count(*) FROM therapy_sessions
             WHERE processing_status = 'completed' AND file_path LIKE %s
            """,
            [f"unassigned/{run}-%"],
        ).fetchone()
    return row[0] if row else 0
