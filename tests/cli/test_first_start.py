"""The first start of a service: who becomes its administrator, and who may ask until then."""

import pytest

from myograph.cli import serve, serving, system
from myograph.db import people
from myograph.errors import BadInput, DatabaseUnavailable
from myograph.settings import Settings

NOWHERE = "postgresql://myograph_web@127.0.0.1:1/none"


@pytest.fixture
def configured(database, tmp_path):
    """A service on a database of its own, as its settings say."""

    def made(url=None, **given):
        settings = {
            "data_dir": tmp_path,
            "database_url": url or database.url("myograph_web"),
            "worker_database_url": database.url("myograph_work"),
            "pseudonym_key": "k" * 32,
            "sign_in": "local",
        }
        with system.running(Settings(**settings | given)) as ready:
            return ready

    return made


def test_a_service_without_an_administrator_has_a_link_for_the_first(configured):
    first, again = (serving.first_link(configured(), "127.0.0.1") for _ in range(2))
    assert first.startswith("/welcome/")
    assert first != again


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "clinic.example"])  # noqa: S104
def test_it_listens_nowhere_but_on_the_loopback(configured, database, host):
    with pytest.raises(BadInput, match=r"no administrator.*person add --role admin"):
        serving.first_link(configured(), host)
    with database.connect("myograph_migrator") as conn:
        people.add(conn, "Ada", "admin")
    assert serving.first_link(configured(), host) is None


def test_where_the_database_is_away_only_the_loopback_is_heard(configured):
    away = configured(NOWHERE)
    assert serving.first_link(away, "localhost") is None
    with pytest.raises(DatabaseUnavailable, match=r"does not listen on 10\.0\.0\.1"):
        serving.first_link(away, "10.0.0.1")


def test_a_database_that_was_not_migrated_is_said_to_be(configured, fresh):
    with fresh.connect("postgres") as conn:
        conn.execute("DROP FUNCTION app.offer_first_link")
    with pytest.raises(DatabaseUnavailable, match="myograph migrate"):
        serving.first_link(configured(fresh.url("myograph_web")), "127.0.0.1")


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"pseudonym_key": None}, "MYOGRAPH_PSEUDONYM_KEY must be set"),
        ({"worker_database_url": None}, "MYOGRAPH_WORKER_DATABASE_URL must be set"),
        ({"sign_in": None}, "how people are recognised"),
    ],
)
def test_a_service_that_would_not_know_enough_does_not_start(configured, given, missing):
    with pytest.raises(BadInput, match=missing):
        configured(**given)


@pytest.mark.parametrize(
    "named",
    [
        {"jwks_url": "https://clinic.example/.well-known/jwks.json"},
        {"jwt_secret": "s" * 32},
        {"supabase_url": "https://clinic.supabase.co", "supabase_key": "sb_publishable_x"},
    ],
)
def test_an_identity_provider_says_enough(configured, named):
    assert configured(sign_in=None, **named).settings.sign_in is None


@pytest.mark.parametrize("secrets", [None, "whsec_" + "A" * 32])
def test_it_says_where_nobody_may_announce_uploads(configured, capsys, secrets):
    serve._announce(configured(webhook_secrets=secrets), "http://127.0.0.1:8000", None)
    said = capsys.readouterr().out
    assert "ready at http://127.0.0.1:8000\n" in said
    assert ("refused with 503" in said) == (secrets is None)
