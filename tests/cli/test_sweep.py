"""The store looked through by hand."""

import pytest

from tests.game_files import game_file


@pytest.fixture
def sweep(command, database, store, tmp_path):
    def run(*arguments, **settings):
        return command(
            "sweep",
            *arguments,
            MYOGRAPH_DATA_DIR=str(tmp_path / "data"),
            MYOGRAPH_STORAGE_URL=store.root.as_uri(),
            MYOGRAPH_WORKER_DATABASE_URL=database.url("myograph_work"),
            MYOGRAPH_PSEUDONYM_KEY="a key",
            **settings,
        )

    return run


@pytest.fixture
def put(store, aged):
    def run(name, bucket="emg_data"):
        path = store.root / bucket / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(game_file())
        return path

    return run


@pytest.fixture
def aged(monkeypatch):
    """Every file was written long ago: what is new waits for the next sweep."""
    monkeypatch.setattr("myograph.storage.listing._recent", lambda *_: False)


def numbers(answer, bucket="emg_data"):
    [line] = [line for line in answer.out.splitlines() if f" {bucket} " in line]
    return [int(cell) for cell in line.replace("│", " ").split()[1:]]


def sessions(database):
    with database.connect("myograph_work") as conn:
        return conn.execute("SELECT storage_bucket, file_path FROM therapy_sessions").fetchall()


def test_what_is_found_stands_in_a_table(sweep, put, database):
    put("P001/a.c3d")
    put("P001/back\\slash.c3d")
    answer = sweep()
    assert (answer.code, answer.err) == (0, "")
    assert numbers(answer) == [2, 1, 0, 0, 0, 0, 1]
    assert "overwritten" in answer.out
    assert "…" not in answer.out  # on a terminal of 80 columns
    assert len(sessions(database)) == 2
    assert numbers(sweep()) == [2, 0, 0, 0, 0, 0, 0]


def test_a_dry_run_says_so_and_changes_nothing(sweep, put, database):
    put("P001/a.c3d")
    answer = sweep("--dry-run")
    assert (answer.code, numbers(answer)) == (0, [1, 1, 0, 0, 0, 0, 0])
    assert "Nothing was changed." in answer.out
    assert sessions(database) == []


def test_every_bucket_is_swept_or_the_one_that_is_named(sweep, put, database):
    put("P001/a.c3d")
    put("P001/b.c3d", bucket="other")
    both = {"MYOGRAPH_BUCKETS": "emg_data,other"}
    sweep("--bucket", "other", **both)
    assert sessions(database) == [("other", "P001/b.c3d")]
    answer = sweep(**both)
    assert (numbers(answer)[1], numbers(answer, "other")[1]) == (1, 0)


def test_a_bucket_that_is_not_ours_is_refused(sweep, put, database):
    put("P001/b.c3d", bucket="other")
    answer = sweep("--bucket", "other")
    assert answer.code == 1
    assert "'other' is not among MYOGRAPH_BUCKETS: emg_data." in answer.err
    assert sessions(database) == []


def test_what_could_not_be_seen_is_told_and_ends_with_1(sweep, put, store):
    put("P001/a.c3d")
    sweep()
    (store.root / "emg_data").rename(store.root / "away")
    answer = sweep()
    assert (answer.code, "cannot be listed" in answer.err) == (1, True)


def test_a_sweep_that_runs_already_is_left_to_itself(sweep, put, database):
    put("P001/a.c3d")
    with database.connect("myograph_work") as conn:
        conn.execute("SELECT pg_advisory_lock(hashtextextended('sweep emg_data', 0))")
        answer = sweep()
    assert (answer.code, "left to the sweep that runs already" in answer.out) == (0, True)
    assert sessions(database) == []


def test_a_bar_shows_how_far_it_is_where_somebody_watches(sweep, put):
    put("P001/a.c3d")
    answer = sweep(FORCE_COLOR="1", TERM="xterm")
    assert answer.code == 0
    assert "Taking up" in answer.err
