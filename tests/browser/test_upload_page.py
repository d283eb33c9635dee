"""From a dropped file to scores, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser_fixtures import recording

pytestmark = pytest.mark.browser

DROP = """([name, bytes]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([new Uint8Array(bytes)], name));
  const form = document.querySelector("form[data-upload]");
  for (const kind of ["dragover", "drop"]) {
    const options = { dataTransfer: transfer, bubbles: true, cancelable: true };
    form.dispatchEvent(new DragEvent(kind, options));
  }
}"""


def file(name, content):
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def test_chosen_files_show_their_stages_and_end_as_links_or_sentences(visit, watch):
    watch.expected += ["422"]
    page = visit()
    page.goto("/upload")
    page.get_by_label("Patient").select_option("P001")
    page.get_by_label("Left leg").select_option("CH1")
    page.get_by_label("Right leg").select_option("CH2")
    page.get_by_label("C3D recordings").set_input_files(
        [
            file("one.c3d", recording(seed=21)),
            file("words.c3d", b"these are only words"),
            file("picture.png", b"\x89PNG"),
        ]
    )
    items = page.locator("#files > li")
    expect(items).to_have_count(3)
    one, words, picture = (
        items.filter(has_text=name) for name in ("one.c3d", "words.c3d", "picture.png")
    )
    expect(one.get_by_role("link", name="Open the session")).to_be_visible()
    expect(one.locator(".stages li.done")).to_have_count(4)
    expect(words).to_contain_text("✕")
    expect(words).to_contain_text("not a C3D file")
    expect(words).to_contain_text("The file is kept.")
    expect(picture).to_contain_text("does not end in .c3d")
    one.get_by_role("link", name="Open the session").click()
    expect(page.locator("[data-score=overall]")).to_have_text(re.compile(r"^[\d.]+ / 100$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("P001")


def test_a_file_dropped_on_the_overview_goes_its_way_live(visit):
    page = visit()
    content = recording(seed=22, seconds=20)
    before = int(page.locator("#counts dd").nth(1).inner_text())
    page.evaluate(DROP, ["dropped.c3d", list(content)])
    item = page.locator("#files > li")
    expect(item.get_by_role("link", name="Open the session")).to_be_visible()
    expect(item).to_contain_text("no overall score")
    expect(page.locator("#status")).not_to_have_text("")
    assert before >= 0


def test_the_same_file_again_says_so_and_leads_to_the_first(visit):
    page = visit()
    page.goto("/upload")
    content = recording(seed=23, seconds=20)
    chooser = page.get_by_label("C3D recordings")
    chooser.set_input_files(file("first.c3d", content))
    expect(page.get_by_role("link", name="Open the session")).to_have_count(1)
    chooser.set_input_files(file("again.c3d", content))
    again = page.locator("#files > li").filter(has_text="again.c3d")
    expect(again).to_contain_text("The very same recording is here already")
    again.get_by_role("link", name="the first one").click()
    expect(page.locator(".facts")).to_contain_text("first")


def test_a_session_page_that_is_open_while_it_is_processed_shows_the_scores_by_itself(visit):
    page = visit()
    page.goto("/sessions")
    other = visit()
    other.goto("/upload")
    other.get_by_label("Patient").select_option("P002")
    other.get_by_label("Left leg").select_option("CH1")
    other.get_by_label("Right leg").select_option("CH2")
    other.get_by_label("C3D recordings").set_input_files(file("live.c3d", recording(seed=24)))
    row = page.locator("tbody tr").filter(has_text="P002").first
    expect(row).to_contain_text("Processed")
    expect(row).to_contain_text("of 12")


def test_without_a_script_a_plain_form_does_the_same(visit):
    page = visit(javascript=False)
    page.goto("/upload")
    page.get_by_label("C3D recordings").set_input_files(
        [file("plain.c3d", recording(seed=25, seconds=20)), file("note.txt", b"no")]
    )
    page.get_by_role("button", name="Upload").click()
    expect(page).to_have_url(re.compile(r"/upload\?"))
    items = page.locator("#files > li")
    expect(items).to_have_count(2)
    expect(items.filter(has_text="note.txt")).to_contain_text("✕")
    item = items.filter(has_text="plain.c3d")
    for _ in range(50):
        if item.get_by_role("link", name="Open the session").count():
            break
        page.reload()
    item.get_by_role("link", name="Open the session").click()
    expect(page.locator("#viewer svg")).not_to_have_count(0)


def test_where_the_stream_is_silent_the_page_asks_by_itself(visit, watch):
    """Some proxies hold an event stream back; then the fragments are polled."""
    watch.expected += ["Failed to load resource", "ERR_"]
    page = visit()
    page.route("**/api/events*", lambda route: route.abort())
    page.goto("/upload")
    page.get_by_label("C3D recordings").set_input_files(
        file("silent.c3d", recording(seed=26, seconds=20))
    )
    expect(page.get_by_role("link", name="Open the session")).to_be_visible(timeout=15_000)
