"""Values as PostgreSQL can keep them: no NUL in a text, no NaN in JSON."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any


def plain_text(text: str) -> str:
    """`text` without what the database refuses. Files say such things; people do not."""
    if text.isascii():
        return text.replace("\x00", "") if "\x00" in text else text
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def plain(value: Any) -> Any:  # noqa: ANN401, JSON is anything
    """`value` as JSON that the database takes; a number that is none becomes None."""
    return value if _is_plain(value) else _cleaned(value)


def _is_plain(value: Any) -> bool:  # noqa: ANN401
    """Nearly all is, and to write it as JSON takes a tenth of the time to look through it."""
    try:
        written = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return "\\u0000" not in written and "\\ud" not in written


def _cleaned(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, int):  # before the abstract ones, which take long to ask
        return value
    if isinstance(value, Mapping):
        return {plain_text(str(k)): _cleaned(v) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - of anything
    if isinstance(value, Sequence):
        return [_cleaned(v) for v in value]  # pyright: ignore[reportUnknownVariableType] - of anything
    return value
