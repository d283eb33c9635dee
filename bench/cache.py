"""What it costs to analyse bytes that were measured before, from claim to saved.

    ./dev bench cache [--full]

Bars: 80 % of the repeated files are hits, each less than 20 ms.
"""

import statistics
import time

from bench._service import Service, machine, recordings, service, unlike
from myograph.db.pool import open_pool
from myograph.services.analyse_session import Terms, analyse_session
from myograph.worker.processes import Processes

BAR_MS, BAR_SHARE = 20, 0.8


def main(full: bool) -> None:  # noqa: FBT001 - as every benchmark
    repeats = 40 if full else 8
    with service() as made:
        first, again = _times(made, repeats)
    hits = [ms for outcome, ms, _ in again if outcome == "shared"]
    busy = statistics.median(ms for outcome, _, ms in again if outcome == "shared")
    share = len(hits) / len(again)
    median, p95 = statistics.median(hits), sorted(hits)[int(0.95 * (len(hits) - 1))]
    print(f"{machine()}; real recordings of 1.0 to 2.9 MB, each uploaded {repeats} times more")
    print(f"{'measured anew':22}{statistics.median(ms for _, ms, _ in first):9.1f} ms")
    print(f"{'measured before':22}{median:9.1f} ms   bar {BAR_MS}; p95 {p95:.1f} ms")
    print(f"{'  of it our processor':22}{busy:9.1f} ms   without the database's")
    print(f"{'hits among repeats':22}{100 * share:9.1f} %    bar {100 * BAR_SHARE:.0f}")


def _times(made: Service, repeats: int):  # noqa: ANN202 - two lists of (outcome, ms, ms of processor time)
    terms = Terms(pseudonym_key=made.key)
    first, again = [], []
    with (
        Processes() as processes,
        open_pool(made.url, size=3, timeout=30) as pool,
    ):

        def analysed(content: bytes, name: str) -> tuple[str, float, float]:
            session_id = made.upload(content, name)
            began, busy = time.perf_counter(), time.process_time()
            outcome = analyse_session(
                pool, made.store, session_id, terms=terms, measure=processes.measure
            )
            took = (time.perf_counter() - began, time.process_time() - busy)
            return outcome, 1000 * took[0], 1000 * took[1]

        analysed(unlike(recordings()[0], 9999), "warm-up")
        for place, content in enumerate(recordings()):
            first.append(analysed(content, f"{place}"))
            again += [analysed(content, f"{place}-{number}") for number in range(repeats)]
    return first, again
