import base64
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from myograph.errors import TooManyAttempts
from myograph.services.passwords import hash_password
from myograph.web.auth import Attempts, Doorkeeper, safe_next

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
DOORKEEPER = Doorkeeper(b"k" * 32, hasher=CHEAP)
OTHER = Doorkeeper(b"o" * 32, hasher=CHEAP)
SIGN_IN = UUID(int=7)


def test_a_cookie_says_what_was_signed():
    assert DOORKEEPER.read(DOORKEEPER.write(SIGN_IN)) == SIGN_IN


def test_a_cookie_of_another_secret_says_nothing():
    assert DOORKEEPER.read(OTHER.write(SIGN_IN)) is None


def test_no_other_bit_of_a_cookie_may_change():
    cookie = DOORKEEPER.write(SIGN_IN)
    for i in range(len(cookie)):
        for forged in (cookie[:i] + chr(ord(cookie[i]) ^ 1) + cookie[i + 1 :], cookie[:i]):
            assert DOORKEEPER.read(forged) is None


def test_a_body_put_before_another_signature_says_nothing():
    _, signature = DOORKEEPER.write(SIGN_IN).split(".")
    other = base64.urlsafe_b64encode(UUID(int=1).bytes).decode()
    assert DOORKEEPER.read(f"{other}.{signature}") is None


@given(st.text())
def test_whatever_a_cookie_holds_it_is_read_without_an_error(text):
    assert DOORKEEPER.read(text) is None


def test_a_short_secret_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        Doorkeeper(b"short", hasher=CHEAP)


def test_a_password_fits_its_own_hash_alone():
    mine = CHEAP.hash("correct horse")
    assert DOORKEEPER.password_fits(mine, "correct horse")
    assert not DOORKEEPER.password_fits(mine, "battery staple")


def test_nobody_has_no_password_not_even_the_one_that_is_compared():
    assert not DOORKEEPER.password_fits(None, "nobody has this password")
    assert not DOORKEEPER.password_fits(None, "")


def test_a_hash_that_is_none_fits_nothing():
    assert not DOORKEEPER.password_fits("not a hash", "not a hash")


def test_a_new_hash_is_argon2id():
    assert hash_password("correct horse").startswith("$argon2id$")


@pytest.fixture
def attempts():
    return Attempts(allowed=3, of_address=6, of_login=8, window_s=60.0, remembered=6)


def begin(attempts, times, now, login="ann", address="10.0.0.1"):
    for _ in range(times):
        attempts.begin(login, address, now)


def test_after_the_last_allowed_attempt_the_next_must_wait_for_the_oldest(attempts):
    begin(attempts, 1, now=0.0)
    begin(attempts, 2, now=30.0)
    with pytest.raises(TooManyAttempts, match="20 seconds") as refused:
        begin(attempts, 1, now=40.0)
    assert refused.value.wait_s == 20
    begin(attempts, 1, now=60.0)


def test_a_refused_attempt_does_not_prolong_the_wait(attempts):
    begin(attempts, 3, now=0.0)
    with pytest.raises(TooManyAttempts):
        begin(attempts, 1, now=59.0)
    begin(attempts, 3, now=60.0)


def test_another_login_or_another_address_is_not_held_up(attempts):
    begin(attempts, 3, now=0.0)
    begin(attempts, 1, now=0.0, login="bob")
    begin(attempts, 1, now=0.0, address="10.0.0.2")


def test_an_address_that_tries_many_logins_must_wait(attempts):
    for i in range(6):
        begin(attempts, 1, now=float(i), login=f"someone-{i}")
    with pytest.raises(TooManyAttempts, match="54 seconds"):
        begin(attempts, 1, now=6.0, login="another")
    begin(attempts, 1, now=6.0, login="another", address="10.0.0.2")


def test_a_login_that_is_tried_from_many_addresses_must_wait():
    attempts = Attempts(allowed=3, of_address=6, of_login=8, window_s=60.0)
    for i in range(8):
        begin(attempts, 1, now=float(i), address=f"10.0.1.{i}")
    with pytest.raises(TooManyAttempts, match="52 seconds"):
        begin(attempts, 1, now=8.0)
    begin(attempts, 1, now=8.0, login="bob")


def test_a_success_counts_against_no_address_and_no_login():
    attempts = Attempts(allowed=3, of_address=6, of_login=8, window_s=60.0)
    for _ in range(100):
        begin(attempts, 1, now=0.0)
        attempts.succeeded("ann", "10.0.0.1")


def test_a_success_forgets_the_failures(attempts):
    begin(attempts, 3, now=0.0)
    attempts.succeeded("ann", "10.0.0.1")
    begin(attempts, 3, now=0.0)


def test_only_the_latest_are_remembered(attempts):
    begin(attempts, 3, now=0.0)
    begin(attempts, 1, now=0.0, login="bob")
    begin(attempts, 1, now=0.0, login="eve")
    begin(attempts, 1, now=0.0)


@pytest.mark.parametrize("target", ["/", "/sessions?state=failed", "/sessions/7#contractions"])
def test_after_signing_in_one_goes_where_one_wanted(target):
    assert safe_next(target) == target


@pytest.mark.parametrize(
    "target",
    [None, "", "sessions", "//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil"],
)
def test_but_never_to_another_site(target):
    assert safe_next(target) == "/"
