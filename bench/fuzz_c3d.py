"""100 000 damaged C3D files: each is read or refused with a sentence, in milliseconds.

Small files of every kind and, where they are, the public ones are damaged in their bytes, counts,
offsets, dimensions, blocks and length. Of each input facts, one channel, all channels, points and
events are read. Only MyographError may escape; an input may take 10 s and a small multiple of its
size in memory.
"""

import random
import signal
import struct
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from myograph.c3d.reader import C3DFile
from myograph.c3d.recording import NeedMore, facts_of_prefix, read_facts, read_recording
from myograph.c3d.source import BytesSource
from myograph.c3d.write import unfinalised_ghostly_bytes
from myograph.errors import MyographError
from tests.c3d import build
from tests.c3d.game import START, GameSession, channels, game_source
from tests.needs import recordings_folder

LIMIT_S = 10
MEMORY_FACTOR = 12  # of the size of the input
MEMORY_FLOOR = 16_000_000  # bytes beside it: label, unit and calibration of 65 535 channels
CORPUS_PART = 200_000  # bytes kept of a public file: its metadata and some of its data
TELLING = (0, 1, 2, 3, 127, 128, 254, 255, 256, 511, 512, 32_767, 32_768, 65_534, 65_535)
TELLING_FLOATS = (0.0, -1.0, 1e-40, 65_535.0, 2.0**31, 1e38, float("inf"), float("nan"))


@dataclass
class Outcome:
    """What became of the inputs; `foreign` holds what must not happen."""

    refused: Counter[str] = field(default_factory=Counter)
    read: int = 0
    foreign: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    weighed: int = 0
    most_memory: float = 0.0  # share of what is allowed


def main(full: bool) -> None:  # noqa: FBT001 - the runner of all benchmarks calls it so
    count = 100_000 if full else 4_000
    seeds = [*built_files(), *public_files()]
    print(f"{count} inputs from {len(seeds)} files, seed 1")
    outcome = fuzz(seeds, count, seed=1, progress=full)
    print(f"read {outcome.read}, refused {sum(outcome.refused.values())}:")
    for name, number in outcome.refused.most_common():
        print(f"  {number:7} {name}")
    print(f"slowest {1000 * outcome.slowest_s:.1f} ms for all six ways to read one")
    print(
        f"most memory {100 * outcome.most_memory:.0f} % of {MEMORY_FACTOR} x size"
        f" + {MEMORY_FLOOR // 10**6} MB ({outcome.weighed} weighed)"
    )
    print(f"crashes, hangs, foreign exceptions, excesses: {len(outcome.foreign)}")
    for line in outcome.foreign[:20]:
        print("  " + line)
    if outcome.foreign:
        sys.exit(1)


def fuzz(
    seeds: Sequence[bytes], count: int, *, seed: int, weigh: int = 4, progress: bool = False
) -> Outcome:
    """Reads `count` damaged inputs; number i is the same for the same seeds and seed.

    weigh   every so many inputs are read again with their memory counted, which takes longer
    """
    outcome = Outcome()
    for number in range(count):
        data = damaged(seeds, seed, number)
        try:
            with _limit(LIMIT_S):
                _judge(data, outcome)
                if number % weigh == 0:
                    _weigh(data, outcome)
        except Exception as error:  # noqa: BLE001 - finding these is the purpose
            outcome.foreign.append(f"input {number}: {type(error).__name__}: {error}")
        if progress and number % 10_000 == 0:
            print(f"  {number} ...", file=sys.stderr)
    return outcome


def damaged(seeds: Sequence[bytes], seed: int, number: int) -> bytes:
    dice = random.Random(f"{seed}:{number}")  # noqa: S311 - repeatable, not secret
    data = bytearray(dice.choice(seeds))
    for _ in range(dice.choice((1, 1, 1, 2, 3, 6))):
        data = dice.choice(DAMAGES)(data or bytearray(1), dice, seeds)
    return bytes(data)


def _judge(data: bytes, outcome: Outcome) -> None:
    start = time.perf_counter()
    refusals = [*_attempts(data)]
    outcome.slowest_s = max(outcome.slowest_s, time.perf_counter() - start)
    if refusals:
        outcome.refused[refusals[0]] += 1
    else:
        outcome.read += 1


