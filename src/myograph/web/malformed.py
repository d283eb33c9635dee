"""Of a request that cannot be right: what is wrong with it, in words for whoever sent it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from myograph.web.texts import MUST_BE, NUL_SENT

PARTS: Final = frozenset({"body", "query", "path", "header", "cookie"})
NUMBER: Final = "a number"
WHOLE: Final = "a whole number"
YES_OR_NO: Final = "true or false"
DAY: Final = "a date such as 2026-03-02"
MOMENT: Final = "a moment with its zone, such as 2026-03-02T14:30:00+01:00"
IDENTIFIER: Final = "a number such as 5b0c8a4e-5f1d-4b53-9a0b-1f0c0f6a7c11"
OBJECT: Final = "an object with named values"

# By pydantic's name of the error, and the bounds it tells.
_MUST_BE: Final[Mapping[str, str]] = {
    "greater_than": "above {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "below {lt}",
    "less_than_equal": "at most {le}",
    "finite_number": "a finite number",
    "float_type": NUMBER,
    "float_parsing": NUMBER,
    "int_type": WHOLE,
    "int_parsing": WHOLE,
    "int_from_float": WHOLE,
    "int_parsing_size": f"{WHOLE} that is not so large",
    "bool_type": YES_OR_NO,
    "bool_parsing": YES_OR_NO,
    "string_type": "a text",
    "string_unicode": "a text of whole characters",
    "string_too_short": "a text of at least {min_length} characters",
    "string_too_long": "a text of at most {max_length} characters",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
    "list_type": "a list",
    "dict_type": OBJECT,
    "model_type": OBJECT,
    "model_attributes_type": OBJECT,
    "literal_error": "{expected}",
    "enum": "{expected}",
    "date_type": DAY,
    "date_parsing": DAY,
    "date_from_datetime_parsing": DAY,
    "date_from_datetime_inexact": DAY,
    "datetime_type": MOMENT,
    "datetime_parsing": MOMENT,
    "datetime_from_date_parsing": MOMENT,
    "datetime_object_invalid": MOMENT,
    "timezone_aware": MOMENT,
    "uuid_type": IDENTIFIER,
    "uuid_parsing": IDENTIFIER,
}
_NO_JSON: Final = "The body is not JSON that can be read."
_UNREADABLE: Final = "{name} cannot be read as it was sent."


def sentence_of(found: Mapping[str, Any]) -> str:
    """One error of pydantic's, as a sentence that names the field."""
    kind, context = found["type"], found.get("ctx", {})
    name = _name(found["loc"])
    if kind in _WHOLE:
        return _WHOLE[kind](name, context)
    if kind == "string_pattern_mismatch" and "\0" in str(found["input"]):
        return NUL_SENT
    must_be = _MUST_BE.get(kind) or MUST_BE.get(context.get("pattern", ""))
    if must_be is None:
        return _UNREADABLE.format(name=name)
    return f"{name} must be {must_be.format(**context)}."


def pointer_to(found: Mapping[str, Any]) -> str:
    return "/".join(str(part) for part in found["loc"])


def _name(loc: tuple[str | int, ...]) -> str:
    """Where it stands within what was sent; "The body" is all of it."""
    part, *within = loc
    steps = within if part in PARTS else loc
    named = [str(step) for step in steps if step != "[key]"]
    return ".".join(named) or f"The {part}"


def _said(name: str, context: Mapping[str, Any]) -> str:
    """Of a rule of ours, which is a sentence already; the framework's own are none."""
    told = str(context["error"])
    return told if told.endswith(".") else _UNREADABLE.format(name=name)


_WHOLE: Final[Mapping[str, Callable[[str, Mapping[str, Any]], str]]] = {
    "missing": lambda name, _: f"{name} is missing.",
    "extra_forbidden": lambda name, _: f"{name} is nothing that can be said here.",
    "json_invalid": lambda _, __: _NO_JSON,
    "value_error": _said,
}
