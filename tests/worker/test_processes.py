import os
import signal
import threading

import numpy as np
import psutil
import pytest

from myograph.analysis.protocol import DEFAULT
from myograph.errors import LeaseLost, MeasuringDied, TooMuchMemory, TooSlow, Unfinalised
from myograph.services.measure_file import measure_file
from myograph.worker.measuring import BEHIND, Limits
from myograph.worker.processes import Processes
from tests.c3d import build
from tests.game_files import game_file


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "a.c3d"
    path.write_bytes(game_file())
    return path


@pytest.fixture
def processes():
    with Processes(beat_every_s=0.01) as processes:
        yield processes


def measuring(processes):
    """Those that measure, and not what else this process has started."""
    return [psutil.Process(p.pid) for p in (*processes._idle, *processes._busy)]


def test_they_measure_what_this_process_would(processes, recording):
    there = processes.measure(recording, DEFAULT, False, (), lambda: None)
    assert there == measure_file(recording, DEFAULT, recover=False)


def test_they_leave_the_processor_to_whoever_is_waited_for(processes, recording):
    processes.measure(recording, DEFAULT, False, (), lambda: None)
    nice = psutil.Process().nice()
    assert [process.nice() for process in measuring(processes)] == [min(nice + BEHIND, 19)]


def test_they_are_not_there_before_the_first_file():
    with Processes() as processes:
        assert measuring(processes) == []


@pytest.fixture
def endless(tmp_path):
    """A file that nobody has begun to write: who opens it waits."""
    path = tmp_path / "endless.c3d"
    os.mkfifo(path)
    return path


def let_go(path):
    os.close(os.open(path, os.O_WRONLY))


def test_while_they_work_the_one_who_waits_is_called(processes, endless):
    beats = []

    def beat():
        beats.append(1)
        if len(beats) == 3:
            let_go(endless)

    with pytest.raises(OSError, match="seek"):  # a pipe, in the end, is no recording
        processes.measure(endless, DEFAULT, False, (), beat)
    assert len(beats) >= 3


def test_without_files_they_end_and_with_the_next_they_are_back(recording):
    with Processes(beat_every_s=0.01, idle_s=0.01) as processes:
        first = processes.measure(recording, DEFAULT, False, (), lambda: None)
        while measuring(processes):
            threading.Event().wait(0.01)
        assert processes.measure(recording, DEFAULT, False, (), lambda: None) == first


def test_they_stay_for_a_file_that_comes_in_time(processes, recording):
    processes.measure(recording, DEFAULT, False, (), lambda: None)
    [only] = measuring(processes)
    processes.measure(recording, DEFAULT, False, (), lambda: None)
    assert measuring(processes) == [only]


def test_one_that_works_is_not_idle(endless):
    with Processes(beat_every_s=0.01, idle_s=0.01) as processes:
        processes._end_idle()  # the time is up for none

        def beat():
            processes._end_idle()
            assert measuring(processes)
            let_go(endless)

        with pytest.raises(OSError, match="seek"):
            processes.measure(endless, DEFAULT, False, (), beat)


def test_a_refusal_comes_back_as_it_was(processes, tmp_path):
    path = tmp_path / "a.c3d"
    path.write_bytes(game_file(finalised=False))
    with pytest.raises(Unfinalised):
        processes.measure(path, DEFAULT, False, (), lambda: None)


def test_who_loses_the_claim_stops_waiting(processes, endless):
    def lost():
        raise LeaseLost("lost")

    with pytest.raises(LeaseLost):
        processes.measure(endless, DEFAULT, False, (), lost)
    assert measuring(processes) == []


def test_one_that_is_killed_is_replaced(processes, recording, endless):
    processes.measure(recording, DEFAULT, False, (), lambda: None)
    killed = measuring(processes)

    def kill():
        for child in measuring(processes):
            child.send_signal(signal.SIGKILL)

    with pytest.raises(MeasuringDied):
        processes.measure(endless, DEFAULT, False, (), kill)
    assert processes.measure(recording, DEFAULT, False, (), lambda: None).channels
    assert measuring(processes) != killed


def test_one_that_dies_while_it_has_nothing_to_do_costs_no_file(processes, recording):
    processes.measure(recording, DEFAULT, False, (), lambda: None)
    [idle] = measuring(processes)
    idle.kill()
    idle.wait()
    assert processes.measure(recording, DEFAULT, False, (), lambda: None).channels


