import os
import signal
import threading
from concurrent.futures.process import BrokenProcessPool

import psutil
import pytest

from myograph.analysis.protocol import DEFAULT
from myograph.errors import LeaseLost, Unfinalised
from myograph.services.measure_file import measure_file
from myograph.worker.processes import Processes
from tests.game_files import game_file


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "a.c3d"
    path.write_bytes(game_file())
    return path


@pytest.fixture
def processes():
    with Processes(1, beat_every_s=0.01) as processes:
        yield processes


def measuring(processes):
    """Those that measure, and not what else this process has started."""
    return [psutil.Process(pid) for pid in processes._pool._processes]


def test_they_measure_what_this_process_would(processes, recording):
    there = processes.measure(recording, DEFAULT, False, lambda: None)
    assert there == measure_file(recording, DEFAULT, recover=False)


def test_they_are_not_there_before_the_first_file():
    with Processes(1) as processes:
        assert processes._pool is None


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
        processes.measure(endless, DEFAULT, False, beat)
    assert len(beats) >= 3


def test_without_files_they_end_and_with_the_next_they_are_back(recording):
    with Processes(1, beat_every_s=0.01, idle_s=0.01) as processes:
        first = processes.measure(recording, DEFAULT, False, lambda: None)
        while processes._pool is not None:
            threading.Event().wait(0.01)
        assert processes.measure(recording, DEFAULT, False, lambda: None) == first


def test_they_stay_for_a_file_that_comes_in_time(processes, recording):
    processes.measure(recording, DEFAULT, False, lambda: None)
    [only] = measuring(processes)
    processes.measure(recording, DEFAULT, False, lambda: None)
    assert measuring(processes) == [only]


def test_one_that_works_is_not_idle(endless):
    with Processes(1, beat_every_s=0.01, idle_s=0.01) as processes:
        processes._end_idle()  # the time is up for none

        def beat():
            processes._end_idle()
            assert processes._pool is not None
            let_go(endless)

        with pytest.raises(OSError, match="seek"):
            processes.measure(endless, DEFAULT, False, beat)


def test_a_refusal_comes_back_as_it_was(processes, tmp_path):
    path = tmp_path / "a.c3d"
    path.write_bytes(game_file(finalised=False))
    with pytest.raises(Unfinalised):
        processes.measure(path, DEFAULT, False, lambda: None)


def test_who_loses_the_claim_stops_waiting(processes, endless):
    def lost():
        raise LeaseLost("lost")

    with pytest.raises(LeaseLost):
        processes.measure(endless, DEFAULT, False, lost)
    let_go(endless)


def test_one_that_is_killed_is_replaced(processes, recording, endless):
    processes.measure(recording, DEFAULT, False, lambda: None)

    def kill():
        for child in measuring(processes):
            child.send_signal(signal.SIGKILL)

    with pytest.raises(BrokenProcessPool):
        processes.measure(endless, DEFAULT, False, kill)
    assert processes.measure(recording, DEFAULT, False, lambda: None).channels


def test_closing_twice_is_closing_once(recording):
    processes = Processes(1)
    processes.measure(recording, DEFAULT, False, lambda: None)
    [only] = measuring(processes)
    processes.close()
    processes.close()
    assert not only.is_running()
