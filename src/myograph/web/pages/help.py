"""What each number means: where every number of a page leads."""

from fastapi import APIRouter, Request, Response

from myograph.analysis.method import METHOD
from myograph.web.deps import Visitor
from myograph.web.pages.measures import MEASURES
from myograph.web.templating import render

router = APIRouter(include_in_schema=False)


@router.get("/help")
def help_page(request: Request, visitor: Visitor) -> Response:  # noqa: ARG001 - for those signed in
    return render(request, "help.html", measures=MEASURES, method=METHOD)
