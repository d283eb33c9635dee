"""What our SQL functions refuse, as the errors of the rest of the program."""

from collections.abc import Generator
from contextlib import contextmanager

import psycopg

from myograph.errors import BadInput, Conflict, LeaseLost, MyographError, NotAllowed, NotFound

# RAISE ... USING ERRCODE in migrations/; the message is the sentence.
_CODES: dict[str | None, type[MyographError]] = {
    "MG400": BadInput,
    "MG403": NotAllowed,
    "MG404": NotFound,
    "MG409": LeaseLost,
    "MG412": Conflict,
}


@contextmanager
def refusals() -> Generator[None]:
    try:
        yield
    except psycopg.Error as exc:
        refusal = _CODES.get(exc.sqlstate)
        if refusal is None:
            raise
        raise refusal(exc.diag.message_primary or "refused") from exc
