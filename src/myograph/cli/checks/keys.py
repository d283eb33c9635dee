"""Keys: there, long enough, and the ones that were used before. docs/keys.md has each."""

from collections.abc import Iterator
from typing import Final

from psycopg import Connection

from myograph.cli import system
from myograph.cli.checks.connecting import looked_into
from myograph.cli.checks.finding import Check, Finding, ok, problem, warning
from myograph.cli.checks.installation import Installation, set_by
from myograph.cli.checks.logins import WORKER
from myograph.db import pseudonyms
from myograph.errors import BadInput
from myograph.services.audit_key import audit_key_of
from myograph.services.pseudonym_key import refuse_another
from myograph.web.auth import MIN_SECRET_BYTES

SHORT_BYTES: Final = 16


def _pseudonyms(of: Installation) -> Iterator[Finding]:
    key = system.revealed(of.settings.pseudonym_key) or (of.kept and of.kept.pseudonym_key)
    with looked_into(of.worker_url or "") as conn:
        yield judged_pseudonym_key(conn, key or None, set_by(of, "pseudonym_key"))


def judged_pseudonym_key(conn: Connection, key: str | None, variable: str) -> Finding:
    name = "pseudonyms"
    if key is None:
        return problem(
            name,
            f"{variable} is not set",
            "Set it to the same long random text for web and workers, and keep a copy apart from"
            " the backups.",
        )
    try:
        refuse_another(conn, key)
    except BadInput:
        return problem(
            name,
            f"{variable} is not the key that this database's pseudonyms were made with",
            "Set the one that was used before; docs/keys.md says how it is changed on purpose.",
        )
    if len(key.encode()) < SHORT_BYTES:
        return warning(
            name,
            f"{variable} has fewer than {SHORT_BYTES} bytes and could be guessed",
            "Change it on purpose, before there are patients: docs/keys.md.",
        )
    if pseudonyms.check_value(conn) is None:
        return ok(name, "no worker has used a key yet: from its first start on it must stay")
    return ok(name, "the key that was used before")


def _audit(of: Installation) -> Iterator[Finding]:
    name = "audit"
    own = of.kept.audit_key if of.own_database and of.kept else None
    key = system.revealed(of.settings.audit_key) or own
    if not key and of.own_database:
        yield ok(name, "one is made with the data directory")
    elif not key:
        yield warning(
            name,
            "MYOGRAPH_AUDIT_KEY is not set: that the end of the record was cut off could not be"
            " seen",
            "Set it to the same long random text for every worker.",
        )
    elif len(audit_key_of(key).secret) < SHORT_BYTES:
        yield warning(
            name,
            f"its first key has fewer than {SHORT_BYTES} bytes and could be guessed",
            f"Put a longer one before it, with a comma, in {set_by(of, 'audit_key')}.",
        )
    else:
        older = len(audit_key_of(key).older)
        yield ok(name, "set" + (f", with {older} from before" if older else ""))


def _cookies(of: Installation) -> Iterator[Finding]:
    name = "cookies"
    path = of.data_dir / "secrets.json"
    if of.kept is None:
        yield ok(name, f"one is made at the first start, in {path}")
    elif not _long_enough(of.kept.session_key):
        yield problem(
            name,
            f"session_key in {path} is no hexadecimal text of {MIN_SECRET_BYTES} bytes",
            "Take it out of the file, and the next start makes another; everybody signs in anew.",
        )
    else:
        yield ok(name, f"in {path}; several web processes need the same")


def _long_enough(hexadecimal: str) -> bool:
    try:
        return len(bytes.fromhex(hexadecimal)) >= MIN_SECRET_BYTES
    except ValueError:
        return False


CHECKS: Final = (
    Check("pseudonyms", _pseudonyms, (WORKER, "migrations")),
    Check("audit", _audit),
    Check("cookies", _cookies),
)
