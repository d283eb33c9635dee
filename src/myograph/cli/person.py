"""`myograph person`: who may come in, told by whoever runs the installation."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from myograph.cli import person_token
from myograph.cli.people_at_hand import DataDir, Who, found, owner, settings_of
from myograph.errors import BadInput

if TYPE_CHECKING:
    from psycopg import Connection

    from myograph.db.people import Member
    from myograph.settings import Settings


class RoleName(StrEnum):
    therapist = "therapist"
    researcher = "researcher"
    admin = "admin"


def register(app: typer.Typer) -> None:
    part = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    part.command("add")(add)
    part.command("list")(list_people)
    for command in (role, deactivate, activate, password, link):
        part.command()(command)
    part.callback()(_people)
    person_token.register(part)
    app.add_typer(part, name="person")


def add(
    *,
    name: Annotated[str, typer.Option("--name", help="As shown on pages.")],
    role: Annotated[RoleName, typer.Option("--role", help="What they may see and do.")],
    login: Annotated[
        str | None,
        typer.Option("--login", help="Asks for a password at once, instead of printing a link."),
    ] = None,
    number: Annotated[
        UUID | None,
        typer.Option("--id", help="Their subject at the identity provider, who checks them."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Let somebody in: prints a link, good once within a day, with which they choose a login and a
    password.

    Example: myograph person add --name "Ada Berg" --role admin
    """
    from myograph.services.come_in import accepted_name

    settings = settings_of(data_dir)
    kept = accepted_name(name)
    if login is not None and number is not None:
        raise BadInput("Whom an identity provider checks has no login and no password here.")
    if login is not None:
        _add_with_password(settings, kept, role, login)
    elif number is not None:
        _add(settings, kept, role, number)
        typer.echo(f"{kept} may sign in through the identity provider, as {role}.")
    else:
        with owner(settings) as conn:
            person_id = _added(conn, kept, role)
            address = _link(conn, settings, person_id)
        typer.echo(f"{kept} is {_a(role)}. This link is theirs, good once within a day:")
        typer.echo(f"  {address}")


def list_people(*, data_dir: DataDir = None) -> None:
    """Everybody, by name: role, login, and whether their account is on.

    Example: myograph person list
    """
    from myograph.db import people

    with owner(settings_of(data_dir)) as conn:
        members = people.everybody(conn)
    for one in members:
        state = "" if one.active else "  switched off"
        typer.echo(f"{one.id}  {one.role:<10}  {one.login or '-':<16}  {one.name}{state}")


def role(who: Who, role: RoleName, *, data_dir: DataDir = None) -> None:
    """Give somebody another role; it holds from their next request on.

    Example: myograph person role ada admin
    """
    one = _change(data_dir, who, role=role)
    typer.echo(f"{one.name} is {_a(role)}.")


def deactivate(who: Who, *, data_dir: DataDir = None) -> None:
    """Switch somebody off: they are signed out everywhere at once, and their tokens are revoked.

    Example: myograph person deactivate ada
    """
    one = _change(data_dir, who, active=False)
    typer.echo(f"{one.name} may no longer sign in.")


def activate(who: Who, *, data_dir: DataDir = None) -> None:
    """Switch somebody on again; what they were signed in with before stays ended.

    Example: myograph person activate ada
    """
    one = _change(data_dir, who, active=True)
    typer.echo(f"{one.name} may sign in again.")


def password(who: Who, *, data_dir: DataDir = None) -> None:
    """Ask for another password of somebody's; they are signed out everywhere.

    Without a terminal it is the first line of the input, never an argument.

    Example: myograph person password ada
    """
    from myograph.db import accounts
    from myograph.services.passwords import hash_password

    with owner(settings_of(data_dir)) as conn:
        one = found(conn, who)
        if one.login is None:
            raise BadInput(
                f"{one.name} has no login yet: `myograph person link` gives them a link."
            )
        kept = _asked(one.name, one.login)
        accounts.set_password(conn, one.id, hash_password(kept))
    typer.echo(f"{one.name} has a new password and is signed out everywhere.")


def link(who: Who, *, data_dir: DataDir = None) -> None:
    """Print a link, good once within a day, with which somebody sets another password.

    Example: myograph person link ada
    """
    settings = settings_of(data_dir)
    with owner(settings) as conn:
        one = found(conn, who)
        address = _link(conn, settings, one.id)
    typer.echo(f"For {one.name}, good once within a day:\n  {address}")


def _people() -> None:
    """People: who may come in, and as what."""


def _add_with_password(settings: "Settings", name: str, role: RoleName, login: str) -> None:
    from myograph.db import accounts, people
    from myograph.errors import Conflict
    from myograph.services.come_in import accepted_login
    from myograph.services.passwords import hash_password

    chosen = accepted_login(login)
    with owner(settings) as conn:
        if people.by_login(conn, chosen) is not None:
            raise Conflict(f"Somebody has the login {chosen} already.")
        kept = _asked(name, chosen)
        hashed = hash_password(kept)
        accounts.add(conn, login=chosen, name=name, role=role.value, password_hash=hashed)
    typer.echo(f"{name} may sign in as {chosen}, {role}.")


def _add(settings: "Settings", name: str, role: RoleName, number: UUID) -> None:
    with owner(settings) as conn:
        _added(conn, name, role, number)


def _added(conn: "Connection", name: str, role: RoleName, number: UUID | None = None) -> UUID:
    from myograph.db import people

    return people.add(conn, name, role.value, person_id=number)


def _change(
    data_dir: Path | None, who: str, *, role: RoleName | None = None, active: bool | None = None
) -> "Member":
    from myograph.db import people

    with owner(settings_of(data_dir)) as conn:
        one = found(conn, who)
        people.change(
            conn,
            one.id,
            name=one.name,
            role=one.role if role is None else role.value,
            active=one.active if active is None else active,
            db_login=one.db_login,
        )
    return one


def _link(conn: "Connection", settings: "Settings", person_id: UUID) -> str:
    from myograph.cli import system, whereabouts
    from myograph.services.come_in import link_by_command

    secret = link_by_command(conn, person_id)
    data_dir = system.data_dir_of(settings)
    address = whereabouts.address_of(data_dir, settings.host, settings.port)
    return f"{address}/welcome/{secret}"


def _asked(*names: str) -> str:
    """A password that is taken. It stands in no history and no list of processes."""
    import sys

    from myograph.services.passwords import accepted

    ask: Callable[[], str] = _prompted if sys.stdin.isatty() else _read
    return accepted(ask(), names=names)


def _prompted() -> str:
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer


def _read() -> str:
    import sys

    return sys.stdin.readline().rstrip("\n")


def _a(role: RoleName) -> str:
    return f"an {role}" if role is RoleName.admin else f"a {role}"
