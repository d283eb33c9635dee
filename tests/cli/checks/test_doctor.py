"""`myograph doctor` as an operator runs it."""

import pytest

from myograph.cli.checks.finding import Finding, not_looked_at
from myograph.cli.doctor import lines, together


@pytest.fixture
def installed(database, tmp_path):
    (tmp_path / "data").mkdir(mode=0o700)
    return {
        "MYOGRAPH_DATA_DIR": str(tmp_path / "data"),
        "MYOGRAPH_DATABASE_URL": database.url("myograph_web"),
        "MYOGRAPH_WORKER_DATABASE_URL": database.url("myograph_work"),
        "MYOGRAPH_PSEUDONYM_KEY": "s3cret" * 6,
        "MYOGRAPH_AUDIT_KEY": "s3cret" * 6,
        "MYOGRAPH_SIGN_IN": "local",
        "MYOGRAPH_PORT": "1",
    }


def test_what_is_wrong_is_told_mended_and_gone(command, installed, database):
    first = command("doctor", **installed)
    assert first.code == 1
    assert "\n  problem  workers: none is alive: nothing is analysed\n" in first.out
    assert "-> Start one: `myograph work`" in first.out
    assert "1 problem, " in first.out.splitlines()[-1]
    with database.connect("myograph_work") as conn:
        conn.execute("INSERT INTO queue.procrastinate_workers DEFAULT VALUES")
    mended = command("doctor", **installed)
    assert (mended.code, "0 problems, " in mended.out.splitlines()[-1]) == (0, True)
    assert "  ok       workers: 1 worker alive\n" in mended.out
    for answer in (first, mended):
        assert max(len(line) for line in answer.out.splitlines() if "/" not in line) <= 80
        assert "s3cret" not in answer.out + answer.err
        assert answer.err == ""


def test_programs_get_the_same_as_json(command, installed):
    answer = command("doctor", "--json", **installed)
    assert answer.code == 1
    assert answer.json["schema"] == "myograph.doctor/1"
    groups = list(dict.fromkeys(check["group"] for check in answer.json["checks"]))
    assert groups == [
        *("settings", "database", "queue", "storage", "events in", "sign-in", "keys"),
        *("events out", "machine"),
    ]
    for check in answer.json["checks"]:
        assert check.keys() == {"group", "name", "verdict", "found", "mend"}
        assert (check["mend"] is None) == (check["verdict"] == "ok")
    assert "s3cret" not in answer.out


def test_wrong_usage_is_another_exit_code(command):
    assert command("doctor", "--port", "none").code == 2


def test_options_count_before_settings(command, tmp_path):
    answer = command("doctor", "--data-dir", tmp_path, "--port", 1, MYOGRAPH_PORT="2")
    assert "nothing answers at http://127.0.0.1:1\n" in answer.out
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_looked_at_for_one_reason_is_one_line():
    found = [not_looked_at("a", "x"), not_looked_at("b", "x"), not_looked_at("c", "y")]
    fine = Finding("d", "ok", "not bad")
    assert [one.name for one in together([*found, fine, fine])] == ["a, b", "c", "d", "d"]


def test_what_is_to_be_copied_is_not_broken():
    long = Finding("a", "problem", "b", "Run " + "x " * 20 + "`myograph person add --role admin`.")
    assert any("`myograph person add --role admin`." in line for line in lines(long, 60))


@pytest.mark.parametrize("starting", ["serve", "work"])
def test_whoever_is_refused_a_start_is_sent_to_the_doctor(command, starting, tmp_path):
    answer = command(starting, "--data-dir", tmp_path, MYOGRAPH_PORT="none")
    assert answer.code == 1
    assert answer.err.splitlines()[-1] == "myograph: `myograph doctor` looks at all the rest, too."
    assert "doctor" not in command("migrate", "--data-dir", tmp_path, MYOGRAPH_PORT="none").err
