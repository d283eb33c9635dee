"""Who is asking. The database believes it for one transaction and forgets it with the commit."""

import json
from dataclasses import asdict, dataclass
from typing import Final, Literal
from uuid import UUID

from psycopg import Connection

Role = Literal["therapist", "researcher", "admin"]
Via = Literal["cookie", "token", "jwt", "command"]

ROLES: dict[Role, str] = {
    "therapist": "myograph_therapist",
    "researcher": "myograph_researcher",
    "admin": "myograph_admin",
}


@dataclass(frozen=True, slots=True)
class Person:
    id: UUID
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Context:
    """How a request came, for the record of who did what. None: not known, or not asked for.

    address   the network address it came from
    request   its number, as in X-Request-ID and the log
    via       how whoever asks was recognised
    reason    why, in the person's words
    """

    address: str | None = None
    request: str | None = None
    via: Via | None = None
    reason: str | None = None

    def written(self) -> str:
        """As JSON, without what is not known."""
        return json.dumps({k: v for k, v in asdict(self).items() if v is not None})


UNKNOWN: Final = Context()


def become(conn: Connection, person: Person, context: Context = UNKNOWN) -> None:
    """Let the rest of this transaction see and do what `person` may.

    Only of use on a connection of the web's login: `app.person()` believes claims nowhere else, and
    nobody should believe `myograph.context` elsewhere either. The policies ask the table `people`
    for the role too, so a wrong `role` here shows nothing.
    """
    claims = json.dumps({"sub": str(person.id), "role": person.role})
    conn.execute(
        """
        SELECT set_config('role', %s, true), set_config('request.jwt.claims', %s, true),
               set_config('myograph.context', %s, true)
        """,
        [ROLES[person.role], claims, context.written()],
    )


def tell(conn: Connection, context: Context) -> None:
    """How this request came, where nobody has been recognised yet."""
    conn.execute("SELECT set_config('myograph.context', %s, true)", [context.written()])
