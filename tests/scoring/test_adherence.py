"""How much of the plan was done: every rule on both sides of its edge."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from myograph.scoring.adherence import Plan, Played, adherence_of

START = date(2026, 3, 2)
DONE = Played(START, "training", 60.0)


def on(day):
    """The date of a day of the treatment, 1 is its first."""
    return START + timedelta(days=day - 1)


def adherence(played, day, **known):
    return adherence_of(played, start=START, today=on(day), **known)


@pytest.mark.parametrize(
    ("done", "day", "percent", "category"),
    [
        (15, 7, 100.0, "excellent"),
        (30, 14, 100.0, "excellent"),
        (16, 7, 100.0, "excellent"),
        (6, 3, 6 / (45 / 7) * 100, "excellent"),
        (5, 3, 5 / (45 / 7) * 100, "good"),
        (4, 3, 4 / (45 / 7) * 100, "moderate"),
        (3, 3, 3 / (45 / 7) * 100, "poor"),
        (0, 3, 0.0, "poor"),
        (15, 14, 50.0, "moderate"),
        (14, 14, 14 / 30 * 100, "poor"),
    ],
)
def test_completed_of_planned_sessions(done, day, percent, category):
    found = adherence([DONE] * done, day)
    assert found.percent == pytest.approx(percent)
    assert (found.category, found.day, found.completed) == (category, day, done)
    assert found.planned == pytest.approx(15 / 7 * day)
    assert found.reason is None


@pytest.mark.parametrize(
    ("start", "today", "day", "reason"),
    [
        (None, START, None, "the treatment has no start date"),
        (START, on(0), None, "the treatment has not begun"),
        (START, on(1), 1, "before day 3"),
        (START, on(2), 2, "before day 3"),
    ],
)
def test_too_early_or_without_a_start_there_is_no_adherence(start, today, day, reason):
    found = adherence_of([DONE], start=start, today=today)
    assert (found.percent, found.category) == (None, None)
    assert (found.day, found.reason) == (day, reason)
    assert found.completed == (None if day is None else 1)


def test_after_the_last_planned_day_nothing_changes():
    found = [replace(DONE, day=on(day)) for day in (1, 14, 15)]
    assert adherence(found, 14) == adherence(found, 100)
    assert adherence(found, 100).completed == 2


@pytest.mark.parametrize(
    ("session", "completed"),
    [
        (DONE, 1),
        (replace(DONE, kind=None), 1),
        (replace(DONE, kind="baseline"), 0),
        (replace(DONE, kind="assessment"), 0),
        (replace(DONE, usable_s=1.0), 1),
        (replace(DONE, usable_s=0.99), 0),
        (replace(DONE, usable_s=None), 0),
        (replace(DONE, duplicate=True), 0),
        (replace(DONE, superseded=True), 0),
        (replace(DONE, day=on(0)), 0),
        (replace(DONE, day=on(5)), 1),
        (replace(DONE, day=on(6)), 0),
    ],
)
def test_a_session_counts_once_it_is_training_with_a_signal_in_time(session, completed):
    assert adherence([session], 5).completed == completed


def test_another_plan_asks_for_another_number():
    found = adherence([DONE] * 5, 10, plan=Plan(days=5, game_sessions=2, in_days=1))
    assert (found.day, found.planned, found.percent) == (5, 10.0, 50.0)
