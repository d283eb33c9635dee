"""Settings, read once by whoever starts the program and passed on as a value."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from myograph.errors import BadInput

PREFIX = "MYOGRAPH_"
UPLOAD_LIMIT_BYTES = 512 * 1024 * 1024


class Settings(BaseSettings):
    """Environment, prefix MYOGRAPH_. Whatever is None is found or made in the data directory.

    database_url          the web's login; None: the embedded PostgreSQL
    worker_database_url   the worker's login
    migrate_database_url  the owner of the tables, used by `migrate` alone
    storage_url           file:///... or s3://bucket; None: DATA_DIR/objects
    webhook_secrets       of one source named default, comma separated, whsec_ and base64 each
    webhook_sources       TOML, JSON or the path of such a file: web/webhooks/sources.py
    metadata_budget_ms    so long after a delivery came, its answer waits for the file's first bytes
    pseudonym_key         turns a patient's code into a pseudonym; never reaches the database
    jwks_url, jwt_secret  what an identity provider signs with: its key set, or the older secret
    jwt_issuer            None: whose key set it is, where its address says so
    supabase_url          passwords are checked there; with supabase_key, the publishable one
    sign_in               local: people sign in with passwords of this installation alone
    audit_key             signs anchors of the log of who did what; never reaches the database
    audit_keep_days       what is older is removed from that log; None: nothing ever is
    retain_..._days       how long what is over is kept: decision 146
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    data_dir: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    database_url: SecretStr | None = None
    worker_database_url: SecretStr | None = None
    migrate_database_url: SecretStr | None = None
    storage_url: str | None = None
    storage_endpoint: str | None = None
    storage_region: str | None = None
    storage_key_id: str | None = None
    storage_secret: SecretStr | None = None
    buckets: str = "emg_data"  # comma separated
    webhook_secrets: SecretStr | None = None
    webhook_sources: SecretStr | None = None
    metadata_budget_ms: int = 30
    pseudonym_key: SecretStr | None = None
    jwks_url: str | None = None
    jwt_secret: SecretStr | None = None
    jwt_issuer: str | None = None
    jwt_audience: str = "authenticated"
    supabase_url: str | None = None
    supabase_key: str | None = None
    sign_in: Literal["local"] | None = None
    idle_minutes: float = Field(default=120.0, gt=0)
    audit_key: SecretStr | None = None
    audit_keep_days: int | None = Field(default=None, ge=366)  # the database keeps a year
    retain_events_days: int = Field(default=30, ge=7, le=36_500)
    retain_sign_ins_days: int = Field(default=90, ge=1, le=36_500)
    pool_size: int = 10
    pool_timeout: float = 2.0  # seconds, then 503 with Retry-After
    event_targets: SecretStr | None = None  # a list in JSON: name, url, secret, events
    event_hosts: str | None = None  # comma separated: the only hosts that may be told anything
    measure_memory_mb: int = Field(default=1024, ge=64)  # of one file
    measure_seconds: float = Field(default=30.0, gt=0)  # of processor time, up to 10 MB
    rate_per_person: int = Field(default=3000, ge=0)  # requests within any minute; 0: any number
    rate_per_address: int = Field(default=12000, ge=0)
    trusted_proxies: str = "127.0.0.1"  # comma separated: whose X-Forwarded-... is believed
    cors_origins: str | None = None  # comma separated: sites whose scripts may use tokens here
    timezone: str = "Europe/Brussels"  # of INFO.TIME, which names none
    log: Literal["json", "text"] = "text"

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - as the class above takes them
        """Raises BadInput with the first setting that is not right, and never what was given."""
        try:
            super().__init__(**given)
        except ValidationError as exc:
            name, why = next(iter(_wrong_in(exc).items()))
            raise BadInput(f"{variable(name)} is not right: {why}.") from None

    @classmethod
    def where_right(cls, **given: Any) -> "tuple[Settings, dict[str, str]]":  # noqa: ANN401
        """With its default instead of each that is not right, and why that is not."""
        try:
            BaseSettings.__init__(cls.__new__(cls), **given)
        except ValidationError as exc:
            wrong = _wrong_in(exc)
            usual = {name: cls.model_fields[name].default for name in wrong}
            return cls(**given | usual), wrong
        return cls(**given), {}

    @property
    def accepted_buckets(self) -> tuple[str, ...]:
        return _listed(self.buckets)

    @property
    def allowed_event_hosts(self) -> tuple[str, ...]:
        return _listed(self.event_hosts or "")

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        return _listed(self.cors_origins or "")


def variable(name: str) -> str:
    """Of the environment, by the name of a setting."""
    return f"{PREFIX}{name.upper()}"


def _wrong_in(found: ValidationError) -> dict[str, str]:
    """By the setting's name; what was given may be a secret."""
    errors = found.errors(include_input=False, include_url=False)
    return {"_".join(map(str, one["loc"])): one["msg"] for one in errors}


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
