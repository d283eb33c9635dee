"""The pages as the server sends them; what browsers make of them is in tests/browser."""

import gzip
import re
import time
from types import SimpleNamespace
from uuid import uuid4

import pytest

from myograph.storage.objects import folder_store
from myograph.worker.run import run_until_empty
from tests.game_files import game_file

PAGE = {"Accept": "text/html"}


@pytest.fixture
def work_off(served, site_database):
    """Do every job that waits."""
    url, store = site_database.url("myograph_work"), folder_store(served.root)
    return lambda: run_until_empty(url, store, pseudonym_key="k" * 32)


@pytest.fixture
def upload(served, work_off):
    """A session of ann's that is done: its id."""

    def put(content, name="x.c3d", **said):
        answer = served.as_("ann").put(f"/api/uploads/{name}", content=content, params=said)
        work_off()
        return answer.json()["session_id"]

    return put


def get(served, path, who="ann", **headers):
    return served.as_(who, **PAGE, **headers).get(path)


@pytest.mark.parametrize("path", ["/", "/sessions", "/upload", "/help"])
def test_strangers_are_led_to_the_sign_in_and_back(served, path):
    answer = get(served, path, who=None)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=")


@pytest.mark.parametrize("path", ["/", "/sessions", "/upload", "/help", "/sign-in"])
def test_no_page_has_anything_inline_or_from_elsewhere(served, path, analysed_session):
    text = get(served, path).text + get(served, f"/sessions/{analysed_session}").text
    assert "style=" not in text
    assert re.findall(r"<script(?![^>]*\bsrc=)", text) == []
    assert "<style" not in text
    assert re.findall(r"\son[a-z]+=", text) == []
    assert re.findall(r"(?:src|href)=\"(?!/|#|\?)", text) == []


def test_the_first_load_of_a_session_is_small(served, upload, new_recording):
    """At most 60 kB on the wire with style and scripts, for 2 channels and 40 contractions."""
    session = upload(new_recording(60.0), patient="P101", left="CH1", right="CH2")
    page = get(served, f"/sessions/{session}")
    assert page.text.count('class="mark ') >= 40
    assets = set(re.findall(r'"(/static/[^"]+|/sessions/[^"]+/print\.css)"', page.text))
    sent = [page.content, *(get(served, address).content for address in assets)]
    assert sum(len(gzip.compress(content, 6)) for content in sent) < 60_000


def test_a_session_shows_its_numbers_with_links_to_what_they_mean(served, analysed_session):
    text = get(served, f"/sessions/{analysed_session}").text
    help_page = get(served, "/help").text
    for key in set(re.findall(r'href="/help#([a-z]+)"', text)):
        assert f'id="{key}"' in help_page
    assert "P101" in text
    assert "Left quadriceps" in text


def test_the_live_fragment_is_not_sent_twice(served, analysed_session):
    first = get(served, f"/sessions/{analysed_session}/live")
    again = get(
        served, f"/sessions/{analysed_session}/live", **{"If-None-Match": first.headers["ETag"]}
    )
    assert (first.status_code, again.status_code) == (200, 304)
    assert first.text.lstrip().startswith('<div id="session"')


@pytest.mark.parametrize("path", ["/overview/counts", "/overview/lists", "/sessions/live"])
def test_every_live_part_names_the_address_it_is_fetched_from(served, path):
    answer = get(served, path)
    assert f'data-live="{path}"' in answer.text
    assert "<html" not in answer.text


def test_a_window_is_kept_by_browsers_only_under_the_version_it_shows(served, analysed_session):
    page = get(served, f"/sessions/{analysed_session}").text
    version = re.search(r'data-version="([^"]+)"', page)[1]
    path = f"/sessions/{analysed_session}/signal?start=1&end=3&columns=500"
    kept = get(served, f"{path}&v={version}")
    other = get(served, f"{path}&v=old")
    assert kept.headers["cache-control"] == "private, max-age=86400"
    assert other.headers["cache-control"] == "private, no-cache"
    assert kept.text == other.text
    assert 'data-start="1.000"' in kept.text
    assert "<html" not in kept.text


def test_a_window_that_cannot_be_drawn_is_an_error_with_a_sentence(served, upload):
    failed = upload(b"no recording")
    answer = get(served, f"/sessions/{failed}/signal")
    assert answer.status_code == 410
    assert "before the recording is processed" in answer.text


