"""A store that falls silent, on a real connection: what waits, what is counted, what comes back."""

import http.server
import re
import threading

import pytest

from myograph.db.pool import open_pool
from myograph.errors import ObjectGone, StoreResting, StoreUnavailable
from myograph.services.analyse_session import Terms, analyse_session
from myograph.services.measure_file import measure_here
from myograph.services.receive_upload import Upload, receive_upload
from myograph.storage.objects import S3Account, folder_store, s3_store
from myograph.worker.breaker import Breaker, guarded
from myograph.worker.run import run_until_empty
from tests.game_files import game_file

REST_S = 30.0


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return Breaker(after=2, rest_s=REST_S, clock=clock)


def ask(breaker, error=None):
    with breaker.asking():
        if error is not None:
            raise error


def fall_silent(breaker):
    with pytest.raises(StoreUnavailable):
        ask(breaker, StoreUnavailable("503"))
    with pytest.raises(StoreResting):
        ask(breaker, StoreUnavailable("503"))


def test_one_silence_is_an_accident(breaker):
    with pytest.raises(StoreUnavailable) as caught:
        ask(breaker, StoreUnavailable("503"))
    assert type(caught.value) is StoreUnavailable
    assert not breaker.open


def test_silences_in_a_row_open_it_and_nobody_asks_while_it_rests(breaker, clock):
    fall_silent(breaker)
    clock.now = REST_S - 0.001
    with pytest.raises(StoreResting) as caught:
        ask(breaker)
    assert REST_S / 4 <= caught.value.wait_s <= REST_S / 2
    clock.now = REST_S
    ask(breaker)
    assert not breaker.open


@pytest.mark.parametrize("error", [None, ObjectGone("gone")], ids=["an answer", "a no"])
def test_any_answer_between_begins_the_count_anew(breaker, error):
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            ask(breaker, StoreUnavailable("503"))
        if error is None:
            ask(breaker)
        else:
            with pytest.raises(ObjectGone):
                ask(breaker, error)
    assert not breaker.open


def test_after_the_rest_one_asks_for_all(breaker, clock):
    fall_silent(breaker)
    clock.now = REST_S
    with breaker.asking():
        with pytest.raises(StoreResting) as caught:
            ask(breaker)
        assert caught.value.wait_s >= REST_S / 4
    ask(breaker)


def test_a_probe_without_an_answer_is_the_next_rest(breaker, clock):
    fall_silent(breaker)
    clock.now = REST_S
    with pytest.raises(StoreResting):
        ask(breaker, StoreUnavailable("503"))
    clock.now = 2 * REST_S - 0.001
    with pytest.raises(StoreResting):
        ask(breaker)


def test_a_probe_that_ends_for_another_reason_leaves_the_question_to_the_next(breaker, clock):
    fall_silent(breaker)
    clock.now = REST_S
    with pytest.raises(KeyError):
        ask(breaker, KeyError())
    assert breaker.open
    ask(breaker)
    assert not breaker.open


class Bucket(http.server.BaseHTTPRequestHandler):
    """Gives what it holds unless it is silent."""

    def do_GET(self):
        self.server.asked += 1
        self.server.before()
        if self.server.silent:
            self._say(503, b"")
        else:
            self._say(200, self.server.held[self.path])

    def do_HEAD(self):
        self.do_GET()

    def _say(self, status, body):
        self.send_response(status)
        self.send_header("ETag", '"an etag"')
        self.send_header("Last-Modified", "Fri, 20 Nov 2026 03:39:37 GMT")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def bucket():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket) as server:
        server.held, server.asked, server.silent = {}, 0, False
        server.before = lambda: None
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def store(bucket):
    return s3_store(S3Account(f"http://127.0.0.1:{bucket.server_port}", key_id="k", secret="s"))


@pytest.fixture
def upload(database, bucket):
    def announced(seed=1):
        content = game_file(seed=seed)
        bucket.held[f"/emg_data/unassigned/{seed}.c3d"] = content
        told = Upload("emg_data", f"unassigned/{seed}.c3d", size_bytes=len(content), etag="an etag")
        with database.connect("myograph_work") as conn:
            return receive_upload(conn, told)

    return announced


@pytest.fixture
def pool(database):
    with open_pool(database.url("myograph_work"), size=3) as pool:
        yield pool


