"""Events out: whom the workers tell, and who did not listen."""

import base64
import json

import pytest

from myograph.cli.checks import announced
from myograph.db import outgoing

SECRET = f"whsec_{base64.b64encode(b'k' * 24).decode()}"


def given(url="https://trial.example/hooks", hosts="trial.example", secret=SECRET):
    targets = [{"name": "trial", "url": url, "secret": secret}]
    return {"event_targets": json.dumps(targets), "event_hosts": hosts}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"hosts": "other.example"}, "MYOGRAPH_EVENT_HOSTS does not name"),
        ({"url": "http://trial.example/s3cret"}, "over https"),
        ({"secret": "whsec_s3cret"}, "secret"),
    ],
)
def test_a_target_that_no_worker_would_take_is_told(look, wrong, said):
    found = look(announced.CHECKS[:1], **given(**wrong))["targets"]
    assert (found.verdict, said in found.found) == ("problem", True)
    assert "s3cret" not in str(found)
    assert look(announced.CHECKS[:1], **given())["target trial"].verdict == "ok"
    assert look(announced.CHECKS[:1])["targets"].found == "nobody is told"


def test_workers_that_tell_others_are_told_to_be_restarted(look, addresses, database):
    found = look(announced.CHECKS, **addresses, **given())["workers"]
    assert (found.verdict, "the workers tell nobody" in found.found) == ("warning", True)
    with database.connect("myograph_work") as conn:
        outgoing.announce_targets(conn, [("trial", ["session.analysed"])])
    assert "workers" not in look(announced.CHECKS, **addresses, **given())


def test_events_that_nobody_took_are_told(look, addresses, database, upload, clinic):
    session = upload().session_id
    with database.connect("myograph_work") as conn:
        outgoing.announce_targets(conn, [("trial", ["session.analysed"])])
        conn.execute(
            "INSERT INTO outgoing_events (target, type, session_id, state, settled_at)"
            " VALUES ('trial', 'session.analysed', %s, 'waiting', NULL)",
            [session],
        )
    assert look(announced.CHECKS, **addresses, **given())["target trial"].verdict == "ok"
    with database.connect("myograph_work") as conn:
        conn.execute("UPDATE outgoing_events SET state = 'dead', settled_at = now()")
    found = look(announced.CHECKS, **addresses, **given())["target trial"]
    assert (found.verdict, "1 event nobody took" in found.found) == ("warning", True)
