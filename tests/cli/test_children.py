"""Programs that live and die with the one that started them, tried on real processes."""

import os
import signal
import subprocess
import sys
import threading

import psutil

from myograph.cli import children

CHILD = """
import threading, signal, sys
from myograph.cli.children import stop_with_parent
stop_with_parent()
print("up", flush=True)
threading.Event().wait()
"""


PROGRAM = [sys.executable, "-c", CHILD]


def wait_until(true, seconds=20.0):
    done = threading.Event()
    for _ in range(round(seconds / 0.02)):
        if true():
            return
        done.wait(0.02)
    raise AssertionError("it did not come to be")


def test_a_killed_child_is_started_again(monkeypatch):
    monkeypatch.setattr(children, "RESTART_AFTER_S", 0.01)
    with children.running(PROGRAM, {}) as child:
        wait_until(lambda: child.pid)
        first = child.pid
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: child.pid != first and psutil.pid_exists(child.pid))


def test_a_stopped_child_stays_stopped():
    with children.running(PROGRAM, {}) as child:
        wait_until(lambda: child.pid)
    last = child.pid
    assert not psutil.pid_exists(last)
    assert child._start() is None


def test_a_child_that_does_not_listen_is_killed(monkeypatch):
    monkeypatch.setattr(children, "STOP_WITHIN_S", 0.2)
    child = children.Child([], {})
    deaf = "import signal, threading; signal.signal(15, signal.SIG_IGN); print(1, flush=True); threading.Event().wait()"  # noqa: E501
    child._process = subprocess.Popen(
        [sys.executable, "-c", deaf], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with child._process as process:
        process.stdout.readline()
        child.stop()
        assert process.returncode == -signal.SIGKILL


def test_a_child_ends_when_its_parent_is_killed():
    child = subprocess.Popen(PROGRAM, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with child:
        child.stdout.readline()
        child.send_signal(signal.SIGINT)  # Ctrl-C is the parent's affair
        assert child.poll() is None
        child.stdin.close()  # what the kernel does for a parent that is gone
        assert child.wait(20) == -signal.SIGTERM