@pytest.fixture
def analyse(pool, store, breaker):
    def run(received, **terms):
        return analyse_session(
            pool,
            guarded(store, breaker),
            received.session_id,
            terms=Terms(pseudonym_key="a key", **terms),
            measure=measure_here,
        )

    return run


def waiting(pool):
    """(put off since, whether a job is there that is due later) of the only session."""
    with pool.connection() as conn:
        [(since,)] = conn.execute("SELECT put_off_since FROM therapy_sessions").fetchall()
        [(later,)] = conn.execute(
            """
            SELECT bool_or(scheduled_at > now()) FROM queue.procrastinate_jobs
             WHERE task_name = 'analyse_session'
            """
        ).fetchall()
    return since, later


def test_while_the_store_is_silent_a_recording_waits_and_no_try_is_counted(
    analyse, upload, look, pool, bucket, clock
):
    received = upload()
    bucket.silent = True
    with pytest.raises(StoreUnavailable):
        analyse(received)
    assert (look(received).tries, waiting(pool)) == (1, (None, None))
    assert analyse(received) == "put_off"
    asked = bucket.asked
    assert analyse(received) == "put_off"
    found = look(received)
    assert (found.processing_status, found.tries, bucket.asked) == ("pending", 1, asked)
    assert re.fullmatch(
        r"The store does not answer\. It will be tried again at \d\d:\d\d:\d\d\.",
        found.processing_error_message,
    )
    since, later = waiting(pool)
    assert (since is not None, later) == (True, True)
    bucket.silent = False
    clock.now = REST_S
    assert analyse(received) == "analysed"
    assert look(received).processing_error_message is None
    assert waiting(pool)[0] is None


def test_a_store_that_never_comes_back_is_given_up_with_its_reason(
    analyse, upload, look, bucket, breaker
):
    received = upload()
    bucket.silent = True
    fall_silent(breaker)
    assert analyse(received, patience_s=0.001) == "put_off"
    assert analyse(received, patience_s=0.001) == "gave_up"
    found = look(received)
    assert (found.failure_kind, found.processing_error_message) == (
        "gave_up",
        "The store does not answer.",
    )


def test_who_lost_the_claim_puts_nothing_off(analyse, upload, look, pool, bucket, breaker):
    received = upload()
    bucket.silent = True
    with pytest.raises(StoreUnavailable):
        ask(breaker, StoreUnavailable("503"))

    def overtake():
        with pool.connection() as conn:
            conn.execute("UPDATE therapy_sessions SET attempt = attempt + 1")

    bucket.before = overtake
    assert analyse(received) == "lease_lost"
    assert look(received).processing_status == "processing"


def test_a_worker_does_later_what_waited_for_the_store(upload, database, store, bucket, look, pool):
    received = [upload(), upload(2)]
    bucket.silent = True

    def work():
        run_until_empty(database.url("myograph_work"), store, pseudonym_key="a key")

    work()
    assert [look(one).processing_status for one in received] == ["pending", "pending"]
    assert {look(one).tries for one in received} == {0}
    bucket.silent = False
    with database.connect("myograph_work", options="-c search_path=queue,public") as conn:
        conn.execute("UPDATE queue.procrastinate_jobs SET scheduled_at = NULL")
    work()
    assert [look(one).processing_status for one in received] == ["completed", "completed"]


def test_a_folder_that_is_back_is_read_again_by_the_first_who_asks(breaker, clock, tmp_path):
    """Its objects are copied by several questions, of which the first must not stop the second."""
    store = guarded(folder_store(tmp_path / "objects"), breaker)
    store.put("emg_data/a.c3d", [b"abc"])
    fall_silent(breaker)
    clock.now = REST_S
    assert store.fetch("emg_data/a.c3d", tmp_path / "copy").size == 3
    assert not breaker.open


def test_one_question_of_several_parts_is_one_silence(breaker, tmp_path):
    """A file where the bucket should be: a folder store that cannot be read."""
    (tmp_path / "emg_data").write_bytes(b"")
    store = guarded(folder_store(tmp_path), breaker)
    for _ in range(breaker.after - 1):
        with pytest.raises(StoreUnavailable):
            store.digest("emg_data/a.c3d")
        assert not breaker.open
