from datetime import UTC, datetime

import pytest
from procrastinate.exceptions import JobAborted
from procrastinate.jobs import Job

from myograph.errors import LeaseLost
from myograph.worker.tasks import AGAIN, Again


def job(attempts):
    return Job(
        id=1,
        queue="myograph",
        priority=0,
        lock=None,
        queueing_lock=None,
        task_name="analyse_session",
        attempts=attempts,
    )


def waits_s(rule, attempts):
    decision = rule.get_retry_decision(exception=ValueError(), job=job(attempts))
    return (decision.retry_at - datetime.now(UTC)).total_seconds()


def test_each_wait_is_about_four_times_the_last():
    rule = Again(first_s=8, attempts=9)
    for attempts in range(4):
        low, high = 0.75 * 8 * 4**attempts, 1.25 * 8 * 4**attempts
        assert low - 1 < waits_s(rule, attempts) <= high


def test_waits_are_spread():
    rule = Again(first_s=1000, attempts=9)
    assert len({round(waits_s(rule, 1)) for _ in range(20)}) > 5


@pytest.mark.parametrize(("attempts", "again"), [(5, True), (6, False)])
def test_it_ends(attempts, again):
    decision = AGAIN.get_retry_decision(exception=ValueError(), job=job(attempts))
    assert (decision is not None) is again


def test_what_a_stopping_worker_put_down_is_taken_up_at_once():
    decision = AGAIN.get_retry_decision(exception=JobAborted(), job=job(3))
    assert decision.retry_at <= datetime.now(UTC)


def test_a_lost_claim_is_not_tried_again():
    assert AGAIN.get_retry_decision(exception=LeaseLost("lost"), job=job(0)) is None