def test_a_recording_that_is_gone_leaves_all_numbers(served, upload, new_recording):
    session = upload(new_recording(), name="gone.c3d", patient="P101", left="CH1", right="CH2")
    next(served.root.rglob("gone.c3d")).unlink()
    text = get(served, f"/sessions/{session}").text
    assert "The recording is no longer in storage. All numbers stay." in text
    assert "Muscles" in text


def test_a_recording_known_to_be_gone_says_since_when(served, upload, new_recording, site_database):
    session = upload(new_recording(), name="since.c3d")
    with site_database.connect("postgres") as conn:
        conn.execute(
            "UPDATE therapy_sessions SET object_gone_at = '2026-01-02 12:00Z' WHERE id = %s",
            [session],
        )
    assert "missing since 2 January 2026" in get(served, f"/sessions/{session}").text


def test_a_store_that_does_not_answer_takes_only_the_drawing(served, upload, new_recording):
    session = upload(new_recording(), name="odd.c3d")
    path = next(served.root.rglob("odd.c3d"))
    path.write_bytes(path.read_bytes()[:600])
    text = get(served, f"/sessions/{session}").text
    assert "cannot be drawn now" in text or "no longer in storage" in text


def test_marks_of_a_duplicate_and_of_a_claimed_patient(served, upload, new_recording):
    content = new_recording()
    first, second = upload(content, name="one.c3d"), upload(content, name="two.c3d")
    text = get(served, f"/sessions/{second}").text
    assert f'href="/sessions/{first}"' in text
    assert "counts in no dose or trend" in text


def test_what_is_waiting_shows_its_stages_and_no_empty_tiles(served, new_recording, work_off):
    answer = served.as_("ann").put("/api/uploads/wait.c3d", content=new_recording())
    session = answer.json()["session_id"]
    text = get(served, f"/sessions/{session}").text
    assert "data-pending" in text
    assert "On its way" in text
    assert "Overall score" not in text
    part = get(served, f"/upload/files/{session}").text
    assert "data-pending" in part
    work_off()
    assert "data-pending" not in get(served, f"/upload/files/{session}").text


def test_the_settings_form_scores_the_session(served, upload, new_recording, work_off, monkeypatch):
    monkeypatch.setattr("myograph.web.pages.session.SCORED_WITHIN_S", 0.1)
    session = upload(new_recording(20.0))
    said = {"patient": "P101", "left": "CH1", "right": "CH2", "rpe": "5"}
    answer = served.as_("ann", **PAGE).post(f"/sessions/{session}/settings", data=said)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/sessions/{session}#scores"
    work_off()
    text = get(served, f"/sessions/{session}").text
    assert 'data-score="effort">100.0' in text
    assert "P101" in text


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"left": "CH1", "right": "CH1"}, "CH1 cannot be on both legs"),
        ({"rpe": "11"}, "whole number from 0 to 10"),
        ({"rpe": "five"}, "whole number from 0 to 10"),
        ({"patient": "P102"}, "There is no patient P102, or it is not one of yours."),
    ],
)
def test_what_cannot_be_right_is_refused_with_what_was_typed(
    served, analysed_session, said, sentence
):
    answer = served.as_("ann", **PAGE).post(f"/sessions/{analysed_session}/settings", data=said)
    assert answer.status_code == 422
    assert sentence in answer.text
    if "rpe" in said:
        assert f'value="{said["rpe"]}"' in answer.text


def test_the_answer_to_the_form_waits_for_the_scores(
    served, upload, new_recording, work_off, monkeypatch
):
    worker_has_its_turn = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: work_off())
    monkeypatch.setattr("myograph.web.pages.session.time", worker_has_its_turn)
    session = upload(new_recording(20.0), patient="P101", left="CH1", right="CH2")
    answer = served.as_("ann", **PAGE).post(f"/sessions/{session}/settings", data={"rpe": "4"})
    assert 'data-score="effort">100.0' in get(served, answer.headers["location"]).text


RECOVER = "Recover what is there"


