"""What an endpoint may ask for. Whoever wants the database gets it as somebody, or not at all."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Annotated

import psycopg
from fastapi import Depends, Request
from psycopg import Connection, IsolationLevel

from myograph.db.identity import Context, Person, Role, become
from myograph.errors import DatabaseUnavailable, NotAllowed
from myograph.web.reading import note_reading
from myograph.web.recognise import recognised, refuse_beyond_scope
from myograph.web.site import Site, site_of


def visitor_of(request: Request, *, attended: bool = True) -> Person:
    """Whoever asks, with the role the database gives them now.

    attended   False: their page asks by itself, so it is no sign that they are there
    """
    found = recognised(request, site_of(request), attended=attended)
    request.state.visitor = found.person
    request.state.via = found.via
    refuse_beyond_scope(request, found)
    return found.person


def _visitor(request: Request) -> Person:
    """The same, counted: what looks anew within one request, as a stream does, is no request."""
    person = visitor_of(request)
    site_of(request).rates.of_person(person.id)
    return person


# scope="function" ends a dependency before the response is sent. FastAPI's default ends it after,
# and would answer 200 to a request whose commit then fails. All above one must have it too.
Visitor = Annotated[Person, Depends(_visitor, scope="function")]


@contextmanager
def short_transaction(
    request: Request, person: Person, *, reason: str | None = None
) -> Generator[Connection, None, None]:
    """A transaction as `person`, for streams: they outlive every dependency of their request.

    reason   why it is done, where the person has to say
    """
    with site_of(request).pool.connection() as conn:
        become(conn, person, context_of(request, reason))
        yield conn
        note_reading(conn, request, person)
        _commit(conn)


@contextmanager
def steady_transaction(
    request: Request, person: Person, *, reason: str | None = None
) -> Generator[Connection, None, None]:
    """The same for what is read by many statements: all of them see one moment."""
    with site_of(request).pool.connection() as conn:
        conn.isolation_level = IsolationLevel.REPEATABLE_READ
        try:
            become(conn, person, context_of(request, reason))
            yield conn
            _commit(conn)
        finally:
            conn.rollback()  # nothing is left of it by now, or it failed
            conn.isolation_level = None


def context_of(request: Request, reason: str | None = None) -> Context:
    """How this request came, for the record."""
    return Context(
        address=request.client.host if request.client else None,
        request=getattr(request.state, "request_id", None),
        via=getattr(request.state, "via", None),
        reason=reason,
    )


def _commit(conn: Connection) -> None:
    """Whatever stops a commit, the whole request may simply be made again."""
    try:
        conn.commit()
    except psycopg.Error as exc:
        raise DatabaseUnavailable("Nothing was saved. Please try again in a moment.") from exc


def _transaction(request: Request, visitor: Visitor) -> Iterator[Connection]:
    with short_transaction(request, visitor) as conn:
        yield conn


Transaction = Annotated[Connection, Depends(_transaction, scope="function")]


def only(*roles: Role) -> Callable[[Person], Person]:
    """A dependency that lets these roles through."""

    def allowed(visitor: Visitor) -> Person:
        if visitor.role not in roles:
            raise NotAllowed(f"This takes the role {' or '.join(roles)}; you are a {visitor.role}.")
        return visitor

    return allowed


Uploader = Annotated[Person, Depends(only("therapist", "admin"), scope="function")]
Administrator = Annotated[Person, Depends(only("admin"), scope="function")]


async def _site(request: Request) -> Site:  # async, since a plain function costs a thread
    return site_of(request)


TheSite = Annotated[Site, Depends(_site, scope="function")]
