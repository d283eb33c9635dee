"""Myograph: from the muscle recordings of a rehabilitation game to numbers a therapist can act on.

result = myograph.analyse("file.c3d")
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from myograph.api import Entered as Entered
    from myograph.api import Leg as Leg
    from myograph.api import Protocol as Protocol
    from myograph.api import Result as Result
    from myograph.api import analyse as analyse
    from myograph.api import facts as facts
    from myograph.api import read as read

__version__ = "0.1.0"

_PUBLIC = ("Entered", "Leg", "Protocol", "Result", "analyse", "facts", "read")


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever stands under that name
    """The API is imported when it is first used: every part of the program imports this package."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from myograph import api  # noqa: PLC0415 - see above

    return getattr(api, name)
