"""The log of deliveries, its dead letters, and the page that shows both to administrators."""

import time
from uuid import uuid4

import pytest

from myograph.services.standard_webhooks import signed
from myograph.web.api.webhooks import ADDRESS
from myograph.web.pages.deliveries import OUTCOMES, REASONS
from tests.web.conftest import SOURCE
from tests.web.webhooks.bodies import encoded
from tests.web.webhooks.conftest import inserted

PAGE = {"Accept": "text/html"}
EVENTS = "/api/uploads/events"


@pytest.fixture
def announce(served):
    """A delivery to the webhook; its answer."""

    def send(name, **known):
        body = encoded(inserted(name, **known))
        headers = signed(SOURCE.keys[0], number=str(uuid4()), at=int(time.time()), body=body)
        answer = served.server.post(ADDRESS, content=body, headers=headers)
        assert answer.status_code in {200, 202}
        return answer.json()

    return send


@pytest.fixture
def given_up(announce, site_database):
    """A session that was given up, by the name of its object: its id."""

    def make(name):
        session_id = announce(name)["session_id"]
        with site_database.connect("postgres") as conn:
            conn.execute(
                """
                UPDATE public.therapy_sessions
                   SET processing_status = 'failed', failure_kind = 'gave_up', tries = 5,
                       failure_code = 'gave_up', processing_error_message = 'it broke off'
                 WHERE id = %s
                """,
                [session_id],
            )
            conn.execute("SET LOCAL search_path = queue")
            conn.execute(
                "UPDATE queue.procrastinate_jobs SET status = 'failed'"
                " WHERE args ->> 'session_id' = %s",
                [session_id],
            )
        return session_id

    return make


@pytest.fixture
def jobs_of(site_database):
    def count(session_id):
        with site_database.connect("postgres") as conn:
            return conn.execute(
                "SELECT count(*) FROM queue.procrastinate_jobs"
                " WHERE args ->> 'session_id' = %s AND status = 'todo'",
                [session_id],
            ).fetchone()[0]

    return count


def listed(served, **asked):
    return served.as_("ada").get(EVENTS, params=asked).json()


def test_a_delivery_is_listed_with_what_became_of_it(served, announce):
    session_id = announce(f"P101/{uuid4()}.c3d", version="v1")["session_id"]
    [event, *_] = listed(served)["events"]
    assert event["session_id"] == session_id
    assert (event["source"], event["shape"]) == ("default", "database_webhook")
    assert (event["outcome"], event["session_status"]) == ("created", "pending")
    assert (event["object_version"], event["deliveries"]) == ("v1", 1)
    assert event["dead_letter"] is False


def test_what_was_ignored_is_listed_with_its_reason(served, announce):
    announce("notes.txt")
    [event, *_] = listed(served)["events"]
    assert (event["outcome"], event["reason"], event["session_id"]) == ("ignored", "not_c3d", None)


def test_filters_and_pages_leave_nothing_out(served, announce):
    names = [f"P101/{uuid4()}.c3d" for _ in range(5)]
    for name in names:
        announce(name)
        announce(f"{name}.txt")
    found, cursor = [], None
    while len(found) < 5:
        asked = {"outcome": "created", "source": "default", "state": "pending", "limit": 2}
        page = listed(served, **asked, **({"cursor": cursor} if cursor else {}))
        found += [event["object_name"] for event in page["events"]]
        cursor = page["next"]
    assert found[:5] == names[::-1]
    assert listed(served, source="nobody") == {"events": [], "next": None}


def test_the_list_is_not_sent_twice(served, announce):
    announce("notes.txt")
    first = served.as_("ada").get(EVENTS)
    again = served.as_("ada").get(EVENTS, headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code) == (200, 304)


@pytest.mark.parametrize(
    "wrong", [{"cursor": 0}, {"cursor": 2**63}, {"limit": 201}, {"state": "x"}, {"source": "\0"}]
)
def test_what_the_list_does_not_know_is_refused(served, wrong):
    assert served.as_("ada").get(EVENTS, params=wrong).status_code == 422


