"""What the service stands on: database, storage, secrets; brought up where they are not named."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from pydantic import SecretStr

from myograph.db import embedded
from myograph.db.connections import watched
from myograph.db.embedded import Secrets
from myograph.db.keeping import kept_running
from myograph.db.migrate import migrate_url
from myograph.errors import BadInput, DatabaseUnavailable
from myograph.services.audit_key import audit_key_of
from myograph.services.event_targets import Target, targets_of
from myograph.services.keep_audit import Keeping
from myograph.services.pseudonym_key import keep as pseudonym_key_kept
from myograph.settings import Settings
from myograph.storage.objects import ObjectStore, open_store
from myograph.web.webhooks.sources import Source, default_source, sources_of

ANSWERS_WITHIN_S = 5
BESIDE = ".env"
NOT_UP_TO_DATE = "The database is not up to date. `myograph migrate` brings it there."


@dataclass(frozen=True, slots=True, repr=False)
class System:
    """Addresses with their passwords, and secrets: never to be logged.

    owner_url     of the tables' owner; None where only `migrate` is told
    audit_key     signs anchors of the log of who did what; None: nothing is anchored
    cookie_key    signs the cookie of who is signed in
    sources       who may announce uploads by webhooks
    """

    settings: Settings
    data_dir: Path
    owner_url: str | None
    web_url: str
    worker_url: str
    pseudonym_key: str
    audit_key: str | None
    cookie_key: bytes
    sources: tuple[Source, ...]

    @property
    def storage_url(self) -> str:
        return storage_url(self.settings, self.data_dir)

    @property
    def store(self) -> ObjectStore:
        return open_storage(self.settings, self.data_dir)

    def for_worker(self) -> Mapping[str, str]:
        """The environment of a worker of this system."""
        return {
            "MYOGRAPH_DATA_DIR": str(self.data_dir),
            "MYOGRAPH_WORKER_DATABASE_URL": self.worker_url,
            "MYOGRAPH_STORAGE_URL": self.storage_url,
            "MYOGRAPH_BUCKETS": self.settings.buckets,
            "MYOGRAPH_PSEUDONYM_KEY": self.pseudonym_key,
            **({"MYOGRAPH_AUDIT_KEY": self.audit_key} if self.audit_key else {}),
        }


@contextmanager
def running(settings: Settings) -> Generator[System]:
    """The system for as long as the block lasts: migrated, with every secret it needs."""
    data_dir = data_dir_of(settings)
    if settings.database_url is not None:
        yield _configured(settings, data_dir)
        return
    with embedded.running(data_dir) as cluster, kept_running(cluster):
        cluster.migrate()
        yield System(
            settings=settings,
            data_dir=data_dir,
            owner_url=cluster.url("myograph_migrator"),
            web_url=cluster.url("myograph_web"),
            worker_url=cluster.url("myograph_work"),
            pseudonym_key=pseudonym_key(settings, cluster.secrets),
            audit_key=revealed(settings.audit_key) or cluster.secrets.audit_key,
            cookie_key=bytes.fromhex(cluster.secrets.session_key),
            sources=webhook_sources(settings, cluster.secrets),
        )


@dataclass(frozen=True, slots=True, repr=False)
class Bench:
    """What a worker needs: its login, the recordings, and the keys that the database never sees.

    audit_key    None: nothing is anchored
    """

    url: str
    store: ObjectStore
    pseudonym_key: str
    audit_key: str | None


@contextmanager
def bench(settings: Settings) -> Generator[Bench]:
    """Of the system that the settings name, else of the one in the data directory."""
    data_dir = data_dir_of(settings)
    if settings.worker_database_url is None:
        with running(settings) as system:
            yield Bench(system.worker_url, system.store, system.pseudonym_key, system.audit_key)
        return
    if settings.pseudonym_key is None:
        raise BadInput(
            "MYOGRAPH_WORKER_DATABASE_URL is set, so MYOGRAPH_PSEUDONYM_KEY must be too."
        )
    yield Bench(
        settings.worker_database_url.get_secret_value(),
        open_storage(settings, data_dir),
        settings.pseudonym_key.get_secret_value(),
        revealed(settings.audit_key),
    )


def keep_pseudonym_key(bench: Bench) -> None:
    """Before a worker names anybody: raises BadInput where its key is not the one used before."""
    try:
        with psycopg.connect(watched(bench.url), connect_timeout=ANSWERS_WITHIN_S) as conn:
            pseudonym_key_kept(conn, bench.pseudonym_key)
    except psycopg.OperationalError as away:
        raise DatabaseUnavailable("The database does not answer, so nothing is begun.") from away
    except psycopg.errors.UndefinedFunction as old:
        raise DatabaseUnavailable(NOT_UP_TO_DATE) from old


def keeping(bench: Bench, settings: Settings) -> Keeping:
    """How a worker keeps the log of who did what."""
    key = audit_key_of(bench.audit_key) if bench.audit_key else None
    return Keeping(key, settings.audit_keep_days)


def settings_for(data_dir: Path | None, **given: object) -> Settings:
    """The environment's, then those of the `.env` beside the data.

    given    what the command line says instead; None: nothing

    Where the data lie is never said beside them. Raises BadInput.
    """
    chosen = data_dir or Settings().data_dir
    said = {"data_dir": chosen} | {k: v for k, v in given.items() if v is not None}
    beside = folder_of(chosen) / BESIDE
    try:
        return Settings(_env_file=beside).model_copy(update=said)
    except (OSError, UnicodeDecodeError) as exc:
        raise BadInput(f"{beside} cannot be read: {exc}.") from exc


def data_dir_of(settings: Settings) -> Path:
    return folder_of(settings.data_dir)


def folder_of(data_dir: Path | None) -> Path:
    """None: where this platform keeps such things."""
    return (data_dir or embedded.default_data_dir()).expanduser().absolute()


def storage_url(settings: Settings, data_dir: Path) -> str:
    return settings.storage_url or (data_dir / "objects").as_uri()


def open_storage(settings: Settings, data_dir: Path) -> ObjectStore:
    return open_store(
        storage_url(settings, data_dir),
        endpoint=settings.storage_endpoint,
        region=settings.storage_region,
        key_id=settings.storage_key_id,
        secret=revealed(settings.storage_secret),
    )


def event_targets(settings: Settings) -> tuple[Target, ...]:
    """Whom a worker tells what becomes of sessions."""
    return targets_of(revealed(settings.event_targets) or "", settings.allowed_event_hosts)


def pseudonym_key(settings: Settings, kept: Secrets) -> str:
    return revealed(settings.pseudonym_key) or kept.pseudonym_key


def webhook_sources(settings: Settings, kept: Secrets | None = None) -> tuple[Source, ...]:
    """Those that are named, else the one that a data directory of our own made a secret for."""
    named = sources_of(
        revealed(settings.webhook_secrets),
        revealed(settings.webhook_sources),
        buckets=settings.accepted_buckets,
    )
    if named or kept is None:
        return named
    return (default_source(kept.webhook_secret, buckets=settings.accepted_buckets),)


def bring_up_to_date(settings: Settings) -> list[str]:
    """The migrations that were applied now: of the database that is named, else of our own."""
    if settings.migrate_database_url is None and settings.database_url is None:
        with embedded.running(data_dir_of(settings)) as cluster:
            return cluster.migrate()
    with owner_url(settings) as owner:
        return migrate_url(owner)


@contextmanager
def owner_url(settings: Settings) -> Generator[str]:
    """Of the owner of the tables: of the database that is named, else of our own, migrated."""
    owner = revealed(settings.migrate_database_url)
    if owner is not None:
        yield owner
        return
    if settings.database_url is not None:
        raise BadInput(
            "MYOGRAPH_DATABASE_URL is set; MYOGRAPH_MIGRATE_DATABASE_URL must name the owner of"
            " its tables, who alone may change them."
        )
    with embedded.running(data_dir_of(settings)) as cluster:
        cluster.migrate()
        yield cluster.url("myograph_migrator")


def revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def says_who_asks(settings: Settings) -> bool:
    """Whether an identity provider is named, or that there shall be none."""
    named = (settings.jwks_url, settings.supabase_url, settings.jwt_secret, settings.sign_in)
    return any(named)


def _configured(settings: Settings, data_dir: Path) -> System:
    """A database of one's own: what all machines must agree on has to be said, not made up."""
    wanted = {
        "MYOGRAPH_PSEUDONYM_KEY": settings.pseudonym_key,
        "MYOGRAPH_WORKER_DATABASE_URL": settings.worker_database_url,
    }
    absent = [name for name, value in wanted.items() if value is None]
    if absent:
        raise BadInput(
            f"MYOGRAPH_DATABASE_URL is set, so {' and '.join(absent)} must be set too: a key made"
            " up here would give a patient another pseudonym on every machine."
        )
    if not says_who_asks(settings):
        raise BadInput(
            "MYOGRAPH_DATABASE_URL is set, so it must be said how people are recognised: by"
            " MYOGRAPH_JWKS_URL, MYOGRAPH_SUPABASE_URL or MYOGRAPH_JWT_SECRET of an identity"
            " provider, or by MYOGRAPH_SIGN_IN=local, with passwords of this installation alone."
            " Without it nobody would check who asks."
        )
    kept = embedded.secrets_of(data_dir)
    return System(
        settings=settings,
        data_dir=data_dir,
        owner_url=revealed(settings.migrate_database_url),
        web_url=revealed(settings.database_url) or "",
        worker_url=revealed(settings.worker_database_url) or "",
        pseudonym_key=pseudonym_key(settings, kept),
        audit_key=revealed(settings.audit_key),
        cookie_key=bytes.fromhex(kept.session_key),
        sources=webhook_sources(settings),
    )
