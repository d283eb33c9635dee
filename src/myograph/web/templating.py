"""Pages from templates: one environment, one place where numbers and dates become words.

Filters, all of which say "not measured" of None (`| microvolts("unknown")` says something else):

    microvolts   0.000092  -> 92.0 µV      from volts
    seconds      2.2       -> 2.20 s
    duration     74.28     -> 1 min 14 s
    hertz        66.31     -> 66.3 Hz
    percent      0.652     -> 65 %         from a share
    score        71.96     -> 72.0         0 to 100, no unit
    plain        3         -> 3            any number, at most three decimals
    size         1229632   -> 1.2 MB
    moment       datetime  -> <time datetime="...">20 March 2025, 11:46</time> in the site's zone
    day          datetime or date -> <time datetime="...">20 March 2025</time>

Every template also knows `visitor` (a Person, None where nobody is signed in), `theme` ("light",
"dark" or None: the system's), `path`, `request` and `static_url(name)`.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Final, cast

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from myograph.web.site import site_of
from myograph.web.static_files import static_url

TEMPLATES: Final = Path(__file__).parent / "templates"
NOT_MEASURED: Final = "not measured"
THEMES: Final = ("light", "dark")
_NBSP: Final = "\N{NO-BREAK SPACE}"


def environment(zone: tzinfo) -> Environment:
    """The templates' environment. A name that a page forgot to pass is an error, never a blank."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        microvolts=_measure(_microvolts),
        seconds=_measure(_seconds),
        duration=_measure(_duration),
        hertz=_measure(_hertz),
        percent=_measure(_percent),
        score=_measure(_score),
        plain=_measure(_plain),
        size=_measure(_size),
        moment=partial(moment, zone=zone),
        day=partial(day, zone=zone),
    )
    known_everywhere = cast("dict[str, object]", made.globals)
    known_everywhere["static_url"] = static_url
    return made


def render(
    request: Request,
    name: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: object,
) -> HTMLResponse:
    """The page `name`, for whoever is asking."""
    template = site_of(request).templates.get_template(name)
    text = template.render(
        request=request,
        path=request.url.path,
        visitor=getattr(request.state, "visitor", None),
        theme=theme(request),
        **context,
    )
    return HTMLResponse(text, status_code=status, headers=headers)


def theme(request: Request) -> str | None:
    """What the person chose, None: as the system does."""
    chosen = request.cookies.get("theme")
    return chosen if chosen in THEMES else None


def moment(value: datetime | None, absent: str = "unknown", *, zone: tzinfo) -> str:
    """A point in time, in the site's zone; one without a zone stands as it is written."""
    if value is None:
        return absent
    local = value.astimezone(zone) if value.tzinfo else value
    return _time(local.isoformat(timespec="seconds"), f"{_date(local)}, {local:%H:%M}")


def day(value: date | None, absent: str = "unknown", *, zone: tzinfo) -> str:
    if value is None:
        return absent
    local = value.astimezone(zone) if isinstance(value, datetime) and value.tzinfo else value
    return _time(f"{local:%Y-%m-%d}", _date(local))


def _time(machine: str, people: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(machine, people)


def _date(value: date) -> str:
    return f"{value.day} {value:%B %Y}"


def _measure(words: Callable[[float], str]) -> Callable[..., str]:
    def filtered(value: float | None, absent: str = NOT_MEASURED) -> str:
        return absent if value is None else words(value)

    return filtered


def _with_unit(value: float, decimals: int, unit: str) -> str:
    return f"{value:.{decimals}f}{_NBSP}{unit}"


def _microvolts(volts: float) -> str:
    shown = volts * 1e6
    return _with_unit(shown, 0 if abs(shown) >= 99.95 else 1, "µV")  # noqa: PLR2004 - three digits


def _seconds(value: float) -> str:
    return _with_unit(value, 2, "s")


def _duration(value: float) -> str:
    minutes, seconds = divmod(int(value), 60)
    return f"{minutes}{_NBSP}min {seconds}{_NBSP}s" if minutes else f"{seconds}{_NBSP}s"


def _hertz(value: float) -> str:
    return _with_unit(value, 1, "Hz")


def _percent(share: float) -> str:
    return _with_unit(share * 100, 0, "%")


def _score(value: float) -> str:
    return f"{value:.1f}"


def _plain(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _size(value: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:  # noqa: PLR2004 - the next unit is a thousand times larger
            return _with_unit(value, 0 if unit == "bytes" else 1, unit)
        value /= 1000
    return _with_unit(value, 1, "GB")