def test_a_recording_that_breaks_off_is_recovered_where_somebody_asks(served, upload, work_off):
    session = upload(game_file(finalised=False, seed=711), patient="P101")
    page = get(served, f"/sessions/{session}").text
    assert "signal can be recovered." in page
    assert "--recover" not in page
    assert f'action="/sessions/{session}/recover"' in page
    answer = served.as_("ann", **PAGE).post(f"/sessions/{session}/recover")
    assert answer.status_code == 303
    assert "data-pending" in get(served, answer.headers["location"]).text
    work_off()
    page = get(served, answer.headers["location"]).text
    assert "Recovered: the file was not whole" in page
    assert page.count('class="mark ') == 6
    assert RECOVER not in page


def test_a_researcher_is_not_asked_to_recover(served, upload):
    session = upload(game_file(finalised=False, seed=712), patient="P101")
    assert RECOVER in get(served, f"/sessions/{session}").text
    assert RECOVER not in get(served, f"/sessions/{session}", who="rae").text


def test_another_site_cannot_have_a_recording_recovered(served, upload):
    session = upload(game_file(finalised=False, seed=713), patient="P101")
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = served.as_("ann", **PAGE, **headers).post(f"/sessions/{session}/recover")
    assert answer.status_code == 403
    assert RECOVER in get(served, f"/sessions/{session}").text


def test_what_is_not_c3d_cannot_be_recovered(served, upload):
    session = upload(b"no recording at all", patient="P101")
    assert RECOVER not in get(served, f"/sessions/{session}").text
    answer = served.as_("ann", **PAGE).post(f"/sessions/{session}/recover")
    assert answer.status_code == 422
    assert "There is nothing to recover" in answer.text


def test_twins_lead_to_each_other_as_far_as_the_visitor_may_see_them(served, upload, site_database):
    content = game_file(seed=714)
    first = upload(content, patient="P101")
    second = upload(content, name="again.c3d", patient="P101")
    assert f'came again: <a href="/sessions/{second}"' in get(served, f"/sessions/{first}").text
    assert f'before: <a href="/sessions/{first}"' in get(served, f"/sessions/{second}").text
    # Ann may see both, Bob only what he uploaded himself.
    answer = served.as_("bob").put("/api/uploads/third.c3d", content=content)
    third = answer.json()["session_id"]
    run_until_empty(
        site_database.url("myograph_work"), folder_store(served.root), pseudonym_key="k" * 32
    )
    page = get(served, f"/sessions/{third}", who="bob").text
    assert "This recording is a duplicate and counts in no dose or trend." in page
    assert "Statistics are shared" not in page
    assert str(first) not in page
    assert third not in get(served, f"/sessions/{first}").text
    assert third in get(served, f"/sessions/{first}", who="ada").text
    told = {who: served.as_(who).get(f"/api/sessions/{third}").json() for who in ("bob", "ada")}
    assert (told["bob"]["duplicate"], told["bob"]["duplicate_of"]) == (True, None)
    assert (told["ada"]["duplicate"], told["ada"]["duplicate_of"]) == (True, str(first))


def test_how_often_statistics_were_used_again_is_for_administrators(served, upload):
    content = game_file(seed=716)
    first = upload(content, patient="P101")
    upload(content, name="again.c3d", patient="P101")
    upload(content, name="once-more.c3d", patient="P101")
    hits = {
        who: served.as_(who).get(f"/api/sessions/{first}").json()["cache_hits"]
        for who in ("ann", "rae", "ada")
    }
    assert hits == {"ann": None, "rae": None, "ada": 2}
    assert "used again 2 times" in get(served, f"/sessions/{first}", who="ada").text
    shared = get(served, f"/sessions/{first}").text
    assert "Statistics are shared with those uploads of the same bytes. This one counts." in shared
    assert re.search(
        r"were used again \d+ times?, for other uploads", get(served, "/monitoring", who="ada").text
    )


def test_a_duplicate_counts_once_somebody_says_so(served, upload, work_off):
    content = game_file(seed=715)
    first = upload(content, patient="P101")
    second = upload(content, name="again.c3d", patient="P101")
    address = f"/sessions/{second}/own"
    assert f'action="{address}"' in get(served, f"/sessions/{second}").text
    assert f'action="{address}"' not in get(served, f"/sessions/{second}", who="rae").text
    assert served.as_("ann", **PAGE).post(address).status_code == 303
    work_off()
    assert "very same recording" not in get(served, f"/sessions/{second}").text
    assert "very same recording" not in get(served, f"/sessions/{first}").text


