"""The key of the pseudonyms: the same from the first start on, wherever the service runs.

With another one a patient who is erased, or who comes anew, would get another pseudonym than the
one that researchers have, and nobody would notice.
"""

import hmac
from typing import Final

from psycopg import Connection

from myograph.db import pseudonyms
from myograph.db.patients import pseudonym_of
from myograph.errors import BadInput

_NO_CODE: Final = "the key of the pseudonyms"  # no patient is called so
OTHER_KEY: Final = (
    "MYOGRAPH_PSEUDONYM_KEY is not the key that this database's pseudonyms were made with: patients"
    " would get a second pseudonym. Please set the one that was used before; docs/keys.md says how"
    " it is changed on purpose."
)


def refuse_another(conn: Connection, key: str) -> None:
    """Raises BadInput where another key is in use."""
    known = pseudonyms.check_value(conn)
    if known is not None and not hmac.compare_digest(known, _check(key)):
        raise BadInput(OTHER_KEY)


def keep(conn: Connection, key: str) -> None:
    """The same for a worker, after whose first start every other key is another one."""
    if pseudonyms.check_value(conn) is None:
        made = pseudonyms.any_known(conn)  # before there was anything to check by
        if made is not None and made[1] != pseudonym_of(made[0], key):
            raise BadInput(OTHER_KEY)
        pseudonyms.remember(conn, _check(key))
    refuse_another(conn, key)


def change(conn: Connection, key: str) -> int:
    """Give every patient another pseudonym, made with this key; how many have one.

    For the owner of the tables, while no worker runs that was given the old key.
    """
    pseudonyms.act_as_worker(conn)
    named = {code: pseudonym_of(code, key) for code in pseudonyms.known(conn)}
    pseudonyms.remember(conn, _check(key))
    pseudonyms.replace(conn, named, check=_check(key))
    return len(named)


def _check(key: str) -> str:
    return pseudonym_of(_NO_CODE, key)
