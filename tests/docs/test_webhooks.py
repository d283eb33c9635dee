"""docs/webhooks.md: what it shows is taken by the receiver as it stands there."""

import base64
import json
import re
import subprocess
import time
from pathlib import Path

import httpx2
import pytest

from myograph.services.standard_webhooks import signed
from myograph.settings import Settings
from myograph.web.api.webhooks import ADDRESS
from myograph.web.app import create_app
from myograph.web.site import Limits
from myograph.web.webhooks.examples import SHAPES
from myograph.web.webhooks.hints import hints_of
from myograph.web.webhooks.signatures import TOLERANCE_S
from myograph.web.webhooks.sources import default_source
from tests.game_files import game_file
from tests.web.servers import running

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "webhooks.md").read_text("utf-8")
KEY = b"\x00\xff key of a secret \n"
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
EXAMPLES = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
[SCRIPT] = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def service(database, clinic, store, tmp_path):
    """The address of a receiver with the recording of the examples in its store."""
    store.put("emg_data/P001/recording.c3d", [game_file()])
    app = create_app(
        Settings(data_dir=tmp_path),
        web_url=database.url("myograph_web"),
        store=store,
        secret=b"s" * 32,
        sources=[default_source(SECRET, buckets=["emg_data"])],
    )
    with running(app) as server:
        yield server.address


def test_there_is_an_example_of_each_shape():
    shapes = [hints_of(json.dumps(example).encode())[0].shape for example in EXAMPLES]
    assert shapes == ["database_webhook", "s3", "cloudevents", "storage_webhook"]
    assert len(shapes) == len(SHAPES)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_each_example_is_taken(service, number):
    body = json.dumps(EXAMPLES[number]).encode()
    at = int(time.time())
    headers = signed(KEY, number=f"example-{number}", at=at, body=body)
    answer = httpx2.post(f"{service}{ADDRESS}", content=body, headers=headers)
    assert (answer.status_code, answer.json()["outcome"]) == (202, "created")


@pytest.mark.curl
def test_the_lines_for_a_shell_announce_the_recording(service):
    script = SCRIPT.replace("whsec_...", SECRET).replace("http://127.0.0.1:8000", service)
    said = subprocess.run(["sh", "-eu", "-c", script], capture_output=True, text=True, check=True)
    answer = json.loads(said.stdout)
    assert (answer["outcome"], answer["status"]) == ("created", "pending")


def test_the_limits_that_it_names_are_those_of_the_receiver():
    assert f"more than {TOLERANCE_S} s ago" in PAGE
    assert f"within {Limits().delivery_s:g} s" in PAGE
    assert f"more than {Limits().body_bytes // 1024} KB" in PAGE