def _weigh(data: bytes, outcome: Outcome) -> None:
    allowed = MEMORY_FACTOR * len(data) + MEMORY_FLOOR
    tracemalloc.start()
    try:
        _ = [*_attempts(data)]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    outcome.weighed += 1
    outcome.most_memory = max(outcome.most_memory, peak / allowed)
    if peak > allowed:
        raise MemoryError(f"{peak} bytes of memory for {len(data)}")


def _attempts(data: bytes):  # noqa: ANN202 - names of the errors met
    """Everything that is ever asked of a file."""
    source = BytesSource(data)
    asked: list[Callable[[], object]] = [
        lambda: read_facts(source),
        lambda: _first_channel(read_recording(source, recover=True)),
        lambda: _first_channel(read_recording(source)),
        lambda: _from_prefix(data),
        lambda: _everything(C3DFile.open(source)),
        lambda: _everything(C3DFile.open(source).with_all_frames()),
    ]
    for ask in asked:
        try:
            ask()
        except MyographError as error:
            yield _refusal(error)


def _refusal(error: MyographError) -> str:
    assert error.sentence.endswith("."), error.sentence
    return type(error).__name__


def _first_channel(recording) -> None:  # noqa: ANN001
    channel = recording.channels[0]
    assert channel.samples.size == recording.facts.sample_count


def _from_prefix(data: bytes) -> None:
    prefix = data[: 16 * 1024]
    try:
        facts_of_prefix(prefix, len(data))
    except NeedMore as more:
        enough = more.size
    else:
        return
    assert len(prefix) < enough <= len(data)
    facts_of_prefix(data[:enough], len(data))


def _everything(file: C3DFile) -> None:
    layout = file.layout
    if layout.channels:
        assert file.channel(layout.channels - 1).size == layout.samples
    assert file.analogs().shape == (layout.channels, layout.samples)
    file.points(0, 100)
    for event in file.events:
        assert np.isfinite(event.time_s)


@contextmanager
def _limit(seconds: int):  # noqa: ANN202
    def hangs(_number: int, _frame: object) -> None:
        raise TimeoutError(f"longer than {seconds} s")

    previous = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


def built_files() -> list[bytes]:
    """A small file of every kind."""
    stored = build.stored_values(frames=220, samples=5, channels=3)
    points = np.ones((220, 2, 4))
    events = {
        "EVENT:TIMES": build.Raw(4, (2, 2), build.float_bytes([0, 0.5, 0, 1.5], build.INTEL)),
        "EVENT:LABELS": ["Strike", "Off"],
        "EVENT:CONTEXTS": ["Left", "Right"],
    }
    long = {
        "POINT:LONG_FRAMES": 220.0,
        "TRIAL:ACTUAL_START_FIELD": [1, 0],
        "TRIAL:ACTUAL_END_FIELD": [220, 0],
    }
    unsigned = {"ANALOG:FORMAT": "UNSIGNED", "ANALOG:OFFSET": [40_000] * 3}
    many = build.stored_values(frames=9, samples=1, channels=300)
    block = build.event_block([0.5, 1.0], ["RHS", "RTO"])
    return [
        build.c3d(stored, points, rate_hz=200.0, parameters=events, event_block=block),
        *(
            build.c3d(stored, points, processor=processor, floats=floats, parameters=long)
            for processor in (build.INTEL, build.DEC, build.MIPS)
            for floats in (True, False)
        ),
        build.c3d(stored + 40_000, points, floats=False, parameters=unsigned),
        build.c3d(many, np.zeros((9, 0, 4)), parameters={"ANALOG:LABELS2": ["more"] * 45}),
        bytes(512) + build.c3d(stored, points, parameter_block=5),
        game_source(60, newer={"target_contractions_ch1)": 12, "rpe_post_session": 5}).read(
            0, 10**6
        ),
        unfinalised_ghostly_bytes(GameSession(START), channels(60)),
    ]


def public_files() -> list[bytes]:
    folder = recordings_folder()
    paths = sorted(p for p in folder.glob("**/*") if p.suffix.lower() == ".c3d")
    return [path.read_bytes()[:CORPUS_PART] for path in paths if path.stat().st_size]


