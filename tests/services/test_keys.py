"""What docs/keys.md says of changing secrets, done as it says."""

import json
import shutil
import tempfile
from pathlib import Path

import psycopg
import pytest

from myograph.db import sign_ins, tokens
from myograph.db.embedded import running
from myograph.services.come_in import fingerprint, token_of_visitor
from myograph.web.auth import Doorkeeper


def test_with_another_key_of_the_cookies_everybody_signs_in_once_more(database, clinic):
    before, after = Doorkeeper(b"a" * 32), Doorkeeper(b"b" * 32)
    with database.connect("myograph_web") as conn:
        sign_in = sign_ins.begin(conn, clinic.therapist.id, lasts_s=60)
        assert before.read(before.write(sign_in)) == sign_in
        assert after.read(before.write(sign_in)) is None
        anew = sign_ins.begin(conn, clinic.therapist.id, lasts_s=60)
        read = after.read(after.write(anew))
        person = sign_ins.person_of(conn, read, idle_s=60, attended=True)
    assert person == clinic.therapist


def test_a_token_is_changed_for_another_while_both_are_good(database, clinic):
    with database.as_person(clinic.therapist) as conn:
        old, new = (token_of_visitor(conn, "tablet", scopes=["upload"]) for _ in range(2))

    def good():
        with database.connect("myograph_web") as conn:
            return [tokens.bearer(conn, fingerprint(one.secret)) is not None for one in (old, new)]

    assert good() == [True, True]
    with database.as_person(clinic.therapist) as conn:
        tokens.revoke(conn, old.id)
    assert good() == [False, True]


@pytest.fixture
def folder():
    """A place that the server's user reaches, too."""
    folder = Path(tempfile.mkdtemp(prefix="myograph-keys-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def test_passwords_of_a_data_directory_are_those_of_its_file_after_a_start(folder):
    with running(folder / "data") as cluster:
        cluster.migrate()
        old = cluster.secrets.passwords
    path = folder / "data" / "secrets.json"
    kept = json.loads(path.read_text("utf-8"))
    for login in ("myograph_web", "myograph_work"):
        kept["passwords"][login] = f"another of {login}"
    path.write_text(json.dumps(kept), "utf-8")
    with running(folder / "data") as cluster:
        cluster.migrate()
        for login in ("myograph_web", "myograph_work"):
            parts = psycopg.conninfo.conninfo_to_dict(cluster.url("postgres"))
            psycopg.connect(**parts | {"user": login, "password": f"another of {login}"}).close()
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(**parts | {"user": login, "password": old[login]})
