"""axe-core finds nothing on any page, light or dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser_fixtures import Visitor, recording

pytestmark = pytest.mark.browser

PAGES = (
    "/",
    "/sessions",
    "/upload",
    "/help",
    "session",
    "zoomed",
    "unassigned",
    "failed",
    "nowhere",
)


@pytest.fixture(scope="module")
def addresses(site, session):
    visitor = Visitor(site.address)
    unassigned = visitor.upload("unassigned.c3d", recording(seed=41, preset="game", dropouts=2))
    failed = visitor.upload("failed.c3d", b"no recording at all")
    return {
        "session": session,
        "zoomed": f"{session}?start=5&end=9",
        "unassigned": f"/sessions/{unassigned}",
        "failed": f"/sessions/{failed}",
        "nowhere": "/nowhere",
    }


def findings(page):
    violations = Axe().run(page).response["violations"]
    return [(v["id"], [n["html"][:120] for n in v["nodes"]][:3]) for v in violations]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(visit, watch, addresses, name, scheme):
    watch.expected += ["404"]
    page = visit(color_scheme=scheme)
    page.goto(addresses.get(name, name))
    expect(page.locator("h1")).to_have_count(1)
    assert findings(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_where_all_numbers_are_open(visit, session, scheme):
    page = visit(color_scheme=scheme)
    page.goto(session)
    page.locator("#more-numbers > summary").click()
    expect(page.get_by_role("heading", name="Fatigue")).to_be_visible()
    assert findings(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_before_and_after_a_wrong_password(visit, watch, scheme):
    watch.expected += ["401"]
    page = visit(None, color_scheme=scheme)
    page.goto("/sign-in")
    assert findings(page) == []
    page.get_by_label("Name").fill("thea")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    assert findings(page) == []


def test_axe_finds_nothing_on_a_phone(visit, addresses):
    page = visit(viewport={"width": 400, "height": 860})
    page.goto(addresses["session"])
    expect(page.locator("#signal")).not_to_have_attribute("data-columns", "1152")
    assert findings(page) == []


def test_the_first_tab_leads_past_the_navigation(visit):
    page = visit()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
