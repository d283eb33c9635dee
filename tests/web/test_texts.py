"""What no text in PostgreSQL can hold is refused wherever a text is taken."""

from collections.abc import Iterator
from itertools import chain
from types import UnionType
from typing import Annotated, Union, get_args, get_origin

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from myograph.web.app import PARTS
from myograph.web.texts import NUL_SENT
from tests.web.test_permissions import leaves

NUL = "a\0b"
HALF = "a\ud800b"  # half a pair of UTF-16, which is no character


def texts_of(hint, place: str, bounds=()) -> Iterator[tuple[str, object]]:
    """Every text that something of this type may hold: where, and what is asked of it."""
    origin, within = get_origin(hint), get_args(hint)
    if hint is str:
        yield place, Annotated[str, *bounds] if bounds else str
    elif origin is Annotated:
        yield from texts_of(within[0], place, (*within[1:], *bounds))
    elif origin in {Union, UnionType}:
        for one in within:
            yield from texts_of(one, place, bounds)
    elif origin in {list, tuple, set, frozenset, dict}:
        for one in within:
            yield from texts_of(one, f"{place}[]")
    elif isinstance(hint, type) and issubclass(hint, BaseModel):
        for name, field in hint.model_fields.items():
            yield from texts_of(field.annotation, f"{place}.{name}", tuple(field.metadata))


def routes():
    return chain.from_iterable(leaves(part.router.routes) for part in PARTS)


def needed_by(dependant):
    yield dependant
    for other in dependant.dependencies:
        yield from needed_by(other)


BODIES = {
    place: hint
    for route in routes()
    for part in needed_by(route.dependant)
    for body in part.body_params
    if isinstance(body.field_info.annotation, type)
    and issubclass(body.field_info.annotation, BaseModel)
    for place, hint in texts_of(
        body.field_info.annotation, f"{' '.join(route.methods)} {route.path}"
    )
}


def test_the_texts_of_bodies_are_found():
    assert {"POST /api/notes.text", "POST /api/tokens.name"} <= set(BODIES)
    assert "PATCH /api/sessions/{session_id}/bfr.left.cuff_size" in BODIES
    assert "PATCH /api/sessions/{session_id}/settings.accepted_poor_channels[]" in BODIES


@pytest.mark.parametrize("hint", BODIES.values(), ids=BODIES)
def test_no_text_of_a_body_takes_what_the_database_cannot_keep(hint):
    for wrong in (NUL, HALF):
        with pytest.raises(ValidationError):
            TypeAdapter(hint).validate_python(wrong)


@pytest.mark.parametrize("hint", BODIES.values(), ids=BODIES)
def test_a_text_of_spaces_is_as_good_as_none(hint):
    takes_none, takes_spaces = (taken(hint, text) for text in ("", " \t\n\u3000"))
    assert takes_none or not takes_spaces


def taken(hint, text):
    try:
        TypeAdapter(hint).validate_python(text)
    except ValidationError:
        return False
    return True


def test_the_refusal_is_a_sentence(served, analysed_session):
    said = {"left": {"cuff_size": NUL}}
    answer = served.as_("ann").patch(f"/api/sessions/{analysed_session}/bfr", json=said)
    assert answer.status_code == 422
    assert answer.json()["detail"] == NUL_SENT


# ── addresses and forms, which no type bounds everywhere

S = "/sessions/{session}"
BESIDE = [
    ("GET", f"/api{S}/contractions", {"channel": NUL}),
    ("PUT", f"/api{S}/contractions/a%00b", {}),
    ("GET", "/api/signals/{session}/a%00b", {}),
    ("GET", "/api/sessions", {"cursor": NUL}),
    ("GET", "/api/sessions", {"patient": NUL}),
    ("GET", "/api/uploads/events", {"source": NUL}),
    ("PUT", "/api/uploads/a%00b.c3d", {}),
    ("PUT", "/api/uploads/a.c3d", {"patient": NUL}),
    ("PUT", "/api/uploads/a.c3d", {"left": NUL}),
    ("GET", "/api/patients/a%00b", {}),
    ("GET", "/api/notes", {"patient": "P101", "cursor": NUL}),
    ("GET", "/api/scoring/a%00b", {}),
    ("GET", "/api/audit", {"row": NUL}),
    ("GET", "/api/audit", {"cursor": NUL}),
    ("GET", "/sessions", {"patient": NUL, "state": NUL, "before": NUL}),
    ("GET", "/monitoring", {"source": NUL}),
    ("GET", "/monitoring", {"outcome": NUL, "before": NUL}),
    ("GET", f"{S}/signal", {"v": NUL}),
    ("GET", "/static/a%00b/a%00b", {}),
    ("GET", "/sign-in", {"next": NUL}),
    ("GET", "/welcome/a%00b", {}),
]
FORMS = [
    ("/sign-in", {"login": NUL, "password": "x"}),
    ("/sign-in", {"login": "ada", "password": NUL}),
    (f"{S}/settings", {"patient": NUL}),
    (f"{S}/settings", {"left": NUL}),
    (f"{S}/settings", {"rpe": NUL}),
    (f"{S}/contractions", {"action": "place", "contraction": NUL, "start": "1", "end": "2"}),
    (f"{S}/contractions", {"action": "place", "contraction": "CH1", "start": NUL, "end": "2"}),
    (f"{S}/contractions", {"action": "place", "contraction": "CH1", "reason": NUL}),
    ("/theme", {"theme": NUL, "next": NUL}),
    ("/account/tokens", {"name": NUL, "scopes": "read"}),
    ("/account/tokens", {"name": "x", "scopes": NUL}),
    ("/account/password", {"current": NUL, "password": NUL, "again": NUL}),
]


@pytest.mark.parametrize(("method", "address", "query"), BESIDE)
def test_in_an_address_it_is_no_bug(served, analysed_session, method, address, query):
    at = address.format(session=analysed_session)
    answer = served.as_("ada").request(method, at, params=query)
    assert answer.status_code < 500, answer.text


@pytest.mark.parametrize(("address", "form"), FORMS)
def test_in_a_form_it_is_no_bug(served, analysed_session, address, form):
    at = address.format(session=analysed_session)
    answer = served.as_("ada").post(at, data=form)
    assert answer.status_code < 500, answer.text
