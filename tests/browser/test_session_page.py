"""The page of a session, in a real browser and on paper."""

import io
import re

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from tests.browser_fixtures import Visitor, recording

pytestmark = pytest.mark.browser


def test_the_sum_on_the_scorecard_can_be_added_up_again(visit, session):
    page = visit()
    page.goto(session)
    written = page.locator("[data-sum]").inner_text()
    parts = re.findall(r"([\d.]+) × ([\d.]+)", written)
    total = sum(float(weight) * float(value) for weight, value in parts)
    shown = float(page.locator("[data-score=overall]").inner_text().split()[0])
    assert total == pytest.approx(shown, abs=0.15)
    assert float(written.rpartition("=")[2]) == shown
    values = {
        page.locator(f"[data-score={key}]").inner_text() for key in ("compliance", "symmetry")
    }
    assert {value for _, value in parts} == values
    assert sum(float(weight) for weight, _ in parts) == pytest.approx(1, abs=0.002)


@pytest.mark.parametrize("javascript", [True, False])
def test_saying_the_legs_makes_the_scores_appear(visit, site, javascript):
    made = Visitor(site.address).upload(
        f"legs-{javascript}.c3d", recording(seed=31 + javascript, seconds=40)
    )
    page = visit(javascript=javascript)
    page.goto(f"/sessions/{made}")
    expect(page.locator("[data-score=compliance]")).to_have_text("not known")
    page.get_by_label("Patient", exact=True).select_option("P002")
    page.get_by_label("Left leg").select_option("CH2")
    page.get_by_label("Right leg").select_option("CH1")
    page.get_by_label("Effort (RPE)", exact=True).fill("5")
    page.get_by_role("button", name="Save and score").click()
    expect(page.locator("[data-score=compliance]")).to_have_text(re.compile(r"^[\d.]+$"))
    expect(page.locator("[data-score=effort]")).to_have_text("100.0")
    expect(page.get_by_role("heading", level=1)).to_contain_text("P002")
    expect(page.locator(".lane-title").first).to_contain_text("Left")


def test_one_channel_on_both_legs_is_refused_in_words(visit, session, watch):
    watch.expected += ["422"]
    page = visit()
    page.goto(session)
    page.locator("#said summary").click() if not page.get_by_label(
        "Left leg"
    ).is_visible() else None
    page.get_by_label("Left leg").select_option("CH1")
    page.get_by_label("Right leg").select_option("CH1")
    page.get_by_role("button", name="Save and score").click()
    expect(page.get_by_role("alert").first).to_contain_text("CH1 cannot be on both legs")


def test_without_a_script_everything_can_be_read(visit, session):
    page = visit(javascript=False)
    page.goto(session)
    expect(page.locator("[data-score=overall]")).to_be_visible()
    expect(page.locator("#viewer .ribbon")).to_have_count(2)
    expect(page.locator("#viewer .masked-foot")).not_to_have_count(0)
    expect(page.get_by_role("row", name=re.compile("Median frequency"))).to_be_visible()
    rows = page.locator("tr[data-key]")
    assert rows.count() == page.locator("#viewer .band").count() > 0


def test_more_numbers_are_folded_away_and_open_without_a_script(visit, session):
    page = visit(javascript=False)
    page.goto(session)
    fatigue = page.get_by_role("heading", name="Fatigue")
    expect(fatigue).to_be_hidden()
    page.locator("#more-numbers > summary").click()
    expect(fatigue).to_be_visible()
    expect(
        page.get_by_role("table", name=re.compile("Variation within contractions"))
    ).to_contain_text("±")
    game = page.get_by_role("table", name=re.compile("game's contractions beside ours"))
    matched = game.get_by_role("row", name=re.compile("^Matched"))
    expect(matched.get_by_role("cell")).to_have_text([re.compile(r"^\d+$")] * 2)


def test_quality_stands_with_its_numbers_and_units(visit, session):
    page = visit(javascript=False)
    page.goto(session)
    quality = page.get_by_role("region", name="Table of signal quality")
    for name, unit in {"Signal to noise": "dB", "Baseline noise": "µV", "Masked": "%"}.items():
        expect(quality.get_by_role("row", name=re.compile(name))).to_contain_text(unit)
    faults = quality.get_by_role("row", name=re.compile("Drop-outs, repeats, spikes"))
    expect(faults).to_contain_text("1 drop-out")


@pytest.mark.parametrize("javascript", [True, False])
def test_paper_shows_what_the_screen_folds_away(visit, session, javascript):
    page = visit(javascript=javascript)
    page.goto(session)
    printed = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    second = printed.pages[1].extract_text()
    for said in ("Fatigue", "Variation within contractions", "Mains hum", "iEMG"):
        assert said in second
    expect(page.get_by_role("heading", name="Fatigue")).to_be_hidden()


def test_it_prints_on_two_pages_that_are_light_even_where_the_screen_is_dark(visit, session):
    page = visit(color_scheme="dark")
    page.goto(session)
    printed = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True, print_background=True)))
    assert len(printed.pages) == 2
    first, second = (p.extract_text() for p in printed.pages)
    assert "Overall score" in first
    assert "Muscles" in first
    assert "P001" in first
    assert "1 / 2" in first
    assert "Contractions" in second
    assert "P001" in second
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


@pytest.mark.parametrize("width", [400, 320])
@pytest.mark.parametrize("path", ["/", "/sessions", "/upload", "/help", "session"])
def test_a_phone_never_scrolls_sideways(visit, session, path, width):
    page = visit(viewport={"width": width, "height": 860})
    page.goto(session if path == "session" else path)
    if path == "session":
        page.locator("#more-numbers > summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_theme_is_kept_and_comes_with_the_first_byte(visit):
    page = visit(color_scheme="light")
    with page.expect_response("**/theme"):
        page.get_by_role("button", name="Switch to Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("button", name="Switch to Light")).to_be_visible()
    answer = page.goto("/sessions")
    assert 'data-theme="dark"' in answer.text()


def test_a_researcher_sees_pseudonyms_and_no_file(visit, session):
    page = visit("rosa")
    page.goto(session)
    expect(page.locator("[data-score=overall]")).to_be_visible()
    text = page.content()
    assert "P001" not in text
    assert "whole.c3d" not in text
    expect(page.get_by_text("The recording itself is not open to you")).to_be_visible()
    expect(page.get_by_role("link", name="Upload")).to_have_count(0)
    expect(page.get_by_role("button", name="Save and score")).to_have_count(0)


def test_a_refused_file_says_why_and_that_it_is_kept(visit, site):
    made = Visitor(site.address).upload("half.c3d", recording(seed=33)[:50_000])
    page = visit()
    page.goto(f"/sessions/{made}")
    expect(
        page.get_by_role("heading", name="This recording could not be processed")
    ).to_be_visible()
    expect(page.locator(".notice.bad")).to_contain_text("The file is kept unchanged")
    expect(page.locator(".stages .stopped")).to_have_count(1)
