"""What is looked at: the settings as they are, and what a data directory holds. Makes nothing."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dotenv import dotenv_values  # pydantic-settings reads the file with it

from myograph.cli import system
from myograph.db import embedded
from myograph.db.embedded import Cluster, Login, Secrets
from myograph.errors import BadInput
from myograph.settings import PREFIX, Settings, variable


@dataclass(frozen=True, slots=True, repr=False)
class Installation:
    """Passwords and secrets stand in it: never to be logged.

    wrong         why a setting is not right, by its name; its default counts instead
    outside       names in the environment, beside: in the `.env`, both of MYOGRAPH_... alone
    unread        why the `.env` could not be read
    kept          the secrets of a data directory; None: there is none yet
    cluster       the PostgreSQL of our own, where it runs
    concurrency   of a worker
    """

    settings: Settings
    wrong: Mapping[str, str]
    data_dir: Path
    outside: tuple[str, ...]
    beside: tuple[str, ...]
    unread: str | None
    kept: Secrets | None
    cluster: Cluster | None
    concurrency: int

    @property
    def own_database(self) -> bool:
        """No address is set: the PostgreSQL of the data directory."""
        return self.settings.database_url is None and self.settings.worker_database_url is None

    @property
    def env_file(self) -> Path:
        return self.data_dir / system.BESIDE

    @property
    def web_url(self) -> str | None:
        return system.revealed(self.settings.database_url) or self._own("myograph_web")

    @property
    def worker_url(self) -> str | None:
        return system.revealed(self.settings.worker_database_url) or self._own("myograph_work")

    @property
    def owner_url(self) -> str | None:
        return system.revealed(self.settings.migrate_database_url) or self._own("myograph_migrator")

    @property
    def folder(self) -> Path | None:
        """Of a folder store; None: it is another one."""
        parts = urlsplit(system.storage_url(self.settings, self.data_dir))
        return Path(unquote(parts.path)) if parts.scheme in {"", "file"} else None

    def _own(self, login: Login) -> str | None:
        return self.cluster.url(login) if self.own_database and self.cluster else None


def installation(
    data_dir: Path | None, *, concurrency: int | None = None, **given: object
) -> Installation:
    """As `serve` and `work` would find it; given: what the command line says instead."""
    outside = _ours(os.environ)
    usual, _ = Settings.where_right()
    chosen = data_dir or usual.data_dir
    folder = system.folder_of(chosen)
    beside, unread = _beside(folder / system.BESIDE)
    env_file = None if unread else folder / system.BESIDE
    settings, wrong = Settings.where_right(_env_file=env_file)
    said = {"data_dir": chosen} | {k: v for k, v in given.items() if v is not None}
    kept = _kept(folder)
    return Installation(
        settings=settings.model_copy(update=said),
        wrong=wrong,
        data_dir=folder,
        outside=outside,
        beside=beside,
        unread=unread,
        kept=kept,
        cluster=embedded.found_running(folder, kept) if kept else None,
        concurrency=concurrency or os.cpu_count() or 1,
    )


def set_by(of: Installation, name: str) -> str:
    """Where a setting is said: its variable, with the file where it stands there."""
    said = variable(name)
    return f"{said} in {of.env_file}" if said in of.beside and said not in of.outside else said


def _kept(folder: Path) -> Secrets | None:
    """None where they cannot be read, too: the check of files says so."""
    try:
        return embedded.kept_secrets(folder)
    except (OSError, ValueError, TypeError):
        return None


def _beside(path: Path) -> tuple[tuple[str, ...], str | None]:
    try:
        return (_ours(dotenv_values(path)) if path.is_file() else ()), None
    except (OSError, UnicodeDecodeError, BadInput) as exc:
        return (), type(exc).__name__


def _ours(names: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(sorted(n.upper() for n in names if n.upper().startswith(PREFIX)))
