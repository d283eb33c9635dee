"""Which passwords are taken, and how they are kept.

Long ones, of whatever characters (NIST SP 800-63B, OWASP ASVS 5.0 section 6.2): no rules of
composition, since they make passwords worse, but none that everybody tries first.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from argon2 import PasswordHasher

from myograph.errors import BadInput

SHORTEST: Final = 12
LONGEST: Final = 128
MANY: Final = 5  # characters that differ
TELLING: Final = 4  # characters of a name, from which on it gives the password away

_ROWS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "qwertzuiopasdfghjklyxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "1q2w3e4r5t6y7u8i9o0p",
)
# What the lists of leaked passwords are made of, without the digits that are put around it.
_WORDS: Final = """
    password passwort wachtwoord motdepasse contrasena passwd pass admin administrator root user
    guest login welcome willkommen welkom bienvenue letmein iloveyou princess sunshine football
    baseball basketball superman batman dragon monkey shadow master michael jordan jennifer hunter
    trustno starwars whatever computer internet samsung google facebook linkedin charlie jessica
    michelle ashley daniel pokemon minecraft liverpool chelsea arsenal barcelona juventus matrix
    freedom flower killer secret default changeme changeit example test testing temp temporary
    hospital clinic therapy therapist patient physio ghostly myograph correcthorsebatterystaple
    summer winter spring autumn january february september october november december monday
    friday hello helloworld loveyou love baby angel lovely cookie chocolate cheese banana orange
    purple yellow silver golden diamond mustang ferrari mercedes harley soccer hockey tennis
    """
_COMMON: Final = frozenset(_WORDS.split())
_LEET: Final = str.maketrans("013457@$!8", "oieastasib")


def accepted(password: str, *, names: Iterable[str]) -> str:
    """The password as it is kept and compared, or BadInput with what is wrong with it.

    names    of the person: login, name
    """
    kept = normalised(password)
    if len(kept) < SHORTEST:
        raise BadInput(f"A password has at least {SHORTEST} characters; a sentence is a good one.")
    if len(kept) > LONGEST:
        raise BadInput(f"A password has at most {LONGEST} characters.")
    if any(unicodedata.category(c) == "Cc" for c in kept):
        raise BadInput("A password has no control characters.")
    folded = kept.casefold()
    telling = [n for name in names for n in re.split(r"[\s@]+", normalised(name).casefold())]
    if any(len(name) >= TELLING and name in folded for name in telling):
        raise BadInput("The name or the login must not stand in the password.")
    if _is_common(folded):
        raise BadInput("This password is one of those that everybody tries first.")
    return kept


def normalised(password: str) -> str:
    """The same characters, whichever keyboard wrote them (Unicode NFKC)."""
    return unicodedata.normalize("NFKC", password)


def hash_password(password: str) -> str:
    """Argon2id with the library's defaults (RFC 9106, low memory)."""
    return PasswordHasher().hash(password)


def _is_common(folded: str) -> bool:
    letters = re.sub(r"\s", "", folded)
    return len(set(letters)) < MANY or _is_run(letters) or _is_word(letters)


def _is_run(letters: str) -> bool:
    """A row of the keyboard, or pieces of such, with little else: 12341234, qwertz123456."""
    return sum(map(len, _pieces(letters))) > len(letters) - TELLING


def _pieces(letters: str) -> Iterable[str]:
    """Every stretch of four or more characters that follow each other in a row, either way."""
    at = 0
    while at < len(letters):
        length = max(_follows(letters[at:], row) for row in (*_ROWS, *(r[::-1] for r in _ROWS)))
        if length >= TELLING:
            yield letters[at : at + length]
        at += max(length, 1)


def _follows(letters: str, row: str) -> int:
    return max(n for n in range(len(letters) + 1) if letters[:n] in row)


def _is_word(letters: str) -> bool:
    """A common word, or the same one again and again, with digits and marks around it."""
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", letters)
    return any(_is_one_word(written) for written in (core, core.translate(_LEET)))


def _is_one_word(core: str) -> bool:
    once = re.fullmatch(r"(.+?)[\W\d_]*(?:\1[\W\d_]*)*", core)
    return core in _COMMON or (once is not None and once[1] in _COMMON)
