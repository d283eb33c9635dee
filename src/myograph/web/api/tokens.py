"""Personal tokens of whoever asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from myograph.db import tokens
from myograph.db.tokens import Scope, Token
from myograph.services.come_in import LONGEST_TOKEN_DAYS, TOKEN_DAYS, token_of_visitor
from myograph.web.api.etag import EtagRoute
from myograph.web.deps import Transaction, Visitor, short_transaction
from myograph.web.recognise import needs
from myograph.web.texts import SOMETHING

router = APIRouter(prefix="/api/tokens", tags=["tokens"], route_class=EtagRoute)


class Wanted(BaseModel):
    """A token for `name`, which may do what `scopes` say, for so many days."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=SOMETHING)]
    scopes: Annotated[list[Scope], Field(min_length=1)] = ["read"]
    days: Annotated[int, Field(ge=1, le=LONGEST_TOKEN_DAYS)] = TOKEN_DAYS


@dataclass(frozen=True, slots=True)
class MadeToken:
    """`token` is shown this once: send it as `Authorization: Bearer myo_...`."""

    id: UUID
    token: str
    scopes: Sequence[Scope]
    expires_at: datetime


@router.get("")
def own(conn: Transaction, visitor: Visitor) -> list[Token]:
    """Newest first, those that are good for nothing any more too; never what they are."""
    return tokens.of_person(conn, visitor.id)


@router.post("", status_code=HTTPStatus.CREATED)
@needs("sign-in")
def add(request: Request, visitor: Visitor, wanted: Wanted) -> MadeToken:
    with short_transaction(request, visitor) as conn:
        made = token_of_visitor(conn, wanted.name, scopes=wanted.scopes, days=wanted.days)
        [kept] = [t for t in tokens.of_person(conn, visitor.id) if t.id == made.id]
    return MadeToken(made.id, made.secret, kept.scopes, kept.expires_at)


@router.delete("/{token_id}", status_code=HTTPStatus.NO_CONTENT)
def revoke(token_id: UUID, conn: Transaction, _: Visitor) -> None:
    """At once. Twice is once."""
    tokens.revoke(conn, token_id)
