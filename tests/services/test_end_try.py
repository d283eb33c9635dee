"""A try that ends while the database takes nothing: told as soon as it does, or left to others."""

from dataclasses import replace

import psycopg
import pytest

from myograph.db.pool import open_pool
from myograph.errors import MyographError, NotReadable, ObjectGone, StoreResting, StoreUnavailable
from myograph.services import end_try
from myograph.services.analyse_session import Terms, analyse_session
from myograph.services.measure_file import Stopped, measure_here
from tests.faults.outages import server_of
from tests.faults.proxy import fault_proxy
from tests.refusing import DISK_FULL, FOR_EVER, Refusing

HOUR_S = 3600.0
TERMS = Terms(pseudonym_key="a key", lease_s=HOUR_S)  # nobody could wait for its end
READ_ONLY, BUG = "25006", "P0001"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(end_try, "AGAIN_EVERY_S", 0.01)


@pytest.fixture
def refuse(fresh):
    """From now on the database refuses so many changes of sessions."""
    return Refusing(fresh)


@pytest.fixture
def database(fresh):
    return fresh


@pytest.fixture
def analyse(database, store):
    """Analyse with this for the measuring."""

    def run(received, measure, terms=TERMS, store=store, url=None):
        with open_pool(url or database.url("myograph_work"), size=3) as pool:
            return analyse_session(pool, store, received.session_id, terms=terms, measure=measure)

    return run


def raising(error, *before):
    """A measuring that fails so, once other things have happened."""

    def measure(*_):
        for do in before:
            do()
        raise error

    return measure


@pytest.mark.parametrize("code", [DISK_FULL, READ_ONLY])
def test_what_cannot_be_saved_is_given_back_as_soon_as_the_database_takes_it(
    analyse, upload, look, refuse, code
):
    """The results are refused, and three times that the claim is given back."""
    received = upload()

    def measured(*args):
        done = measure_here(*args)
        refuse(4, code)
        return done

    with pytest.raises(psycopg.Error):
        analyse(received, measured)
    found = look(received)
    assert (found.processing_status, found.tries) == ("pending", 1)
    assert analyse(received, measure_here) == "analysed"


@pytest.mark.parametrize(
    ("error", "outcome", "status"),
    [
        (NotReadable("There is nothing in it."), "failed", "failed"),
        (ObjectGone("It is gone."), "failed", "failed"),
        (StoreResting(1.0), "put_off", "pending"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, MyographError) else None,
)
def test_every_other_end_is_told_as_soon_too(analyse, upload, look, refuse, error, outcome, status):
    received = upload()
    assert analyse(received, raising(error, lambda: refuse(3))) == outcome
    assert look(received).processing_status == status
    assert refuse.count() == 3


def test_a_last_try_is_given_up_as_soon_too(analyse, upload, look, refuse):
    received = upload()
    last = replace(TERMS, max_tries=1)
    error = StoreUnavailable("The store sent half of it.")
    assert analyse(received, raising(error, lambda: refuse(3)), last) == "gave_up"
    assert look(received).failure_kind == "gave_up"


def test_a_database_that_is_away_is_waited_for(analyse, upload, look, database, monkeypatch):
    monkeypatch.setattr(end_try, "GIVES_UP_AFTER_S", 0.05)
    received = upload()
    password = database.cluster.secrets.passwords["myograph_work"]
    asked = []
    takes_nothing = end_try.takes_nothing
    with fault_proxy(server_of(database.cluster)) as proxy:

        def noted(exc):
            asked.append(exc)
            if len(asked) == 3:
                proxy.open_door()
            return takes_nothing(exc)

        monkeypatch.setattr(end_try, "takes_nothing", noted)
        url = f"postgresql://myograph_work:{password}@{proxy.host}:{proxy.port}/{database.name}"
        with pytest.raises(StoreUnavailable):
            analyse(received, raising(StoreUnavailable("Half."), proxy.close_door), url=url)
    assert len(asked) >= 3
    assert look(received).processing_status == "pending"


def test_it_is_left_to_others_once_the_claim_has_run_out(analyse, upload, look, refuse):
    received = upload()
    short = replace(TERMS, lease_s=0.2)
    with pytest.raises(psycopg.errors.DiskFull):
        analyse(received, raising(StoreUnavailable("Half."), lambda: refuse(FOR_EVER)), short)
    assert refuse.count() > 1
    assert look(received).processing_status == "processing"


def test_what_the_database_refuses_for_another_reason_is_not_asked_again(
    analyse, upload, look, refuse
):
    received = upload()
    with pytest.raises(psycopg.errors.RaiseException):
        analyse(received, raising(StoreUnavailable("Half."), lambda: refuse(FOR_EVER, BUG)))
    assert refuse.count() == 0


def test_who_stops_does_not_wait_for_the_database(analyse, upload, look, refuse):
    """Its connections end with it, by which the others see that nobody has the session."""
    received = upload()
    with pytest.raises(Stopped):
        analyse(received, raising(Stopped(), lambda: refuse(FOR_EVER)))
    assert refuse.count() == 0
    assert look(received).processing_status == "processing"
