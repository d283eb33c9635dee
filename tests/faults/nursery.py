"""A process that has loaded all of ours and forks the programs of a test from itself.

Loading takes a hundred times as long as what most of them do before they are killed. It has one
thread, so that a fork of it is whole; a program that is forked is one like any other: it opens its
own connections, and dies alone.
"""

import contextlib
import importlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import psutil

from tests.needs import ROOT

LOADED = (
    "myograph.worker.run",
    "myograph.analysis.measure",
    "myograph.cli.main",
    "myograph.cli.logs",
    "myograph.cli.system",
    "myograph.cli.serving",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.lifespan.on",
)


class Nursery:
    """Use it in a `with`; `start` may be called from any thread."""

    def __enter__(self) -> Self:
        ours, theirs = socket.socketpair()
        self._asking = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery", str(theirs.fileno())],
            env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        self._line = ours.makefile("rw")
        ours.close()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._line.close()
        self._process.wait()

    def start(
        self, told: Mapping[str, Any], environment: Mapping[str, str], log: Path
    ) -> psutil.Process:
        with self._asking:
            print(json.dumps([told, dict(environment), str(log)]), file=self._line, flush=True)
            answer = self._line.readline()
        assert answer, "the nursery could not load our programs: its error stands above"
        return psutil.Process(int(answer))


def _serve(line: socket.socket) -> None:
    for name in LOADED:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, _reap)
    with line.makefile("rw") as asked:
        for request in asked:
            child = os.fork()
            if child == 0:
                _become(line, *json.loads(request))
            print(child, file=asked, flush=True)


def _reap(_number: int, _frame: object) -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _become(line: socket.socket, told: dict[str, Any], environment: dict[str, str], log: str):
    from tests.faults import program  # noqa: PLC0415 - in the child alone

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.close(line.fileno())
    out = os.open(log, os.O_WRONLY | os.O_CREAT)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.environ.update(environment)
    random.seed()
    status = 1
    try:
        program.run(told)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - the end of the program, as the interpreter has it
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
