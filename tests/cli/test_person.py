"""People let in, changed and shut out by command."""

import io
import re
from uuid import UUID, uuid4

import pytest

from myograph.db import accounts, links, sign_ins, tokens
from myograph.services.come_in import PREFIX, fingerprint
from myograph.services.passwords import hash_password
from myograph.web.auth import Doorkeeper
from tests.database import PASSWORD_HASH

GOOD = "seven grey herons"


@pytest.fixture
def person(command, database, tmp_path, monkeypatch):
    """person("list"); `typed` is what comes in without a terminal."""

    def run(*arguments, typed=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        return command(
            "person",
            *arguments,
            MYOGRAPH_DATA_DIR=str(tmp_path),
            MYOGRAPH_MIGRATE_DATABASE_URL=database.url("myograph_migrator"),
        )

    return run


@pytest.fixture
def web(database):
    with database.connect("myograph_web", autocommit=True) as conn:
        yield conn


@pytest.fixture
def signed_in(web, clinic):
    """A sign-in of Thea's: a function that says whether it still counts."""
    sign_in = sign_ins.begin(web, clinic.therapist.id, lasts_s=60)
    return lambda: sign_ins.person_of(web, sign_in, idle_s=60, attended=False)


def secret_in(text):
    return re.search(r"http://127\.0\.0\.1:8000/welcome/(\S{43})\n", text)[1]


def test_somebody_who_is_added_gets_a_link(person, web):
    answer = person("add", "--name", "Ada Berg", "--role", "admin")
    assert answer.code == 0
    assert answer.out.startswith("Ada Berg is an admin.")
    welcome = links.welcomed(web, fingerprint(secret_in(answer.out)))
    assert (welcome.name, welcome.role, welcome.login) == ("Ada Berg", "admin", None)


def test_a_password_is_asked_for_and_stands_in_no_argument(person, web):
    answer = person(
        "add", "--name", "Ada", "--role", "admin", "--login", "aberg", typed=f"{GOOD}\n"
    )
    assert (answer.code, answer.out) == (0, "Ada may sign in as aberg, admin.\n")
    kept = accounts.find(web, "ABERG").password_hash
    assert Doorkeeper(b"k" * 32).password_fits(kept, GOOD)


@pytest.mark.parametrize("typed", ["short\n", "", "aberg aberg 12\n", "password123456\n"])
def test_a_poor_password_adds_nobody(person, web, typed):
    answer = person("add", "--name", "Ada", "--role", "admin", "--login", "aberg", typed=typed)
    assert answer.code == 1
    assert accounts.find(web, "aberg") is None


def test_a_login_is_one_persons(person, clinic):
    answer = person("add", "--name", "Eve", "--role", "admin", "--login", "THEA", typed=f"{GOOD}\n")
    assert (answer.code, "Somebody has the login THEA" in answer.err) == (1, True)


def test_whom_a_provider_checks_is_known_by_their_subject(person, web):
    number = uuid4()
    answer = person("add", "--name", "Ada", "--role", "researcher", "--id", number)
    assert (answer.code, "identity provider" in answer.out) == (0, True)
    known = accounts.known_by_provider(web, number, role="admin", name="Eve")
    assert (known.name, known.role) == ("Ada", "researcher")
    again = person("add", "--name", "Ada", "--role", "researcher", "--id", number)
    assert (again.code, "Somebody else has this number" in again.err) == (1, True)


def test_a_subject_and_a_login_are_too_much(person):
    answer = person("add", "--name", "A", "--role", "admin", "--id", uuid4(), "--login", "a")
    assert (answer.code, "no password here" in answer.err) == (1, True)


def test_everybody_is_listed_by_name(person, clinic):
    person("deactivate", "otto")
    lines = person("list").out.splitlines()
    assert [line.split()[1:] for line in lines] == [
        ["admin", "anna", "Anna"],
        ["therapist", "otto", "Otto", "switched", "off"],
        ["researcher", "rosa", "Rosa"],
        ["therapist", "thea", "Thea"],
    ]
    assert lines[3].startswith(str(clinic.therapist.id))


@pytest.mark.parametrize("by", ["login", "number"])
def test_a_role_is_changed_and_what_it_needs_is_there(person, database, clinic, web, by, signed_in):
    who = "THEA" if by == "login" else clinic.therapist.id
    assert person("role", who, "researcher").out == "Thea is a researcher.\n"
    assert signed_in().role == "researcher"
    with database.connect("postgres") as conn:
        kept = conn.execute(
            "SELECT (SELECT count(*) FROM therapists WHERE id = %(id)s),"
            " (SELECT count(*) FROM researcher_profiles WHERE id = %(id)s)",
            {"id": clinic.therapist.id},
        ).fetchone()
    assert kept == (1, 1)


def test_whoever_is_switched_off_is_out_and_comes_back_only_by_signing_in(
    person, clinic, web, signed_in
):
    token = made_in(person("token", "add", "thea", "--name", "x", "--scope", "read").out)
    assert person("deactivate", "thea").out == "Thea may no longer sign in.\n"
    assert not accounts.find(web, "thea").active
    assert person("activate", "thea").out == "Thea may sign in again.\n"
    assert accounts.find(web, "thea").active
    assert signed_in() is None
    assert tokens.bearer(web, fingerprint(token)) is None


@pytest.mark.parametrize("change", [("deactivate", "anna"), ("role", "anna", "therapist")])
def test_the_last_administrator_stays_one(person, clinic, change):
    answer = person(*change)
    assert (answer.code, "the last administrator" in answer.err) == (1, True)
    person("role", "thea", "admin")
    assert person(*change).code == 0


def test_a_new_password_ends_every_sign_in(person, clinic, web, signed_in):
    assert person("password", "thea", typed=f"{GOOD}\n").code == 0
    assert signed_in() is None
    kept = accounts.find(web, "thea").password_hash
    assert kept != PASSWORD_HASH
    assert Doorkeeper(b"k" * 32).password_fits(kept, GOOD)


def test_who_has_no_login_is_given_a_link_rather_than_a_password(person):
    number = re.search(r"\S{36}", person_listed(person))[0]
    answer = person("password", number, typed=f"{GOOD}\n")
    assert (answer.code, "person link" in answer.err) == (1, True)
    assert secret_in(person("link", number).out)


def person_listed(person):
    person("add", "--name", "Ada", "--role", "admin")
    return person("list").out


def test_a_link_is_for_those_who_may_come_in(person, clinic):
    person("deactivate", "thea")
    answer = person("link", "thea")
    assert (answer.code, "switched off" in answer.err) == (1, True)


@pytest.mark.parametrize("who", ["nobody", UUID(int=7)])
def test_nobody_is_said_to_be_nobody(person, clinic, who):
    answer = person("link", who)
    assert (answer.code, "There is nobody" in answer.err) == (1, True)


# ── tokens


def made_in(text):
    return re.search(rf"({PREFIX}\S{{43}})\n", text)[1]


def test_a_token_is_shown_once_and_is_good_until_it_is_revoked(person, clinic, web):
    made = person(
        "token", "add", "thea", "--name", "tablet", "--scope", "upload", "--scope", "read"
    )
    token = made_in(made.out)
    bearer = tokens.bearer(web, fingerprint(token))
    assert (bearer.id, bearer.scopes) == (clinic.therapist.id, ["read", "upload"])
    listed = person("token", "list", "thea").out
    assert token not in listed
    number, *words = listed.split()
    assert (words[:3], words[-1]) == (["read", "upload", "until"], "tablet")
    assert person("token", "revoke", number).code == 0
    assert tokens.bearer(web, fingerprint(token)) is None
    assert "revoked" in person("token", "list", "thea").out
    again = person("token", "revoke", number)
    assert (again.code, "no such token" in again.err) == (1, True)


def test_an_expired_token_is_said_to_be(person, clinic, web, database):
    token = made_in(person("token", "add", "thea", "--name", "t", "--scope", "read").out)
    with database.connect("postgres") as conn:
        conn.execute(
            "UPDATE api_tokens SET created_at = created_at - interval '90 days',"
            " expires_at = expires_at - interval '90 days'"
        )
    assert "expired" in person("token", "list", "thea").out
    assert tokens.bearer(web, fingerprint(token)) is None


def test_a_token_says_what_it_is_for(person, clinic):
    answer = person("token", "add", "thea", "--name", " ", "--scope", "read")
    assert (answer.code, "says what it is for" in answer.err) == (1, True)


def test_a_database_of_ones_own_is_changed_by_its_owner_alone(command, tmp_path):
    answer = command("person", "list", MYOGRAPH_DATABASE_URL="postgresql://x", COLUMNS="80")
    assert (answer.code, "MYOGRAPH_MIGRATE_DATABASE_URL" in answer.err) == (1, True)


def test_a_hash_is_made_of_what_was_typed():
    assert Doorkeeper(b"k" * 32).password_fits(hash_password(GOOD), GOOD)
