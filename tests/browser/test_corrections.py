"""Correcting contractions on the session's page, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser_fixtures import Visitor, recording

pytestmark = pytest.mark.browser

WIDTH = "e => e.getBoundingClientRect().width"  # on paper two columns stand side by side
LEGS = {"patient": "P001", "left": "CH1", "right": "CH2"}


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def corrected(request, site, visit):
    """A page with a session of its own, and how to see what came of it."""
    visitor = Visitor(site.address)
    made = visitor.upload(
        f"edits-{request.param}.c3d", recording(40, seed=51 + request.param), **LEGS
    )
    page = visit(javascript=request.param)
    page.goto(f"/sessions/{made}")

    def look():
        if not request.param:
            visitor.wait(made)
            page.reload()

    return page, look


def choose(page, name):
    page.locator("#correct").evaluate("e => e.open = true")
    options = page.get_by_label("Contraction", exact=True).locator("option").all()
    value = next(o.get_attribute("value") for o in options if o.inner_text().startswith(name))
    page.get_by_label("Contraction", exact=True).select_option(value)


def test_what_is_added_removed_and_taken_back_shows_in_the_table(corrected):
    page, look = corrected
    rows = page.locator("#contractions tr[data-key]")
    count = rows.count()
    choose(page, "Left: a new")
    page.get_by_label("Start (s)").fill("0.2")
    page.get_by_label("End (s)").fill("0.9")
    page.get_by_label("Reason").fill("A short one at the start")
    page.get_by_role("button", name="Save edges").click()
    look()
    expect(rows).to_have_count(count + 1)
    expect(rows.first).to_contain_text("added by Thea")
    expect(page.locator(".edits")).to_contain_text("A short one at the start.")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 720, "height": 1000})
    assert rows.first.evaluate(WIDTH) <= page.locator("#contractions").evaluate(WIDTH) / 2
    page.emulate_media(media="screen")
    choose(page, "Right 1:")
    page.get_by_role("button", name="Remove it").click()
    look()
    expect(rows).to_have_count(count)
    latest = page.locator(".edits li").first
    expect(latest).to_contain_text(re.compile("Removed on Right: .*applied"))
    latest.get_by_role("button", name="Take back").click()
    look()
    expect(rows).to_have_count(count + 1)
    expect(page.locator(".edits")).to_contain_text("Taken back by Thea")


def test_what_cannot_be_is_said_beside_the_form(corrected, watch):
    watch.expected += ["409", "422"]
    page, _ = corrected
    choose(page, "Left: a new")
    page.get_by_label("Start (s)").fill("1")
    page.get_by_label("End (s)").fill("30")
    page.get_by_role("button", name="Save edges").click()
    expect(page.locator("#edit-refused")).to_contain_text("It would overlap the contraction of CH1")
    expect(page.get_by_label("End (s)")).to_have_value("30")


def test_the_further_numbers_of_each_contraction_unfold_and_fit_a_phone(visit, session):
    page = visit(viewport={"width": 400, "height": 800})
    page.goto(session)
    page.get_by_text("More numbers of each contraction").click()
    table = page.locator("#contraction-numbers table")
    expect(table.locator("thead")).to_contain_text("FInsm5")
    shown = page.locator("#contractions tr[data-key]").count()
    expect(table.locator("tbody tr")).to_have_count(shown)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert table.evaluate("t => t.scrollWidth <= t.parentElement.clientWidth")
