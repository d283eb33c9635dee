"""Named points of the pipeline at which a program may be made to die or to stop.

A point is a function of ours (or of the queue) and whether it is just before it, just after it, or
within it. A program that is told one wraps that function in its own memory (`arm`); what runs in
production knows nothing of it.
"""

import functools
import importlib
import inspect
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

WITHIN_S = 0.03
SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


@dataclass(frozen=True, slots=True)
class Point:
    """where     "module:attribute.path" as the caller finds it
    when      just before, just after, or a moment after it began
    call      the how-manieth call is meant
    measuring  in a process that measures, rather than in the worker's own
    processes  it takes processes that measure; elsewhere the worker measures by itself
    """

    name: str
    where: str
    when: Literal["before", "after", "within"]
    call: int = 1
    measuring: bool = False
    processes: bool = False

    def __str__(self) -> str:
        return self.name

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


ANALYSE = "myograph.services.analyse_session"

OF_THE_WORKER = (
    Point("the job is fetched", "procrastinate.manager:JobManager.fetch_job", "after", call=2),
    Point("before the claim", "myograph.db.lease:claim", "before"),
    Point("the claim is not committed", "myograph.db.lease:claim", "after"),
    Point("before the file is fetched", f"{ANALYSE}:_fetch", "before"),
    Point("the file is fetched", f"{ANALYSE}:_fetch", "after"),
    Point("the identity is not committed", "myograph.db.results:identify", "after"),
    Point("the facts are read", f"{ANALYSE}:_read", "after"),
    Point("the description is not committed", f"{ANALYSE}:describe", "after"),
    Point("the file is identified", f"{ANALYSE}:_identify", "after"),
    Point(
        "while it is measured",
        "myograph.worker.processes:Processes.measure",
        "within",
        processes=True,
    ),
    Point(
        "in the process that measures",
        "myograph.services.measure_file:read_recording",
        "after",
        measuring=True,
        processes=True,
    ),
    Point(
        "it is measured",
        "myograph.worker.processes:Processes.measure",
        "after",
        processes=True,
    ),
    Point("results are not all written", "myograph.db.results:replace", "after"),
    Point("the results are not committed", "myograph.db.lease:complete", "after"),
    Point("the results are committed", f"{ANALYSE}:_save", "after"),
    Point("the job is not acknowledged", "procrastinate.manager:JobManager.finish_job", "before"),
    Point("the job is acknowledged", "procrastinate.manager:JobManager.finish_job", "after"),
    Point("reaping is not committed", "myograph.db.lease:reap", "after"),
)

OF_EQUAL_BYTES = (
    Point("a shared measurement is not committed", "myograph.db.results:copy", "after"),
    Point("a shared measurement is committed", f"{ANALYSE}:_save", "after", call=2),
)

OF_SCORING = (
    Point(
        "new scores are not committed",
        "myograph.db.scores:show_in_lists",
        "before",
    ),
    Point(
        "new scores are committed",
        "myograph.services.rescore_session:rescore_session",
        "after",
    ),
)

OF_THE_WEB = (
    Point("before the file is stored", "myograph.storage.objects:ObjectStore.put", "before"),
    Point("while the file is stored", "myograph.web.api.uploads:_checked_size", "after", call=3),
    Point("the file is stored", "myograph.storage.objects:ObjectStore.put", "after"),
    Point("the session is not committed", "myograph.web.api.uploads:receive_upload", "after"),
    Point("before the commit", "myograph.web.deps:_commit", "before"),
    Point("the session is committed", "myograph.web.deps:_commit", "after"),
)

OF_DELIVERIES = (
    Point("the delivery is not committed", "myograph.web.webhooks.inbox:Inbox._commit", "before"),
    Point("the delivery is committed", "myograph.web.webhooks.inbox:Inbox._commit", "after"),
)

SWEEP = "myograph.services.sweep_uploads"

OF_THE_SWEEP = (
    Point("what is found is not committed", f"{SWEEP}:receive_events", "after"),
    Point("what is found is committed", f"{SWEEP}:_take_up_all", "after"),
    Point("the sweep's end is not committed", "myograph.db.sweeps:note", "after"),
    Point("the sweep is done", "myograph.worker.sweeper:_log", "before"),
)

OF_THE_OUTBOX = (
    Point("a change is not committed", "myograph.db.outbox:settle", "after"),
    Point("a change is settled", "myograph.services.sweep_outbox:_one", "after"),
)


def arm(point: Point, mark: Path, do: Literal["kill", "stop"]) -> None:
    """From now on this process dies (or stops) at the point, once: whoever finds `mark` goes on."""
    module, _, path = point.where.partition(":")
    owner: Any = importlib.import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    trap = _Trap(point, mark, SIGNALS[do])
    setattr(owner, name, trap.around(getattr(owner, name)))


@dataclass(eq=False)
class _Trap:
    point: Point
    mark: Path
    signal: signal.Signals
    calls: int = 0

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaited(*args: Any, **kwargs: Any) -> Any:
                meant = self.counts()
                self.before(meant)
                result = await function(*args, **kwargs)
                self.after(meant)
                return result

            return awaited

        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            meant = self.counts()
            self.before(meant)
            result = function(*args, **kwargs)
            self.after(meant)
            return result

        return called

    def counts(self) -> bool:
        self.calls += 1
        return self.calls >= self.point.call

    def before(self, meant: bool) -> None:
        if meant and self.point.when == "before":
            self.spring()
        if meant and self.point.when == "within":
            threading.Timer(WITHIN_S, self.spring).start()

    def after(self, meant: bool) -> None:
        if meant and self.point.when == "after":
            self.spring()

    def spring(self) -> None:
        try:
            self.mark.touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), self.signal)
