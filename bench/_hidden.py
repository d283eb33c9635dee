"""People, patients and sessions of which most are hidden from whoever asks."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

import psycopg
from argon2 import PasswordHasher

from myograph.db import accounts, links, people, sign_ins, tokens
from myograph.db.embedded import Cluster
from myograph.db.identity import Person, Role, become
from myograph.services.come_in import PREFIX, fingerprint
from myograph.web.auth import Doorkeeper
from tests.database import PASSWORD_HASH

SECRET: Final = b"s" * 32
PASSWORD: Final = "seven grey herons"  # noqa: S105 - of people made up here
HIDDEN: Final = tuple(f"P1{n:03}" for n in range(8))  # of another therapist, without consent
NOBODY: Final = tuple(f"P1{n:03}" for n in range(500, 508))
PEOPLE: Final[Mapping[str, Role]] = {
    "ann": "therapist",
    "bob": "therapist",
    "rae": "researcher",
    "gone": "therapist",
    "ada": "admin",
}
DAY_S: Final = 24 * 3600.0

# 20 patients of 1000 sessions each: the first eight are bob's and do not consent, the rest ann's.
_FILL = """
    INSERT INTO patients (patient_code, pseudonym, research_consent, therapist_id)
    SELECT 'P1' || lpad(n::text, 3, '0'), encode(sha256(n::text::bytea), 'hex'), n > 7,
           CASE WHEN n > 7 THEN %(ann)s ELSE %(bob)s END
      FROM generate_series(0, 19) n;
    INSERT INTO therapy_sessions (file_path, storage_bucket, storage_version, file_hash, patient_id,
                                  pseudonym, session_date, processing_status)
    SELECT 'x/' || n, 'emg_data', '1', encode(sha256(n::text::bytea), 'hex'), p.patient_code,
           p.pseudonym, timestamptz '2020-01-01' + n * interval '1 hour', 'completed'
      FROM generate_series(1, 20000) n
      JOIN patients p ON p.patient_code = 'P1' || lpad((n %% 20)::text, 3, '0');
    INSERT INTO clinical_notes (patient_code, author, text)
    SELECT 'P1' || lpad((n %% 20)::text, 3, '0'), %(bob)s, 'a note'
      FROM generate_series(1, 400) n;
    INSERT INTO contractions (session_id, channel, number, start_s, end_s, peak, mean, strength,
                              time_to_peak_s, masked_share, cut, source)
    SELECT id, 'CH1', k, k, k + 0.5, 1, 1, 1, 0.1, 0, false, 'envelope'
      FROM therapy_sessions, generate_series(1, 12) k;
    CREATE ROLE ann_login LOGIN PASSWORD 'x' IN ROLE myograph_therapist;
    CREATE ROLE rae_login LOGIN PASSWORD 'x' IN ROLE myograph_researcher;
    UPDATE people SET db_login = lower(name) || '_login' WHERE name IN ('Ann', 'Rae')
    """


@dataclass(frozen=True)
class Place:
    """What is asked for.

    cookies      of ann (a therapist) and rae (a researcher)
    hidden       sessions that neither may see; absent: numbers of none
    pseudonyms   of patients who do not consent
    note         of a hidden patient
    token, link  secrets that are good; revoked, used: that were
    """

    cookies: Mapping[str, str]
    hidden: Sequence[UUID]
    absent: Sequence[UUID]
    pseudonyms: Sequence[str]
    note: UUID
    token: str
    revoked: str
    link: str
    used: str

    def login(self, cluster: Cluster, who: str) -> str:
        """Of ann or rae, to the database itself."""
        password = cluster.secrets.passwords["postgres"]
        return cluster.url("postgres").replace(f"postgres:{password}@", f"{who}_login:x@")


def settled(cluster: Cluster) -> Place:
    with psycopg.connect(cluster.url("myograph_migrator")) as conn:
        ids = {
            name: accounts.add(
                conn, login=name, name=name.title(), role=role, password_hash=PASSWORD_HASH
            )
            for name, role in PEOPLE.items()
        }
        people.add(conn, "Nils Ek", "therapist")
        secrets = [f"{n}" * 43 for n in range(4)]
        _make_links(conn, ids, secrets[2:])
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as conn:
        conn.execute("SET session_replication_role = replica")  # no triggers
        cursor = psycopg.ClientCursor(conn)
        cursor.execute(_FILL, {"ann": ids["ann"], "bob": ids["bob"]})
        conn.execute("UPDATE people SET active = false WHERE name = 'Gone'")
        conn.execute("ANALYZE")
        hidden = conn.execute(
            "SELECT id FROM therapy_sessions WHERE patient_id = ANY (%s) LIMIT 50",
            [list(HIDDEN)],
        ).fetchall()
        noted = "SELECT id FROM clinical_notes WHERE patient_code = %s LIMIT 1"
        [(note,)] = conn.execute(noted, [HIDDEN[0]]).fetchall()
    token, revoked = (PREFIX + secret for secret in secrets[:2])
    with psycopg.connect(cluster.url("myograph_web")) as conn:
        cookies = {who: _cookie(conn, ids[who]) for who in ("ann", "rae")}
        become(conn, Person(ids["bob"], "Bob", "therapist"))
        tokens.add(conn, "good", fingerprint(token), scopes=["read"], lasts_s=DAY_S)
        old = tokens.add(conn, "old", fingerprint(revoked), scopes=["read"], lasts_s=DAY_S)
        tokens.revoke(conn, old)
    return Place(
        cookies=cookies,
        hidden=[number for (number,) in hidden],
        absent=[uuid4() for _ in hidden],
        pseudonyms=[hashlib.sha256(str(n).encode()).hexdigest() for n in range(len(HIDDEN))],
        note=note,
        token=token,
        revoked=revoked,
        link=secrets[2],
        used=secrets[3],
    )


def set_passwords(cluster: Cluster, hasher: PasswordHasher) -> None:
    """Of everybody who has a login."""
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as conn:
        conn.execute("UPDATE local_accounts SET password_hash = %s", [hasher.hash(PASSWORD)])


def _make_links(conn: psycopg.Connection, ids: Mapping[str, UUID], secrets: Sequence[str]) -> None:
    for who, secret in zip(("ann", "bob"), secrets, strict=True):
        links.make(conn, ids[who], fingerprint(secret), lasts_s=DAY_S)
    hashed = PasswordHasher().hash(PASSWORD)
    links.accept(conn, fingerprint(secrets[1]), login="", name="", password_hash=hashed)


def _cookie(conn: psycopg.Connection, person: UUID) -> str:
    sign_in = sign_ins.begin(conn, person, lasts_s=DAY_S)
    assert sign_in is not None
    conn.commit()
    return Doorkeeper(SECRET).write(sign_in)
