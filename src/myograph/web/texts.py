"""Texts that people send, as the database can keep them."""

from typing import Final

NO_NUL: Final = r"^[^\x00]*$"  # the one character that no text in PostgreSQL can hold
NUL_SENT: Final = "A text cannot hold the character NUL. Please leave it out."
