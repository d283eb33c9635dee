"""Values as PostgreSQL can keep them: no NUL in a text, no NaN in JSON."""

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
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, int):  # before the abstract ones, which take long to ask
        return value
    if isinstance(value, Mapping):
        return {plain_text(str(k)): plain(v) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - of anything
    if isinstance(value, Sequence):
        return [plain(v) for v in value]  # pyright: ignore[reportUnknownVariableType] - of anything
    return value
