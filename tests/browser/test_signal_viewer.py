"""The viewer in a real browser: keys, drag, links, a server that fails."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

WHOLE = re.compile(r"0\.0 to 60\.\d s")


def shown(page):
    signal = page.locator("#signal")
    return tuple(float(signal.get_attribute(f"data-{edge}")) for edge in ("start", "stop"))


def paths(page):
    return page.locator("#viewer path").evaluate_all("all => all.map(p => p.getAttribute('d'))")


@pytest.fixture
def page(visit, session):
    page = visit(viewport={"width": 1280, "height": 1600})
    page.goto(session)
    expect(page.locator("#resolution")).to_have_text(WHOLE)
    return page


def test_keys_move_zoom_and_return(page):
    viewer = page.locator("#viewer")
    viewer.focus()
    viewer.press("+")
    expect(page.locator("#resolution")).to_contain_text("15.0 to 45.0 s")
    viewer.press("ArrowRight")
    expect(page.locator("#resolution")).to_contain_text("30.0 to 60.0 s")
    viewer.press("ArrowLeft")
    viewer.press("-")
    expect(page.locator("#resolution")).to_have_text(WHOLE)
    viewer.press("+")
    viewer.press("0")
    expect(page.locator("#resolution")).to_have_text(WHOLE)
    expect(viewer).to_be_focused()


def test_n_and_p_go_from_contraction_to_contraction(page):
    rows = page.locator("tbody a.show")
    viewer = page.locator("#viewer")
    viewer.focus()
    seen = []
    for n in range(2):
        viewer.press("n")
        expect(page.locator("#signal")).to_have_attribute(
            "data-start", rows.nth(n).get_attribute("data-start")
        )
        seen.append(shown(page))
    viewer.press("p")
    expect(page.locator("#signal")).to_have_attribute("data-start", f"{seen[0][0]:.3f}")


def test_a_dragged_window_is_an_address_that_shows_the_same_again(page):
    box = page.locator(".signal-view").bounding_box()
    y = box["y"] + box["height"] / 3
    page.mouse.move(box["x"] + box["width"] * 0.2, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.3, y)
    page.mouse.move(box["x"] + box["width"] * 0.4, y)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"start=1\d\.\d+&end=2\d\.\d+"))
    expect(page.locator(".overview")).to_be_attached()
    start, stop = shown(page)
    assert (start, stop) == pytest.approx((0.2 * 60, 0.4 * 60), abs=0.3)
    before = page.url, shown(page), paths(page)
    page.reload()
    assert (page.url, shown(page)) == before[:2]
    expect(page.locator("#resolution")).to_contain_text("s, 1 column")
    assert len(paths(page)) == len(before[2])


def test_wheel_with_control_zooms_at_the_pointer_and_without_it_scrolls(page):
    box = page.locator(".signal-view").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 100)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    expect(page.locator("#resolution")).not_to_have_text(WHOLE)
    start, stop = shown(page)
    assert (start + stop) / 2 == pytest.approx(30, abs=0.5)
    page.mouse.wheel(0, 300)
    page.wait_for_timeout(200)
    assert shown(page) == (start, stop)


def test_double_click_shows_everything_again(page, session):
    page.goto(f"{session}?start=10&end=20")
    box = page.locator(".signal-view").bounding_box()
    page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#resolution")).to_have_text(WHOLE)
    expect(page).to_have_url(re.compile(rf"{session}$"))


def test_deep_in_the_recording_every_sample_is_drawn(page, session):
    page.goto(f"{session}?start=10&end=10.5")
    expect(page.locator("#resolution")).to_contain_text("every sample")
    expect(page.locator("#viewer .samples")).to_have_count(2)


def test_a_mark_is_a_link_with_a_sentence_that_leads_to_its_contraction(page):
    mark = page.get_by_role("link", name=re.compile(r"Left contraction 1: at \d"))
    mark.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("start="))
    expect(page.locator("#viewer")).to_be_focused()


def test_a_row_and_its_band_light_up_together(page):
    row = page.locator("tr[data-key='CH1-1']")
    row.hover()
    expect(page.locator("rect[data-key='CH1-1']")).to_have_class(re.compile(r"\bon\b"))
    page.locator("h1").hover()
    expect(page.locator("rect[data-key='CH1-1']")).not_to_have_class(re.compile(r"\bon\b"))


def test_the_pointer_reads_time_and_envelope(page):
    box = page.locator(".signal-view").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 100)
    expect(page.locator(".readout")).to_have_text(
        re.compile(r"^(29|30)\.\d\d s: Left quadriceps [\d.]+ µV \(\d+ % of target\), Right ")
    )
    page.mouse.move(5, 5)
    expect(page.locator(".readout")).to_have_text("")


def test_layers_and_scale_are_in_the_address(page):
    page.get_by_label("Raw").uncheck()
    expect(page.locator("#viewer .lane .ribbon")).to_have_count(0)
    expect(page).to_have_url(re.compile("show=envelope&show=contractions"))
    page.get_by_label("Own scale").check()
    expect(page).to_have_url(re.compile("scale=own"))
    page.reload()
    expect(page.get_by_label("Raw")).not_to_be_checked()
    expect(page.get_by_label("Own scale")).to_be_checked()
    for layer in ("Envelope", "Contractions"):
        page.get_by_role("checkbox", name=layer).uncheck()
    expect(page).to_have_url(re.compile("show=none"))
    expect(page.locator("#viewer .mark")).to_have_count(0)


def test_what_is_shown_is_announced_once_in_the_status_line(page):
    page.locator("#viewer").focus()
    page.keyboard.press("+")
    expect(page.locator("#status")).to_have_text(re.compile(r"15\.0 to 45\.0 s, 1 column = \d+ ms"))


def test_a_signal_that_cannot_be_fetched_says_so_and_can_be_asked_for_again(page, watch):
    watch.expected += ["503", "Failed to load resource"]
    page.route("**/signal?*", lambda route: route.fulfill(status=503))
    before = paths(page)
    page.locator("#viewer").press("+")
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text("The signal could not be fetched.")
    assert paths(page) == before
    page.unroute("**/signal?*")
    problem.get_by_role("button", name="Try again").click()
    expect(page.locator("#resolution")).to_contain_text("15.0 to 45.0 s")
    expect(problem).to_be_hidden()


def test_without_a_script_the_same_ways_are_links(visit, session):
    page = visit(javascript=False)
    page.goto(session)
    page.get_by_role("link", name="Zoom in").click()
    expect(page.locator("#resolution")).to_contain_text("15.0 to 45.0 s")
    page.get_by_role("link", name="Next contraction").click()
    expect(page).to_have_url(re.compile("start="))
    page.get_by_label("Raw").uncheck()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#viewer .samples, #viewer .lane .ribbon")).to_have_count(0)
    page.get_by_role("link", name="Whole session").click()
    expect(page.locator("#resolution")).to_have_text(WHOLE)
