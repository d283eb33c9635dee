"""A developer sends a test event and sees what becomes of it."""

import base64
import json

import pytest
import structlog
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

from myograph.cli.system import webhook_sources
from myograph.db.embedded import secrets_of
from myograph.settings import Settings
from myograph.storage.objects import folder_store
from myograph.web.app import create_app
from myograph.web.webhooks.sources import sources_of
from tests.web.servers import running

SECRET = f"whsec_{base64.b64encode(b'k' * 24).decode()}"
OTHER = f"whsec_{base64.b64encode(b'o' * 24).decode()}"
LISTED = [
    {"name": "default", "kind": "standard", "secrets": [SECRET]},
    {"name": "gateway", "kind": "sha256", "secrets": ["s" * 16]},
    {"name": "minio", "kind": "bearer", "secrets": ["t" * 16]},
]


@pytest.fixture(autouse=True)
def quiet_log():
    """The service runs in this process: what it logs is no word of the command."""
    before = structlog.get_config()
    structlog.configure(processors=[_drop])
    yield
    structlog.configure(**before)


def _drop(_logger, _method, _event):
    raise structlog.DropEvent


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def address(database, data):
    app = create_app(
        Settings(data_dir=data, metadata_budget_ms=10_000),
        web_url=database.url("myograph_web"),
        store=folder_store(data / "objects"),
        secret=b"s" * 32,
        sources=sources_of(None, json.dumps(LISTED), buckets=["emg_data"]),
    )
    with running(app) as server:
        yield server.address


@pytest.fixture
def send(command, address, data):
    def run(*arguments, **environment):
        return command(
            *("webhook", "send", "--url", address, "--data-dir", data),
            *arguments,
            **{"MYOGRAPH_WEBHOOK_SOURCES": json.dumps(LISTED), **environment},
        )

    return run


@pytest.mark.parametrize("shape", ["supabase", "s3", "cloudevents", "storage"])
def test_a_file_is_stored_announced_and_answered_with_its_metadata(send, path, data, shape):
    answer = send(path, "--name", "P001/a.c3d", "--shape", shape)
    assert answer.code == 0
    assert answer.out.startswith("202 Accepted\n  session_id: ")
    assert "  status: pending\n" in answer.out
    assert '"emg_labels": ["CH1", "CH2"]' in answer.out
    assert (data / "objects/emg_data/P001/a.c3d").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("source", ["default", "gateway", "minio"])
def test_every_kind_of_source_can_be_tried(send, path, source):
    assert send(path, "--source", source).out.startswith("202 Accepted")


def test_the_same_delivery_again_is_the_same_session(send):
    answer = send("--name", "P001/b.c3d", "--size", "7", "--repeat", "3")
    lines = answer.out.splitlines()
    assert [line for line in lines if line[0] != " "] == ["202 Accepted", "200 OK", "200 OK"]
    assert len({line for line in lines if "session_id" in line}) == 1


def test_what_is_not_wanted_says_why(send):
    answer = send("--name", "notes.txt")
    assert (answer.code, answer.out) == (0, "200 OK\n  ignored: not_c3d (not a .c3d file)\n")
    other = send("--name", "P001/a.c3d", "--bucket", "other")
    assert other.out == "200 OK\n  ignored: other_bucket (not one of our buckets)\n"
    missing = send("--name", "P001/none.c3d", "--shape", "cloudevents")
    assert missing.out == "200 OK\n  ignored: no_such_object (not in the store)\n"


def test_a_clock_that_is_off_can_be_tried(send):
    assert send("--name", "P001/late.c3d", "--late", "60").code == 0
    for late, said in (("900", "seconds old"), ("-900", "seconds in the future")):
        answer = send("--name", "P001/late.c3d", "--late", late)
        assert answer.code == 1
        assert "(401)" in answer.err
        assert said in answer.err


def test_the_page_of_the_session_is_named(send, address):
    lines = dict(
        line.strip().split(": ", 1)
        for line in send("--name", "P001/page.c3d", "--size", "7").out.splitlines()[1:]
    )
    assert lines["page"] == f"{address}/sessions/{lines['session_id']}"


def test_an_address_may_be_host_and_port(send, address):
    answer = send("--name", "P001/a.c3d", "--url", address.removeprefix("http://"))
    assert answer.out.startswith("20")


def test_a_wrong_secret_gives_the_sentence(send):
    answer = send("--name", "a.c3d", "--secret", OTHER)
    assert answer.code == 1
    assert answer.err == (
        "myograph: The event was not taken (401): No secret of ours fits the signature of this"
        " delivery.\n"
    )


def test_the_secret_of_a_data_directory_is_used_where_none_is_named(send, data):
    own = secrets_of(data).webhook_secret
    answer = send("--name", "a.c3d", MYOGRAPH_WEBHOOK_SOURCES="")
    assert own not in answer.out + answer.err
    assert "(401)" in answer.err  # it is good, for a service of that data directory


def test_a_source_that_nobody_has_is_told(send, data):
    answer = send("--name", "a.c3d", "--source", "nobody")
    assert "no webhook source 'nobody' here; there is default, gateway, minio" in answer.err
    answer = send("--name", "a.c3d", MYOGRAPH_WEBHOOK_SOURCES="")
    assert "there is none" in answer.err
    assert not (data / "secrets.json").exists()


def test_something_must_be_named(send):
    assert "Name a file" in send().err


def test_a_file_that_is_not_there_is_told(send, tmp_path):
    assert "There is no file" in send(tmp_path / "none.c3d").err
    assert "cannot be read" in send(tmp_path).err


def test_where_nobody_listens_is_told(send):
    answer = send("--name", "a.c3d", "--url", "http://127.0.0.1:1")
    assert answer.code == 1
    assert "Nobody takes events at http://127.0.0.1:1" in answer.err


def test_where_somebody_else_listens_is_told(send):
    other = FastAPI()
    other.post("/api/webhooks/storage/c3d-upload", response_class=PlainTextResponse)(lambda: "hi")
    other.state.live = type("Live", (), {"end": lambda _: None})()
    with running(other) as server:
        assert "is not Myograph" in send("--name", "a.c3d", "--url", server.address).err


def test_a_service_of_ones_own_data_directory_has_a_source_at_once(data):
    kept = secrets_of(data)
    [source] = webhook_sources(Settings(), kept)
    assert (source.name, source.kind, source.buckets) == ("default", "standard", ("emg_data",))
    assert webhook_sources(Settings()) == ()
    [named] = webhook_sources(Settings(webhook_secrets=SECRET), kept)
    assert named.keys == (b"k" * 24,)
