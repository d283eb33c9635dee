"""What the settings say of how long things are kept is what a worker does."""

import os
import signal
import subprocess
import sys

import pytest

from myograph.cli.main import REFUSED
from myograph.errors import BadInput
from myograph.settings import Settings
from tests.waiting import wait_for


def test_a_worker_removes_what_the_settings_no_longer_keep(database, clinic, store, tmp_path):
    told = {
        "MYOGRAPH_DATA_DIR": str(tmp_path),
        "MYOGRAPH_STORAGE_URL": store.root.as_uri(),
        "MYOGRAPH_WORKER_DATABASE_URL": database.url("myograph_work"),
        "MYOGRAPH_PSEUDONYM_KEY": "k" * 32,
        "MYOGRAPH_RETAIN_EVENTS_DAYS": "10",
        "MYOGRAPH_RETAIN_SIGN_INS_DAYS": "2",
    }
    log = tmp_path / "log"
    command = [sys.executable, "-m", "myograph", "work", "--log-file", str(log)]
    with database.connect("postgres", autocommit=True) as conn:
        conn.execute(
            "INSERT INTO upload_events (source, delivery_id, outcome, received_at) VALUES"
            " ('s', 'old', 'ignored', now() - interval '11 days'),"
            " ('s', 'new', 'ignored', now() - interval '9 days')"
        )
        conn.execute(
            "INSERT INTO sign_ins (person_id, begun_at, until)"
            " SELECT %s, now() - interval '5 days', now() - age"
            " FROM unnest(ARRAY[interval '3 days', interval '1 day']) age",
            [clinic.therapist.id],
        )
        with subprocess.Popen(command, env=os.environ | told) as worker:
            try:
                wait_for(lambda: log.exists() and "forgotten" in log.read_text())
            finally:
                worker.send_signal(signal.SIGTERM)
        deliveries = conn.execute("SELECT delivery_id FROM upload_events").fetchall()
        assert deliveries == [("new",)]
        assert conn.execute("SELECT count(*) FROM sign_ins").fetchone() == (1,)
    [line] = [line for line in log.read_text().splitlines() if "forgotten" in line]
    assert "deliveries=1" in line
    assert "sign_ins=1" in line


@pytest.mark.parametrize(
    ("setting", "least", "most"),
    [("MYOGRAPH_RETAIN_EVENTS_DAYS", 7, 36_500), ("MYOGRAPH_RETAIN_SIGN_INS_DAYS", 1, 36_500)],
)
def test_a_time_that_cannot_be_is_refused_with_a_sentence(monkeypatch, setting, least, most):
    field = setting.removeprefix("MYOGRAPH_").lower()
    for fits in (least, most):
        monkeypatch.setenv(setting, str(fits))
        assert getattr(Settings(), field) == fits
    for wrong, said in [
        (least - 1, f"greater than or equal to {least}"),
        (most + 1, f"less than or equal to {most}"),
        ("a month", "a valid integer"),
    ]:
        monkeypatch.setenv(setting, str(wrong))
        with pytest.raises(BadInput, match=f"^{setting} is not right: .*{said}"):
            Settings()


def test_a_setting_that_is_wrong_is_named_and_never_shown(command):
    told = command("work", MYOGRAPH_PORT="hunter2")
    assert (told.code, told.out) == (REFUSED, "")
    assert told.err.startswith("myograph: MYOGRAPH_PORT is not right: ")
    assert "hunter2" not in told.err
