"""The viewer alone, for a page that shows another window without loading anew."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from myograph.errors import ObjectGone
from myograph.web.deps import TheSite, Visitor, short_transaction
from myograph.web.pages.loaded import load, view_of
from myograph.web.pages.viewer import version_of
from myograph.web.pages.windows import wish_of
from myograph.web.templating import render

router = APIRouter(include_in_schema=False)
KEPT: Final = "private, max-age=86400"


@router.get("/sessions/{session_id}/signal")
def signal(
    session_id: UUID, request: Request, visitor: Visitor, site: TheSite, v: str = ""
) -> Response:
    """The same fragment as on the page. Kept by browsers where `v` names what is drawn now."""
    with short_transaction(request, visitor) as conn:
        loaded = load(conn, visitor, session_id)
    wish = wish_of(request.url.query)
    drawn, sentence = view_of(site, loaded, wish)
    if drawn is None:
        raise ObjectGone(sentence)
    kept = KEPT if v == version_of(loaded.session) else "private, no-cache"
    return render(
        request,
        "_signal.html",
        headers={"Cache-Control": kept},
        viewer=drawn,
        wish=wish,
        session=loaded.session,
    )
