"""The demo as somebody starts it: a program on a terminal, spoken to over HTTP."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from myograph.cli.demo_feed import Account, Browser

PATIENCE_S = 120
EACH = 2
DEMO = [sys.executable, "-m", "myograph", "demo", "--port", "0", "--sessions", str(EACH)]


@contextmanager
def data_folder() -> Generator[Path]:
    """A place that the database's unprivileged user reaches, too."""
    folder = Path(tempfile.mkdtemp(prefix="myograph-flow-"))
    folder.chmod(0o711)
    try:
        yield folder / "data"
    finally:
        shutil.rmtree(folder)


@dataclass(eq=False)
class Demo:
    folder: Path
    process: subprocess.Popen[str]
    address: str
    passwords: dict[str, str]
    said: list[str] = field(default_factory=list)
    browsers: dict[str, Browser] = field(default_factory=dict)

    def browser(self, role: str = "therapist") -> Browser:
        """One that stays signed in."""
        if role not in self.browsers:
            self.browsers[role] = Browser(self.address, Account(role, self.passwords[role]))
        return self.browsers[role]

    def worker(self) -> psutil.Process | None:
        own = [c for c in self._children() if "work" in c.cmdline()]
        return own[0] if own else None

    def database(self) -> psutil.Process:
        pid = (self.folder / "postgres" / "postmaster.pid").read_text("utf-8").split()[0]
        return psutil.Process(int(pid))

    def _children(self) -> list[psutil.Process]:
        return [c for c in psutil.Process(self.process.pid).children() if c.is_running()]

    def stop(self) -> int:
        """Ctrl-C on the terminal: every program of the group hears it."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(PATIENCE_S)

    def terminate(self) -> int:
        """As a service manager does: only the program itself hears it."""
        self.process.terminate()
        return self.process.wait(PATIENCE_S)

    def left_behind(self) -> list[list[str]]:
        """Processes that still have the data directory among their arguments or files."""
        return [p.info["cmdline"] for p in psutil.process_iter(["cmdline"]) if self._ours(p)]

    def _ours(self, process: psutil.Process) -> bool:
        try:
            words = [*process.cmdline(), *process.environ().values(), process.cwd()]
        except psutil.Error:
            return False
        return any(str(self.folder) in word for word in words)


@contextmanager
def running(folder: Path, *options: str) -> Generator[Demo]:
    process = subprocess.Popen(
        [*DEMO, "--data-dir", str(folder), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        demo = _signed_in(folder, process)
        reader = threading.Thread(target=lambda: demo.said.extend(process.stdout), daemon=True)
        reader.start()
        yield demo
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(PATIENCE_S)
        process.stdout.close()


def _signed_in(folder: Path, process: subprocess.Popen[str]) -> Demo:
    text = ""
    for line in process.stdout:
        text += line
        address = re.search(r"http://\S+", text)
        passwords = dict(re.findall(r"^  (\w+) +\1 +(\S+)$", text, re.MULTILINE))
        if address and len(passwords) == 3:
            return Demo(folder, process, address.group(), passwords)
    raise AssertionError(f"the demo ended and said: {text}")


def wait_for(value: Callable[[], object], seconds: float = PATIENCE_S) -> object:
    """The first true value."""
    pause = threading.Event()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := value():
            return found
        pause.wait(0.1)
    raise AssertionError(f"nothing came within {seconds} s")