def test_saying_something_of_a_session_that_waits_does_not_wait_for_scores(served, new_recording):
    answer = served.as_("ann").put("/api/uploads/soon.c3d", content=new_recording())
    session = answer.json()["session_id"]
    saved = served.as_("ann", **PAGE).post(f"/sessions/{session}/settings", data={"rpe": "4"})
    assert saved.status_code == 303


def test_a_researcher_sees_numbers_and_a_pseudonym_but_neither_code_nor_form(
    served, analysed_session
):
    text = get(served, f"/sessions/{analysed_session}", who="rae").text
    assert "P101" not in text
    assert "a.c3d" not in text
    assert "not open to you" in text
    assert "Save and score" not in text
    assert get(served, "/upload", who="rae").status_code == 403


def test_other_people_s_sessions_are_nowhere(served, analysed_session):
    assert get(served, f"/sessions/{analysed_session}", who="bob").status_code == 404
    assert analysed_session not in get(served, "/sessions", who="bob").text
    assert get(served, f"/sessions/{analysed_session}/print.css", who="bob").status_code == 404


def test_a_page_that_is_not_there_says_so(served):
    answer = get(served, f"/sessions/{uuid4()}")
    assert answer.status_code == 404
    assert "There is no such session, or it is not one of yours." in answer.text


def test_the_patient_stands_in_the_margin_of_paper(served, analysed_session):
    answer = get(served, f"/sessions/{analysed_session}/print.css")
    assert answer.headers["content-type"].startswith("text/css")
    assert 'content: "P101 · Session of 10 March 2025, 11:46 · research use"' in answer.text


def test_filters_stand_in_the_address_and_nonsense_is_left_out(served, analysed_session):
    assert analysed_session in get(served, "/sessions?patient=P101&state=completed").text
    assert analysed_session not in get(served, "/sessions?patient=P999").text
    assert analysed_session not in get(served, "/sessions?state=failed").text
    for nonsense in ("state=odd", "before=yesterday", "before=2025-01-01~x", "patient=%00"):
        assert get(served, f"/sessions?{nonsense}").status_code == 200


def test_older_sessions_are_a_link_away_and_none_is_shown_twice(
    served, upload, new_recording, monkeypatch
):
    monkeypatch.setattr("myograph.web.pages.sessions.PAGE", 2)
    for n in range(3):
        upload(new_recording(), name=f"many-{n}.c3d", patient="P101")
    seen, path = [], "/sessions?patient=P101"
    while path:
        text = get(served, path).text
        seen += re.findall(r'<th scope="row" class="when"><a href="/sessions/([^"]+)"', text)
        following = re.search(r'href="(/sessions\?[^"]*before=[^"]+)"', text)
        path = following and following[1].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) >= 4
    assert "Newest" in text


def test_a_form_without_a_script_ends_on_a_page_that_lists_what_became_of_each_file(
    served, new_recording
):
    files = [("files", ("form.c3d", new_recording())), ("files", ("note.txt", b"x"))]
    answer = served.as_("ann", **PAGE).post("/upload", files=files)
    assert answer.status_code == 303
    text = get(served, answer.headers["location"]).text
    assert "form.c3d" in text
    assert "note.txt" in text
    assert "does not end in .c3d" in text


def test_an_address_of_results_that_are_not_mine_shows_nothing_of_them(served, analysed_session):
    text = get(served, f"/upload?session={analysed_session}&session={uuid4()}", who="bob")
    assert "a.c3d" not in text.text


@pytest.mark.parametrize(
    ("chosen", "cookie"), [("dark", "theme=dark"), ("light", "theme=light"), ("pink", 'theme=""')]
)
def test_the_theme_is_kept_in_a_cookie(served, chosen, cookie):
    answer = served.as_("ann", **PAGE).post("/theme", data={"theme": chosen, "next": "/help"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/help"
    assert answer.headers["set-cookie"].startswith(cookie)


def test_the_theme_form_leads_nowhere_else(served):
    answer = served.as_("ann").post(
        "/theme", data={"theme": "dark", "next": "https://evil.example"}
    )
    assert answer.headers["location"] == "/"