def _flip_bytes(data, dice, _seeds):  # noqa: ANN001, ANN202
    for _ in range(dice.choice((1, 2, 4, 16))):
        data[_place(data, dice)] = dice.choice((dice.randrange(256), 0, 1, 127, 128, 255))
    return data


def _set_word(data, dice, _seeds):  # noqa: ANN001, ANN202
    place = _place(data, dice) & ~1
    data[place : place + 2] = struct.pack(dice.choice("<>") + "H", dice.choice(TELLING))
    return data


def _set_header_count(data, dice, _seeds):  # noqa: ANN001, ANN202
    place = 2 * (dice.choice((1, 2, 3, 4, 5, 9, 10, 150, 151)) - 1)
    data[place : place + 2] = struct.pack("<H", dice.choice((*TELLING, dice.randrange(65_536))))
    return data


def _set_float(data, dice, _seeds):  # noqa: ANN001, ANN202
    place = _place(data, dice)
    data[place : place + 4] = struct.pack("<f", dice.choice(TELLING_FLOATS))
    return data


def _damage_record(data, dice, _seeds):  # noqa: ANN001, ANN202
    """Name length, group, offset, type, dimensions or values of one parameter."""
    places = _records(data)
    if not places:
        return data
    start, name_stop = dice.choice(places)
    what = dice.choice(("length", "group", "offset", "type", "count", "dimension", "value"))
    at = {"length": start, "group": start + 1, "offset": name_stop, "type": name_stop + 2}
    place = at.get(what, name_stop + {"count": 3, "dimension": 4, "value": 5}.get(what, 0))
    size = 2 if what in ("offset", "value") else 1
    data[place : place + size] = (dice.choice(TELLING) % 256**size).to_bytes(size, "little")
    return data


def _double_record(data, dice, _seeds):  # noqa: ANN001, ANN202
    places = _records(data)
    if len(places) < 3:
        return data
    (one, _), (other, _) = dice.sample(places, 2)
    first, last = sorted((one, other))
    data[last:last] = data[first : first + 400]
    return data


def _cut(data, dice, _seeds):  # noqa: ANN001, ANN202
    return data[
        : dice.choice((dice.randrange(len(data) + 1), dice.randrange(min(2000, len(data)) + 1)))
    ]


def _insert(data, dice, _seeds):  # noqa: ANN001, ANN202
    place = dice.choice((_place(data, dice), 512 * dice.randrange(len(data) // 512 + 1)))
    length = dice.choice((1, 2, 512, 1024, 5000))
    data[place:place] = dice.choice((bytes(length), dice.randbytes(length), data[:length]))
    return data


def _remove(data, dice, _seeds):  # noqa: ANN001, ANN202
    place = dice.choice((_place(data, dice), 512 * dice.randrange(len(data) // 512 + 1)))
    del data[place : place + dice.choice((1, 2, 512, 1024))]
    return data


def _join(data, dice, seeds):  # noqa: ANN001, ANN202
    other = dice.choice(seeds)
    place = 512 * dice.randrange(len(data) // 512 + 1)
    return data[:place] + other[place:]


DAMAGES = (
    _flip_bytes,
    _set_word,
    _set_header_count,
    _set_float,
    _damage_record,
    _damage_record,
    _damage_record,
    _double_record,
    _cut,
    _insert,
    _remove,
    _join,
)


def _place(data: bytearray, dice: random.Random) -> int:
    """Mostly where the metadata are."""
    return dice.randrange(
        max(1, min(len(data), dice.choice((64, 512, 1536, 1536, 4096, len(data)))))
    )


def _records(data: bytearray) -> list[tuple[int, int]]:
    """Where records begin and where their names end, as far as the chain goes."""
    places = []
    position = 512 * ((data[0] if data else 1) - 1) + 4
    while 0 < position < len(data) - 8 and data[position] and len(places) < 300:
        length = data[position] if data[position] < 128 else 256 - data[position]
        name_stop = position + 2 + length
        offset = int.from_bytes(data[name_stop : name_stop + 2], "little")
        places.append((position, name_stop))
        if not offset:
            break
        position = name_stop + offset
    return places
