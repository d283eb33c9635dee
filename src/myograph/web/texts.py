"""Texts that people send: which ones are taken, and what is said of the others."""

from collections.abc import Mapping
from typing import Final

NO_NUL: Final = r"^[^\x00]*$"  # the one character that no text in PostgreSQL can hold
SOMETHING: Final = r"^[^\x00]*[^\x00\s][^\x00]*$"  # the same, and not spaces alone
NAMES: Final = r"^[^\x00]{0,400}$"
CODE: Final = r"^P[0-9]{3,}$"
SLUG: Final = r"^[a-z0-9]+(-[a-z0-9]+)*$"
DB_LOGIN: Final = r"^[a-z_][a-z0-9_$]{0,62}$"

NUL_SENT: Final = "A text cannot hold the character NUL. Please leave it out."

# A pattern says little to people, and some would show the character that they forbid.
MUST_BE: Final[Mapping[str, str]] = {
    SOMETHING: "a text that says something",
    NAMES: "at most 400 characters",
    CODE: "P and at least three digits, such as P017",
    SLUG: "small letters and digits, with hyphens between them",
    DB_LOGIN: "a login of PostgreSQL: small letters, digits and _",
}
