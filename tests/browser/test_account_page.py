"""Coming in by a link, and one's own account, in a real browser."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
GOOD = "seven grey herons"


@pytest.fixture
def invited(visit):
    """A link that the administrator was shown for somebody new."""

    def link(name):
        admin = visit("anna")
        added = admin.request.post("/api/people", data={"name": name, "role": "therapist"})
        return added.json()["link"]

    return link


def fill_in(page, login):
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password", exact=True).fill(GOOD)
    page.get_by_label("The same password again").fill(GOOD)


def flaws(page):
    """What axe finds, and whether the page scrolls sideways."""
    violations = Axe().run(page).response["violations"]
    found = [(v["id"], [n["html"][:120] for n in v["nodes"]][:3]) for v in violations]
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return found, wide


def test_a_link_lets_somebody_in_who_then_signs_out_everywhere(visit, invited):
    link = invited("Nils Ek")
    page = visit(None, javascript=False)
    page.goto(link)
    expect(page.get_by_text("Nils Ek, therapist")).to_be_visible()
    fill_in(page, "nils")
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    page.get_by_role("link", name="Nils Ek").click()
    page.get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_what_is_wrong_stands_above_the_form_and_is_read_out(visit, invited, watch):
    watch.expected += ["422"]
    page = visit(None)
    page.goto(invited("Nora Ek"))
    fill_in(page, "nora")
    page.get_by_label("The same password again").fill("seven grey geese")
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("alert")).to_contain_text("not the same")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    expect(page.get_by_label("Login")).to_have_value("nora")


def test_a_token_is_made_shown_once_and_revoked(visit):
    page = visit("rosa")
    page.goto("/account")
    page.get_by_label("What it is for").fill("script")
    page.get_by_role("button", name="Make a token").click()
    expect(page.locator("code.secret")).to_have_text(re.compile(r"myo_[\w-]{43}"))
    page.goto("/account")
    expect(page.locator("code.secret")).to_have_count(0)
    page.get_by_role("button", name="Revoke script").click()
    expect(page.get_by_role("cell", name="revoked")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1200])
def test_the_pages_are_accessible_and_fit(visit, invited, scheme, width):
    link = invited("Nina Ek")
    page = visit("thea", color_scheme=scheme, viewport={"width": width, "height": 900})
    for address in ("/account", link, "/sign-in"):
        page.goto(address)
        assert flaws(page) == ([], False)
