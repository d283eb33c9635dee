"""Whether names and sentences are read as they were written, or as they are shown for research.

For research a label is CH1 and the like or its place, and a muscle one that is known: the views of
the database say so, which alone a researcher may read.
"""

from typing import Literal

from myograph.db.identity import Role

Wording = Literal["as_written", "for_research"]


def wording_for(role: Role) -> Wording:
    return "for_research" if role == "researcher" else "as_written"
