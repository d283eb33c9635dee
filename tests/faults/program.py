"""One of our programs with a fault in it, as `Place` starts it.

`python -m tests.faults.program {"role": "worker" | "web", ...}` is a process of its own from the
start: one that measures loads this module too, as the main module is loaded there, and so has the
fault as well. `run` does the same in a process that was forked from the nursery.
"""

import json
import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from procrastinate import utils

from tests.faults.points import Point, arm


def run(told: dict[str, Any]) -> None:
    _arm(told, measuring=False)
    {"worker": _work, "web": _serve}[told["role"]](told)


def _arm(told: dict[str, Any], *, measuring: bool) -> None:
    trap = told.get("trap")
    if trap and trap["point"]["measuring"] == measuring:
        arm(Point(**trap["point"]), Path(trap["mark"]), trap["do"])


def _work(told: dict[str, Any]) -> None:
    from myograph.db import connections  # noqa: PLC0415 - not where one measures
    from myograph.storage.objects import open_store  # noqa: PLC0415
    from myograph.worker import queue  # noqa: PLC0415
    from myograph.worker import run as worker  # noqa: PLC0415

    if not told["processes"]:
        worker.Processes = _Here  # saves a second of loading per worker
    connections.IDLE_S = told["idle_s"]
    queue.WAITS_S = worker.WAITS_S = told["waits_s"]
    _set_clock_off(told["clock_off_s"])
    worker.run_worker(
        told["url"],
        open_store(**told["store"]),
        pseudonym_key="k" * 32,
        concurrency=told["concurrency"],
        lease_s=told["lease_s"],
        rhythm=worker.Rhythm(**told["rhythm"]),
        buckets=tuple(told["buckets"]),
    )


def _set_clock_off(by_s: float) -> None:
    """What this machine plans by the time of day: its queue, and what it counts as just written."""
    true_time, true_now = time.time, utils.utcnow
    time.time = lambda: true_time() + by_s
    utils.utcnow = lambda: true_now() + timedelta(seconds=by_s)


class _Here:
    """In the place of processes that measure, where the test is about something else."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def measure(self, *args: Any) -> Any:
        from myograph.services.measure_file import measure_here  # noqa: PLC0415

        return measure_here(*args)


def _serve(told: dict[str, Any]) -> None:
    """As an operator starts it; whatever else it needs stands in its environment."""
    from myograph.cli.main import run as command  # noqa: PLC0415

    sys.argv = ["myograph", "serve", "--no-worker", "--port", "0", "--data-dir", told["folder"]]
    command()


if __name__ == "__main__":
    os.environ["MYOGRAPH_FAULTS"] = sys.argv[1]
    run(json.loads(sys.argv[1]))
elif __name__ == "__mp_main__":
    _arm(json.loads(os.environ["MYOGRAPH_FAULTS"]), measuring=True)