def test_a_dead_letter_is_known_by_a_field_and_lives_again_by_replay(served, given_up, jobs_of):
    name = f"P101/{uuid4()}.c3d"
    session_id = given_up(name)
    [event] = [e for e in listed(served)["events"] if e["session_id"] == session_id]
    assert (event["dead_letter"], event["sentence"]) == (True, "it broke off")
    assert jobs_of(session_id) == 0
    answer = served.as_("ada").post(f"{EVENTS}/{event['id']}/replay")
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    assert answer.json()["session_id"] == session_id
    assert jobs_of(session_id) >= 1


def test_replaying_what_is_not_there_is_not_found(served):
    assert served.as_("ada").post(f"{EVENTS}/{2**62}/replay").status_code == 404


def monitoring(served, who="ada", **asked):
    return served.as_(who, **PAGE).get("/monitoring", params=asked)


def test_the_page_shows_deliveries_queue_states_and_sources(served, announce):
    name = f"P101/{uuid4()}.c3d"
    announce(name)
    announce(f"{name}.txt")
    text = monitoring(served).text
    assert text.index(f"{name}.txt") < text.index(f">{name}<")  # the newest first
    assert "ignored: not a .c3d file" in text
    assert "headers to read" in text
    assert "oldest since" in text
    assert 'href="/monitoring" aria-current="page"' in text


def test_the_page_has_dead_letters_on_top_and_replays_them_without_a_script(
    served, given_up, jobs_of
):
    name = f"P101/{uuid4()}.c3d"
    session_id = given_up(name)
    text = monitoring(served).text
    dead = text[text.index("Dead letters") : text.index("Queue")]
    assert name in dead
    assert "It broke off." in dead
    action = dead[dead.index(name) :].partition('action="')[2].partition('"')[0]
    answer = served.as_("ada", **PAGE).post(action)
    assert (answer.status_code, answer.headers["location"].split("#")[0]) == (303, "/monitoring")
    assert jobs_of(session_id) >= 1
    after = monitoring(served).text
    assert name not in after[: after.index("Queue")]


def test_the_page_filters_and_goes_on_by_its_address(served, announce):
    for _ in range(52):
        announce("notes.txt")
    first = monitoring(served, outcome="ignored", source="default").text
    more = first.rpartition('<a class="button" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "before=" in more
    second = served.as_("ada", **PAGE).get(more).text
    assert first.count('id="event-') == 50
    assert second.count('id="event-') >= 2
    assert "Newest" in second


@pytest.mark.parametrize("before", ["x", "-1", "0", "9" * 20, "٣"])
def test_a_place_that_is_none_is_the_beginning(served, before):
    assert monitoring(served, before=before).status_code == 200


def test_the_page_tells_of_the_last_sweeps(served, site_database):
    assert "No bucket has been swept yet." in monitoring(served).text
    with site_database.connect("postgres") as conn:
        conn.execute(
            """
            INSERT INTO sweeps (bucket, began_at, ended_at, listed, created, problem)
            VALUES ('emg_data', now(), now(), 4711, 3, NULL),
                   ('second', now(), NULL, NULL, NULL, 'The store does not answer.')
            """
        )
        conn.commit()
        text = monitoring(served).text
        conn.execute("DELETE FROM sweeps")
    assert '<td class="number">4711</td><td class="number">3</td>' in text
    assert "not ended yet" in text
    assert "The store does not answer." in text


def test_a_filter_that_fits_nothing_says_so(served):
    assert "No delivery fits." in monitoring(served, source="nobody\0").text


@pytest.mark.parametrize("who", ["ann", "rae"])
def test_only_administrators_find_the_way(served, who):
    assert "/monitoring" not in served.as_(who, **PAGE).get("/").text
    assert monitoring(served, who).status_code == 403


def test_every_reason_and_outcome_has_words():
    assert all(words[0].islower() for words in [*OUTCOMES.values(), *REASONS.values()])
