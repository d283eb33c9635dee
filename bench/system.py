"""The whole system: upload to scores, page weight and time, idle memory."""

import gzip
import itertools
import json
import statistics
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import psutil

from bench._service import START
from myograph.simulate.presets import Wish, session
from myograph.simulate.sessions import simulate_session
from tests.flow.demo import Demo, data_folder, running, wait_for
from tests.needs import recordings_folder

LARGEST = "ghostly/Ghostly_Emg_20230321_17-50-17-0881.c3d"


def main(full: bool) -> None:  # noqa: FBT001 - the runner of all benchmarks calls it so
    with data_folder() as folder, running(folder, "--sessions", "10") as demo:
        wait_for(lambda: _settled(demo) == 30)
        wait_for(lambda: not _measuring(demo))
        print(f"{'idle memory, web and worker':34}{_memory_mb(demo):9.0f} MB   bar 250")
        content = _recording()
        uploads = [
            _upload_to_scores(demo, _unlike(content, number))
            for number in range(40 if full else 15)
        ]
        waits, (session_id, *_) = [w for w, _ in uploads], [i for _, i in uploads]
        _row("upload to scores after a pause", waits[:1], bar_ms=1000)
        _row(f"upload to scores, {len(content) / 1e6:.1f} MB", waits[1:], bar_ms=1000)
        _page(demo, f"/sessions/{session_id}", bar_ms=100, bar_kb=60)
        _page(demo, "/", bar_ms=20, bar_kb=60)
        _page(demo, "/sessions", bar_ms=20, bar_kb=60)


def _recording() -> bytes:
    path = Path(recordings_folder()) / LARGEST
    if path.exists():
        return path.read_bytes()
    content, _ = simulate_session(session(Wish(seconds=173.0), seed=1, start=START), 1)
    return content


def _unlike(content: bytes, number: int) -> bytes:
    """The same but for the last bit of a sample: equal bytes would not be measured again."""
    return content[:-4] + bytes([number]) + content[-3:]


def _upload_to_scores(demo: Demo, content: bytes) -> tuple[float, str]:
    """Seconds from the first byte sent until the status, asked every 5 ms, says completed."""
    query = "?patient=P001&left=CH1&right=CH2"
    started = time.perf_counter()
    answer = demo.browser().send("PUT", f"/api/uploads/{uuid.uuid4()}.c3d{query}", content)
    session_id = json.loads(answer)["session_id"]
    for _ in itertools.count():
        state = demo.browser().get(f"/api/sessions/{session_id}/status")
        if state["processing_status"] == "completed":
            break
        time.sleep(0.005)
    return time.perf_counter() - started, session_id


def _page(demo: Demo, path: str, *, bar_ms: float, bar_kb: float) -> None:
    def load() -> bytes:
        return demo.browser().send("GET", path)

    size = len(gzip.compress(load(), 6))
    _row(f"page {path[:18]}", [_timed(load) for _ in range(30)], bar_ms=bar_ms)
    print(f"{'  on the wire, gzip':34}{size / 1000:9.1f} kB   bar {bar_kb:g}")


def _measuring(demo: Demo) -> list[psutil.Process]:
    """What the worker's server has forked; it ends half a minute after the last file."""
    worker = demo.worker()
    started = worker.children() if worker else []
    return [forked for server in started for forked in server.children()]


def _memory_mb(demo: Demo) -> float:
    """Proportional set size of every process of the service except the database's."""
    own = psutil.Process(demo.process.pid)
    family = [own, *own.children(recursive=True)]
    return sum(p.memory_full_info().pss for p in family if "postgres" not in p.name()) / 1e6


def _sessions(demo: Demo) -> list[dict[str, str]]:
    return demo.browser().get("/api/sessions?limit=200")["sessions"]


def _settled(demo: Demo) -> int:
    return sum(s["processing_status"] in {"completed", "failed"} for s in _sessions(demo))


def _timed(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def _row(what: str, seconds: list[float], *, bar_ms: float) -> None:
    ms = sorted(1000 * s for s in seconds)
    median, p95 = statistics.median(ms), ms[int(0.95 * (len(ms) - 1))]
    print(
        f"{what:34}{median:9.1f} ms   bar {bar_ms:g}, ratio {median / bar_ms:.2f}; p95 {p95:.1f} ms"
    )
