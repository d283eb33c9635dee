"""`myograph person-data`: all that is stored of one patient, handed over or erased."""

import getpass
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from myograph.cli.people_at_hand import DataDir, owner, settings_of
from myograph.errors import BadInput, StoreUnavailable

if TYPE_CHECKING:
    from psycopg import Connection

    from myograph.services.erase_person import Belongings
    from myograph.settings import Settings
    from myograph.storage.objects import ObjectStore

Code = Annotated[str, typer.Argument(help="The patient's code.")]


def register(app: typer.Typer) -> None:
    part = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    part.command("export")(export)
    part.command("erase")(erase)
    part.command("new-pseudonyms")(new_pseudonyms)
    part.callback()(_about)
    app.add_typer(part, name="person-data")


def _about() -> None:
    """All that is stored of one patient."""


def export(
    code: Code,
    *,
    to: Annotated[Path, typer.Option("--to", help="The file to write; it must not exist yet.")],
    data_dir: DataDir = None,
) -> None:
    """Write all that is stored of a patient into one file: rows as JSON, recordings, a readme.

    The file holds everything that identifies them, for nobody but this user of the machine.

    Example: myograph person-data export P001 --to P001.zip
    """
    from myograph.services.export_person import export_person

    settings = settings_of(data_dir)
    if to.exists():
        raise BadInput(f"{to} is there already. Please choose another name.")
    with _at_hand(settings) as (conn, store):
        counts = export_person(conn, store, code, settings.accepted_buckets, to)
    _print(counts)
    typer.echo(f"written to {to}")


def erase(
    code: Code,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why, without any name: it is kept.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it. There is no way back.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what there is; so without --yes, too.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Erase all that is stored of a patient: recordings, results, notes, settings, history.

    Only that it was done stays, and the record of who did what. Where it is cut off, do it again.
    Backups are not reached: docs/privacy.md says what to do about them.

    Example: myograph person-data erase P001 --reason "consent withdrawn" --yes
    """
    from myograph.db.patients import pseudonym_of
    from myograph.services.erase_person import belongings, erase_person

    settings = settings_of(data_dir)
    if not 1 <= len(reason.strip()) <= 1000:  # noqa: PLR2004 - as the table takes it
        raise BadInput("The reason has between 1 and 1000 characters.")
    with _at_hand(settings) as (conn, store):
        try:
            there = belongings(conn, store, code, settings.accepted_buckets)
        except StoreUnavailable as away:
            raise StoreUnavailable(
                f"{away.sentence.rstrip('.')}. Nothing was removed, of the store or the database."
            ) from away
        if not yes or dry_run:
            _tell(there)
            return
        removed = erase_person(
            conn,
            store,
            code,
            settings.accepted_buckets,
            pseudonym=pseudonym_of(code, _key(settings)),
            reason=reason.strip(),
            by=getpass.getuser(),
        )
    _print(removed)
    typer.echo("erased")
    _by_hand(there)


def new_pseudonyms(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it. Exports keep the old ones.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Give every patient another pseudonym, made with the key that is set now.

    For a key that somebody has who must not: docs/keys.md says what else there is to do. Stop the
    service first, and start it with the new key afterwards.

    Example: MYOGRAPH_PSEUDONYM_KEY=... myograph person-data new-pseudonyms --yes
    """
    from myograph.services.pseudonym_key import change

    settings = settings_of(data_dir)
    if not yes:
        raise BadInput(
            "Researchers know patients by their pseudonyms, in exports of years. With --yes each"
            " gets another one."
        )
    key = _key(settings)
    with owner(settings) as conn:
        count = change(conn, key)
    typer.echo(f"{count} patients have another pseudonym")


@contextmanager
def _at_hand(settings: "Settings") -> "Generator[tuple[Connection, ObjectStore]]":
    from myograph.cli import system

    with owner(settings) as conn:
        conn.autocommit = True  # each step lasts, whatever becomes of the next
        yield conn, system.open_storage(settings, system.data_dir_of(settings))


def _key(settings: "Settings") -> str:
    from myograph.cli import system
    from myograph.db.embedded import secrets_of

    if settings.migrate_database_url is not None and settings.pseudonym_key is None:
        raise BadInput(
            "MYOGRAPH_MIGRATE_DATABASE_URL is set, so MYOGRAPH_PSEUDONYM_KEY must be too: what"
            " stays of an erasure is what researchers knew the patient by."
        )
    return system.pseudonym_key(settings, secrets_of(system.data_dir_of(settings)))


def _tell(there: "Belongings") -> None:
    _print({**there.rows, "objects": len(there.objects)})
    typer.echo("Nothing was changed. With --yes all of this is erased; the audit log stays.")
    _by_hand(there)


def _by_hand(there: "Belongings") -> None:
    if there.foreign:
        typer.echo(f"{len(there.foreign)} objects in the patient's folder are another patient's.")
    for name in there.unreadable:
        typer.echo(f"to be removed by hand, no program can address it: {name!r}")


def _print(counts: Mapping[str, int]) -> None:
    for name, count in sorted(counts.items()):
        typer.echo(f"{count:8} {name}")
