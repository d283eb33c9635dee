"""Numbers as people read them: the one place that knows decimals, units and the minus sign."""

from math import ceil, floor, log10

HUNDRED_UV = 99.95e-6  # what is shown as 100
TEN_S = 9.995
TEN_MINUTES_S = 600


def microvolts(volts: float) -> str:
    """Three digits, without the unit: "142", "92.3"."""
    return decimal(volts * 1e6, 0 if abs(volts) >= HUNDRED_UV else 1)


def decimal(value: float, digits: int) -> str:
    """With a true minus sign, and never "-0"."""
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")


def duration(seconds: float) -> str:
    """A length of time: "2 min 05 s", "0.27 s"."""
    if seconds < TEN_S:
        return f"{decimal(seconds, 2)} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def clock(seconds: float, digits: int) -> str:
    """A moment of a recording: "39.5 s", from ten minutes on "12:30"."""
    if abs(seconds) < TEN_MINUTES_S:
        return f"{decimal(seconds, digits)} s"
    minutes, rest = divmod(round(seconds, digits), 60)
    width = 2 if digits == 0 else digits + 3
    return f"{minutes:.0f}:{rest:0{width}.{digits}f}"


def step(span: float, most: int) -> float:
    """The smallest of 1, 2, 5 times a power of ten that divides `span` at most `most` times."""
    rough = span / most
    power = 10.0 ** floor(log10(rough))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9))


def ticks(start: float, stop: float, most: int) -> list[float]:
    """Multiples of a round step from `start` to `stop`, both included where they are multiples."""
    each = step(stop - start, most)
    first, last = ceil(start / each - 1e-9), floor(stop / each + 1e-9)
    return [number * each for number in range(first, last + 1)]


def digits_of(each: float) -> int:
    """Decimals needed to tell multiples of `each` apart."""
    return max(0, -floor(log10(each) + 1e-9))
