from fastapi import APIRouter, FastAPI, Response
from fastapi.testclient import TestClient

from myograph.web.api.etag import EtagRoute


def asked(body, status=200, **headers):
    router = APIRouter(route_class=EtagRoute)

    @router.get("/")
    def read():
        return Response(body, status)

    app = FastAPI()
    app.include_router(router)
    return TestClient(app).get("/", headers=headers)


def test_the_same_content_has_the_same_tag_and_other_content_another():
    assert asked("a").headers["etag"] == asked("a").headers["etag"] != asked("b").headers["etag"]


def test_one_of_several_known_tags_suffices():
    tag = asked("a").headers["etag"]
    assert asked("a", **{"If-None-Match": f'W/"x", {tag}'}).status_code == 304


def test_what_is_no_plain_success_has_no_tag():
    assert "etag" not in asked("sorry", 422).headers
