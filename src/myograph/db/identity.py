"""Who is asking. The database believes it for one transaction and forgets it with the commit."""

import json
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from psycopg import Connection

Role = Literal["therapist", "researcher", "admin"]

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


def become(conn: Connection, person: Person) -> None:
    """Let the rest of this transaction see and do what `person` may.

    Only of use on a connection of the web's login: `app.person()` believes claims nowhere else.
    The policies ask the table `people` for the role too, so a wrong `role` here shows nothing.
    """
    claims = json.dumps({"sub": str(person.id), "role": person.role})
    conn.execute(
        "SELECT set_config('role', %s, true), set_config('request.jwt.claims', %s, true)",
        [ROLES[person.role], claims],
    )
