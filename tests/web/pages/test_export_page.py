"""The page on which one session is exported, as every role sees it."""

import pytest

from tests.export.files import from_csv, from_json

WHY = "asked for by the ethics board"


@pytest.fixture
def opened(served, analysed_session):
    def seen(login, **form):
        address = f"/sessions/{analysed_session}/export"
        browser = served.as_(login, Accept="text/html")
        return browser.post(address, data=form) if form else browser.get(address)

    return seen


@pytest.mark.parametrize(
    ("form", "read"),
    [
        ("csv", from_csv),
        ("csv-semicolon", lambda content: from_csv(content, ";")),
        ("json", from_json),
    ],
)
def test_what_is_chosen_is_what_comes(opened, analysed_session, form, read):
    answer = opened("ann", kind="bfr_safety_report", form=form)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    tables = read(answer.content)
    assert tables["sessions"][0]["session"] == analysed_session
    assert "gates" in tables


def test_only_an_admin_is_asked_about_identifiers(opened):
    assert "With the patient's code" not in opened("ann").text.replace("&#39;", "'")
    assert "With the patient's code" in opened("ada").text.replace("&#39;", "'")
    refused = opened("ann", kind="statistics_only", form="json", identifiers="true", reason=WHY)
    assert refused.status_code == 422
    assert "Only an administrator may export with identifiers." in refused.text


def test_an_admin_who_says_why_gets_them(opened):
    refused = opened("ada", form="json", identifiers="true", reason=" ")
    assert refused.status_code == 422
    assert "needs a reason" in refused.text
    answer = opened("ada", form="json", identifiers="true", reason=WHY)
    assert from_json(answer.content)["sessions"][0]["patient_code"] == "P101"


def test_it_lists_ones_own_and_for_an_admin_everybodys(opened, someone_new):
    assert opened("ann", form="json").status_code == 200
    login = someone_new("admin")
    mine = opened(login, form="excel")
    assert mine.status_code == 200
    listed = opened(login).text
    assert '<td class="wide-only">you</td>' in listed
    assert '<td class="wide-only">Ann</td>' in listed
    assert listed.count("Once more<span") == 1  # what others made is theirs
    assert mine.headers["location"] + "/file" in listed
    of_ann = opened("ann").text
    assert '<td class="wide-only">Ann</td>' not in of_ann
    assert login not in of_ann
    assert mine.headers["location"] not in of_ann


def test_one_that_failed_says_why_to_whoever_tried(opened):
    opened("ada", form="json", identifiers="true")
    assert "An export with identifiers needs a reason" in opened("ada").text


@pytest.mark.parametrize("asked", [{"form": "pdf"}, {"kind": "everything"}, {"reason": "x" * 1001}])
def test_what_the_page_does_not_offer_is_refused(opened, asked):
    assert opened("ada", **asked).status_code == 422


def test_a_session_leads_there_once_there_is_something_to_export(served, analysed_session):
    page = served.as_("ann").get(f"/sessions/{analysed_session}", headers={"Accept": "text/html"})
    assert f'href="/sessions/{analysed_session}/export"' in page.text
