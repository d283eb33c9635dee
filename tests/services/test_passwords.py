"""Which passwords are taken: long ones that nobody tries first."""

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from myograph.errors import BadInput
from myograph.services.passwords import LONGEST, SHORTEST, accepted, normalised

NAMES = ("Ada Berg", "aberg")


@pytest.mark.parametrize(
    "password",
    [
        "seven grey herons",
        "zwölf Boxkämpfer",
        "x7!kQ2#vLp9@",
        "τριάντα τρία φύλλα",
        "мой дядя самых честных",
        "my summer at the lake house",
        "a monkey ate 3 papayas",
        "1234abcd&9kQ",
    ],
)
def test_a_sentence_or_chance_is_a_good_one(password):
    assert accepted(password, names=NAMES) == unicodedata.normalize("NFKC", password)


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("x7!kQ2#vLp9", "at least 12"),
        ("", "at least 12"),
        ("x7!kQ2#vLp9@" * 10 + "x7!kQ2#vL", "at most 128"),
        ("tab\tin the middle", "control"),
        ("nul\x00 in the middle", "control"),
        ("my name is aberg", "must not stand"),
        ("I am ADA BERG myself", "must not stand"),
        ("Berg und Tal und See", "must not stand"),
    ],
)
def test_what_is_wrong_is_said(password, words):
    with pytest.raises(BadInput, match=words):
        accepted(password, names=NAMES)


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "Password2026!",
        "P@ssw0rd!2026",
        "passwordpassword",
        "password password 1",
        "123456789012",
        "098765432109",
        "111111111111",
        "abababababab",
        "qwertyuiop12",
        "qwertyuiopasdf",
        "abcdefghijkl",
        "lkjihgfedcba",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "qwertz123456",
        "abcd1234abcd",
        "letmein12345!",
        "Welcome2026!!!",
        "iloveyou1234",
        "correct horse battery staple",
        "myograph2026",
        "1234abcdefgh",
        "Administrator1",
    ],
)
def test_what_everybody_tries_first_is_refused(password):
    with pytest.raises(BadInput, match="tries first"):
        accepted(password, names=())


def test_the_limits_are_in_characters_as_they_are_kept():
    twelve = "ab3de\N{LATIN SMALL LIGATURE FFI}hij9"  # one character on the keyboard, three kept
    assert len(twelve) == SHORTEST - 2
    assert len(accepted(twelve, names=())) == SHORTEST
    longest = "seven grey herons " * 8
    assert accepted(longest[:LONGEST], names=()) == longest[:LONGEST]
    with pytest.raises(BadInput):
        accepted(longest[: LONGEST + 1], names=())


@given(st.text())
def test_whichever_keyboard_wrote_it_it_is_one_password(text):
    composed, parts = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert normalised(composed) == normalised(parts) == normalised(normalised(text))


ANY = st.characters(exclude_categories=("C",))


@given(st.lists(ANY, min_size=14, max_size=60, unique=True).map("".join), st.lists(st.text()))
def test_what_is_taken_is_within_the_limits_and_taken_again(text, names):
    assume(not isinstance(result := tried(text, names), BadInput))
    assert SHORTEST <= len(result) <= LONGEST
    assert tried(result, names) == result


@given(st.text(max_size=140), st.lists(st.text(max_size=8), max_size=2))
def test_a_refusal_is_a_sentence(text, names):
    assume(isinstance(result := tried(text, names), BadInput))
    assert result.sentence.endswith(".")


def tried(text, names):
    try:
        return accepted(text, names=names)
    except BadInput as refused:
        return refused
