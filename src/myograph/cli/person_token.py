"""`myograph person token`: what programs use in somebody's name."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from myograph.cli.people_at_hand import DataDir, Who, found, owner, settings_of

if TYPE_CHECKING:
    from myograph.db.tokens import Token


class ScopeName(StrEnum):
    read = "read"
    upload = "upload"
    write = "write"
    export = "export"


def register(part: typer.Typer) -> None:
    token = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    token.command("add")(add)
    token.command("list")(list_tokens)
    token.command("revoke")(revoke)
    token.callback()(_tokens)
    part.add_typer(token, name="token")


def add(
    who: Who,
    *,
    name: Annotated[str, typer.Option("--name", help="What it is for.")],
    scope: Annotated[
        list[ScopeName], typer.Option("--scope", help="What it may do; may be said again.")
    ],
    days: Annotated[
        int, typer.Option("--days", min=1, max=365, help="How long it is good for.")
    ] = 90,
    data_dir: DataDir = None,
) -> None:
    """Print a new token, this once: only its hash is kept.

    Example: myograph person token add ada --name tablet --scope read --scope upload
    """
    from myograph.services.come_in import token_by_command

    with owner(settings_of(data_dir)) as conn:
        one = found(conn, who)
        made = token_by_command(conn, one.id, name, scopes=[s.value for s in scope], days=days)
    typer.echo(f"For {one.name}, shown this once:\n  {made.secret}")


def list_tokens(who: Who, *, data_dir: DataDir = None) -> None:
    """Somebody's tokens, newest first; what they are is known to nobody.

    Example: myograph person token list ada
    """
    from datetime import UTC

    from myograph.db import tokens

    with owner(settings_of(data_dir)) as conn:
        listed = tokens.of_person(conn, found(conn, who).id)
    now = datetime.now(UTC)
    for one in listed:
        typer.echo(f"{one.id}  {' '.join(one.scopes):<24}  {_state(one, now):<24}  {one.name}")


def revoke(
    token: Annotated[UUID, typer.Argument(help="Its number, as `token list` shows it.")],
    *,
    data_dir: DataDir = None,
) -> None:
    """Make a token good for nothing, at once.

    Example: myograph person token revoke 5f0c1f5e-4c44-4f3a-9a51-6f2b7f0e2a11
    """
    from myograph.db import tokens
    from myograph.errors import NotFound

    with owner(settings_of(data_dir)) as conn:
        if not tokens.withdraw(conn, token):
            raise NotFound("There is no such token, or it was revoked before.")
    typer.echo("The token is good for nothing any more.")


def _tokens() -> None:
    """Personal tokens of somebody."""


def _state(token: "Token", now: datetime) -> str:
    if token.revoked_at is not None:
        return f"revoked {token.revoked_at:%Y-%m-%d}"
    word = "expired" if token.expires_at <= now else "until"
    return f"{word} {token.expires_at:%Y-%m-%d}"
