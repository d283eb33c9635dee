"""What administrators see of deliveries and of whom nobody could reach."""

import re
from contextlib import closing

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from myograph.db import outgoing

pytestmark = pytest.mark.browser

ODD = "Ghostly_Emg_20250310_11-46-23-0823_with_a_name_that_never_seems_to_come_to_its_end.c3d"


@pytest.fixture
def trouble(site, session):
    """A receiver that did not answer, and a change in the store that is stuck."""
    url = site.environment["MYOGRAPH_WORKER_DATABASE_URL"]
    with closing(psycopg.connect(url, autocommit=True)) as conn:
        outgoing.announce_targets(conn, [("trial registry", ["session.analysed"])])
        conn.execute(
            """
            INSERT INTO outgoing_events (target, type, session_id, method, state, problem, tries,
                                         settled_at)
            SELECT 'trial registry', 'session.analysed', %s, '2026.2', s.state, s.problem, s.tries,
                   CASE WHEN s.state <> 'waiting' THEN now() END
              FROM (VALUES ('dead', 'status 503', 6), ('waiting', 'timeout', 2), ('sent', NULL, 1))
                   s (state, problem, tries)
            """,
            [session.rpartition("/")[2]],
        )
        conn.execute(
            """
            INSERT INTO storage_outbox (bucket, name, operation, attempts, problem, due_at)
            VALUES ('emg_data', %s, 'UPDATE', 7, 'The change could not be taken in (DataError).',
                    now() + interval '1 h')
            """,
            [f"P001/{ODD}"],
        )
        yield
        conn.execute("DELETE FROM outgoing_events")
        conn.execute("DELETE FROM storage_outbox")
        outgoing.announce_targets(conn, [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_axe_finds_nothing_where_something_is_wrong(visit, trouble, scheme, width):
    page = visit("anna", color_scheme=scheme, viewport={"width": width, "height": 900})
    page.goto("/monitoring")
    expect(page.get_by_role("heading", name="Told to others")).to_be_visible()
    assert [v["id"] for v in Axe().run(page).response["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    tables = page.locator(".scroll").all()
    assert len(tables) >= 3
    assert all(t.evaluate("t => t.scrollWidth <= t.clientWidth") for t in tables)


def test_an_event_is_sent_again_without_a_script(visit, trouble):
    page = visit("anna", javascript=False)
    page.goto("/monitoring")
    part = page.get_by_role("region", name="Told to others", exact=True)
    expect(part.get_by_role("row").nth(1)).to_contain_text("Given up")
    part.get_by_role("button", name="Send again to trial registry").click()
    expect(page).to_have_url(re.compile("/monitoring#told-title$"))
    expect(part).not_to_contain_text("Given up")
    expect(part.get_by_role("button")).to_have_count(0)


def test_on_paper_there_are_no_buttons(visit, trouble):
    page = visit("anna")
    page.goto("/monitoring")
    page.emulate_media(media="print")
    expect(page.get_by_role("cell", name=ODD)).to_be_visible()
    expect(page.locator("main button:visible")).to_have_count(0)
