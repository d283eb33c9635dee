"""The page of exports in a real browser: the file comes, and stands in the history after."""

import json
import zipfile

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_a_therapist_gets_a_file_and_sees_that_it_was_given(visit, session):
    page = visit("thea", javascript=False)
    page.goto(session)
    page.get_by_role("link", name="Export", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Export")
    expect(page.get_by_label("Why they are needed")).to_have_count(0)
    page.get_by_label("Performance").check()
    with page.expect_download() as coming:
        page.get_by_role("button", name="Export").click()
    with zipfile.ZipFile(coming.value.path()) as archive:
        assert "scores.csv" in archive.namelist()
    page.reload()
    row = page.get_by_role("row").nth(1)
    expect(row).to_contain_text("Performance")
    expect(row).to_contain_text("✓ Made")
    with page.expect_download() as again:
        row.get_by_role("link", name="Once more").click()
    assert again.value.path().read_bytes() == coming.value.path().read_bytes()
    assert again.value.suggested_filename == coming.value.suggested_filename


def test_an_admin_says_why_before_anybody_is_named(visit, session, watch):
    watch.expected += ["422"]
    page = visit("anna")
    page.goto(f"{session}/export")
    page.get_by_label("JSON").check()
    page.get_by_label("With the patient's code").check()
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_role("alert")).to_contain_text("needs a reason")
    expect(page.get_by_label("JSON")).to_be_checked()
    page.get_by_label("Why they are needed").fill("asked for by the ethics board")
    with page.expect_download() as coming:
        page.get_by_role("button", name="Export").click()
    tables = json.loads(coming.value.path().read_text("utf-8"))["tables"]
    assert tables["sessions"][0]["patient_code"] is not None
    page.goto(f"{session}/export")
    expect(page.get_by_role("row").nth(1)).to_contain_text("with identifiers")
    expect(page.get_by_role("row").nth(2)).to_contain_text("needs a reason")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1200])
def test_the_page_is_accessible_and_fits(visit, session, scheme, width):
    page = visit("anna", color_scheme=scheme, viewport={"width": width, "height": 900})
    page.goto(f"{session}/export")
    violations = Axe().run(page).response["violations"]
    assert [(v["id"], [n["html"][:120] for n in v["nodes"]][:3]) for v in violations] == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
