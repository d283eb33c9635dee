"""Which part of a recording is looked at: what an address asks for, and the ways on from there."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final
from urllib.parse import parse_qs, urlencode

from myograph.charts.signal_view import Span
from myograph.db.contractions import ContractionRow

LAYERS: Final = ("raw", "envelope", "contractions")
COLUMNS: Final = 1152
AROUND_S: Final = 1.0  # shown before and after a contraction, at least
SAME_S: Final = 0.005


@dataclass(frozen=True, slots=True)
class Wish:
    """What the address asks for; the server decides what of it can be shown."""

    start_s: float | None
    stop_s: float | None
    columns: int
    layers: frozenset[str]
    own_scale: bool

    def address(self, page: str, span: Span | None) -> str:
        """Of the same view with another window; None: the whole recording."""
        times = (
            []
            if span is None
            else [("start", written(span.start_s)), ("end", written(span.stop_s))]
        )
        query = urlencode([*times, *self._kept()])
        return f"{page}{'?' if query else ''}{query}#signal"

    def _kept(self) -> list[tuple[str, str]]:
        shown = [("show", name) for name in LAYERS if name in self.layers]
        if len(shown) == len(LAYERS):
            shown = []
        elif not shown:
            shown = [("show", "none")]
        return shown + ([("scale", "own")] if self.own_scale else [])


@dataclass(frozen=True, slots=True)
class Way:
    """A link to another window; `here`: it leads nowhere else."""

    action: str
    words: str
    sign: str
    start: str
    stop: str
    address: str
    here: bool


def wish_of(query: str) -> Wish:
    """From an address that anybody may have typed: what makes no sense is as if not there."""
    said = parse_qs(query)
    named = frozenset(said.get("show", ()))
    columns = _number(said, "columns")
    return Wish(
        start_s=_number(said, "start"),
        stop_s=_number(said, "end"),
        columns=COLUMNS if columns is None else int(columns),
        layers=named & frozenset(LAYERS) if named else frozenset(LAYERS),
        own_scale=said.get("scale") == ["own"],
    )


def around(row: ContractionRow, whole: Span) -> Span:
    """The window that shows one contraction and what lies about it."""
    margin_s = max(AROUND_S, row.duration_s / 2)
    return Span(max(row.start_s - margin_s, whole.start_s), min(row.end_s + margin_s, whole.stop_s))


def ways(
    page: str, span: Span, whole: Span, contractions: Sequence[ContractionRow], wish: Wish
) -> dict[str, Way]:
    """By action: left, right, in, out, all, previous, next."""
    half_s, middle_s = span.length_s / 2, (span.start_s + span.stop_s) / 2
    before, after = _neighbours(span, whole, contractions)
    targets: list[tuple[str, str, str, Span | None]] = [
        ("left", "Earlier by half a window", "◀", _moved(span, -half_s, whole)),
        ("right", "Later by half a window", "▶", _moved(span, half_s, whole)),
        ("in", "Zoom in", "+", Span(middle_s - half_s / 2, middle_s + half_s / 2)),
        ("out", "Zoom out", "−", _inside(Span(span.start_s - half_s, span.stop_s + half_s), whole)),
        ("all", "Whole session", "Whole session", whole),
        ("previous", "Previous contraction", "Previous contraction", before),
        ("next", "Next contraction", "Next contraction", after),
    ]
    return {t[0]: _way(*t, page=page, span=span, whole=whole, wish=wish) for t in targets}


def written(seconds: float) -> str:
    """As it stands in addresses: a millisecond is finer than a sample."""
    return f"{seconds:.3f}"


def _way(
    action: str,
    words: str,
    sign: str,
    target: Span | None,
    *,
    page: str,
    span: Span,
    whole: Span,
    wish: Wish,
) -> Way:
    to = target or span
    return Way(
        action=action,
        words=words,
        sign=sign,
        start=written(to.start_s),
        stop=written(to.stop_s),
        address=wish.address(page, None if _same(to, whole) else to),
        here=target is None or _same(to, span),
    )


def _neighbours(
    span: Span, whole: Span, contractions: Sequence[ContractionRow]
) -> tuple[Span | None, Span | None]:
    """The windows of the contractions before and after the one in view, or the middle of the view.

    Seen whole, the session has no one in view: its first contraction comes next.
    """
    windows = [around(row, whole) for row in sorted(contractions, key=lambda row: row.start_s)]
    if _same(span, whole):
        return None, windows[0] if windows else None
    here = [i for i, window in enumerate(windows) if _same(window, span)]
    if here:
        before, after = windows[: here[0]], windows[here[-1] + 1 :]
    else:
        middle_s = span.start_s + span.stop_s
        before = [w for w in windows if w.start_s + w.stop_s < middle_s]
        after = [w for w in windows if w.start_s + w.stop_s > middle_s]
    return before[-1] if before else None, after[0] if after else None


def _moved(span: Span, by_s: float, whole: Span) -> Span:
    by_s = min(max(by_s, whole.start_s - span.start_s), whole.stop_s - span.stop_s)
    return Span(span.start_s + by_s, span.stop_s + by_s)


def _inside(span: Span, whole: Span) -> Span:
    return Span(max(span.start_s, whole.start_s), min(span.stop_s, whole.stop_s))


def _same(one: Span, other: Span) -> bool:
    edges = (one.start_s - other.start_s, one.stop_s - other.stop_s)
    return all(abs(edge) < SAME_S for edge in edges)


def _number(said: dict[str, list[str]], name: str) -> float | None:
    try:
        value = float(said[name][0])
    except (KeyError, ValueError):
        return None
    return value if isfinite(value) else None
