"""Whether the database refused to write because there was no room for it, or for now."""

from typing import Final

import psycopg

# Where PostgreSQL makes a file longer. By these names an error tells where it comes from; what it
# says follows the language of the server and of its system.
_MAKES_LONGER: Final = frozenset(
    {
        "mdextend",
        "mdzeroextend",
        "mdwrite",
        "mdwritev",
        "BufFileDumpBuffer",
        "XLogFileInitInternal",
    }
)


def lacks_room(error: BaseException) -> bool:
    """PostgreSQL has a code of its own for a full disk alone.

    A quota of the system's, or a file that may not grow, is an internal error to it (XX000), like
    any bug.
    """
    if isinstance(error, psycopg.errors.InternalError_):
        return error.diag.source_function in _MAKES_LONGER
    return isinstance(error, psycopg.errors.DiskFull)


def takes_nothing(error: BaseException) -> bool:
    """Away, full, or only reading: what it refused may be asked of it again as it is."""
    passing = (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction)
    return isinstance(error, passing) or lacks_room(error)
