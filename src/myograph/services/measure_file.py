"""Measure a file. Everything that takes long or much memory happens in here."""

from collections.abc import Callable, Sequence
from pathlib import Path

from myograph.analysis.edits import Edit
from myograph.analysis.protocol import Protocol
from myograph.analysis.results import Measurement
from myograph.c3d.recording import read_recording
from myograph.c3d.source import FileSource

# Measures the file at a path; calls the last argument now and then while it works. Whatever that
# raises ends the wait.
Measure = Callable[[Path, Protocol, bool, Sequence[Edit], Callable[[], None]], Measurement]


class Stopped(Exception):
    """Whoever measures was asked to stop, and leaves the file to another."""


def _nothing() -> None: ...


def measure_file(
    path: Path,
    protocol: Protocol,
    recover: bool,  # noqa: FBT001, sent to another process by place
    edits: Sequence[Edit] = (),
    once_read: Callable[[], None] = _nothing,
) -> Measurement:
    """Everything that can be measured in the file at `path`, with the edits applied.

    once_read    called before anything is measured
    """
    # A worker names this function and other processes run it: the worker does without scipy.
    from myograph.analysis.measure import measure  # noqa: PLC0415, see above

    with FileSource(path) as source:
        recording = read_recording(source, recover=recover)
        once_read()
        return measure(recording, protocol, edits)


def measure_here(
    path: Path,
    protocol: Protocol,
    recover: bool,  # noqa: FBT001, as in Measure
    edits: Sequence[Edit],
    _beat: Callable[[], None],
) -> Measurement:
    """A Measure that works in this very thread."""
    return measure_file(path, protocol, recover, edits)