def test_one_that_dies_takes_no_other_with_it(processes, recording, endless):
    """While a file is measured, another's process is killed and a third file comes and goes."""
    other = []

    def measure_another():
        with pytest.raises(MeasuringDied) as caught:
            processes.measure(endless, DEFAULT, False, (), lambda: None)
        other.append(caught.value)

    beside = threading.Thread(target=measure_another)
    beside.start()
    while not measuring(processes):
        threading.Event().wait(0.001)
    [doomed] = measuring(processes)
    before = processes.measure(recording, DEFAULT, False, (), lambda: None)
    [survivor] = [p for p in measuring(processes) if p != doomed]
    doomed.kill()
    beside.join()
    assert "was ended" in other[0].sentence
    assert processes.measure(recording, DEFAULT, False, (), lambda: None) == before
    assert measuring(processes) == [survivor]


@pytest.fixture
def long(tmp_path):
    path = tmp_path / "long.c3d"
    path.write_bytes(game_file(bursts=120, seed=3))
    return path


def test_a_file_that_takes_too_long_is_refused_and_no_other_pays_for_it(long, recording):
    limits = Limits(measure_s=0.05)
    with Processes(limits, beat_every_s=0.01) as processes:
        with pytest.raises(TooSlow, match=r"^Measuring this file took more than 0.05 s"):
            processes.measure(long, DEFAULT, False, (), lambda: None)
        assert measuring(processes) == []


def test_a_file_whose_header_takes_too_long_is_refused_too(tmp_path):
    path = tmp_path / "wide.c3d"
    many = {f"A:P{number:05}": "x" for number in range(6000)}
    path.write_bytes(build.c3d(np.zeros((1, 1, 60_000)), parameters=many, section_blocks=255))
    with (
        Processes(Limits(read_s=0.002), beat_every_s=0.01) as processes,
        pytest.raises(TooSlow, match=r"^Reading this file took more than 0.002 s"),
    ):
        processes.measure(path, DEFAULT, False, (), lambda: None)


def test_waiting_for_something_else_costs_no_processor_time(endless):
    """The clock on the wall says only that it hangs, which is not the file's fault."""
    limits = Limits(read_s=0.005, measure_s=0.005)
    with Processes(limits, beat_every_s=0.01) as processes:
        with pytest.raises(MeasuringDied, match="did not end"):
            processes.measure(endless, DEFAULT, False, (), lambda: None)
        assert measuring(processes) == []


def test_a_larger_file_has_more_time():
    limits = Limits(measure_s=30)
    assert limits.to_measure_s(10_000_000) == 30
    assert limits.to_measure_s(20_000_000) == 60
    assert limits.to_measure_s(1) == 30


def test_a_file_that_takes_too_much_memory_is_refused_and_its_process_replaced(long, recording):
    with Processes(Limits(memory_mb=1), beat_every_s=0.01) as processes:
        with pytest.raises(TooMuchMemory, match="more than 1 MB"):
            processes.measure(long, DEFAULT, False, (), lambda: None)
        assert measuring(processes) == []


def test_a_limit_that_an_honest_file_keeps_changes_nothing(recording):
    with Processes(Limits(memory_mb=64), beat_every_s=0.01) as processes:
        for _ in range(3):
            there = processes.measure(recording, DEFAULT, False, (), lambda: None)
            assert there == measure_file(recording, DEFAULT, recover=False)


def test_who_is_closed_while_a_file_is_measured_ends_that_too(endless):
    processes = Processes(beat_every_s=0.01)
    with pytest.raises(MeasuringDied):
        processes.measure(endless, DEFAULT, False, (), processes.close)


def test_a_bug_comes_back_with_its_trace(processes, endless):
    with pytest.raises(OSError, match="seek") as caught:
        processes.measure(endless, DEFAULT, False, (), lambda: let_go(endless))
    assert "measure_file" in "".join(caught.value.__notes__)


def test_closing_twice_is_closing_once(recording):
    processes = Processes()
    processes.measure(recording, DEFAULT, False, (), lambda: None)
    [only] = measuring(processes)
    processes.close()
    processes.close()
    assert not only.is_running()
