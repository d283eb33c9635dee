from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from myograph.analysis.edits import (
    Bounds,
    Edit,
    Edited,
    Placed,
    Span,
    apply,
    bounds_of,
    problem_of,
    same_as,
    without_channel,
)
from myograph.analysis.protocol import Protocol

BOUNDS = Bounds(duration_s=20.0, shortest_s=0.1)
FOUND = (Placed(Span(1, 3)), Placed(Span(5, 6)), Placed(Span(8, 9)))


def key(number):
    return UUID(int=number)


def add(start, end, number=1):
    return Edit(key(number), "CH1", "add", None, Span(start, end))


def remove(start, end, number=1):
    return Edit(key(number), "CH1", "remove", Span(start, end), None)


def move(before, after, number=1):
    return Edit(key(number), "CH1", "move", Span(*before), Span(*after))


def spans(edited):
    return [(c.span.start_s, c.span.end_s) for c in edited.contractions]


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (add(3.5, 4.5), [(1, 3), (3.5, 4.5), (5, 6), (8, 9)]),
        (add(3, 5), [(1, 3), (3, 5), (5, 6), (8, 9)]),  # touching is no overlap
        (add(0, 1), [(0, 1), (1, 3), (5, 6), (8, 9)]),
        (add(9, 20), [(1, 3), (5, 6), (8, 9), (9, 20)]),
        (remove(5, 6), [(1, 3), (8, 9)]),
        (remove(5, 7), [(1, 3), (8, 9)]),  # half of the union is enough
        (move((5, 6), (4, 6.5)), [(1, 3), (4, 6.5), (8, 9)]),
        (move((5, 6), (12, 13)), [(1, 3), (8, 9), (12, 13)]),
        (move((5, 6), (5.2, 5.7)), [(1, 3), (5.2, 5.7), (8, 9)]),  # within itself
    ],
)
def test_an_edit_is_applied(edit, expected):
    edited = apply(FOUND, [edit], BOUNDS)
    assert spans(edited) == expected
    assert [o.problem for o in edited.outcomes] == [None]
    placed = [c for c in edited.contractions if c.edit_id]
    assert [c.span for c in placed] == ([edit.after] if edit.after else [])


@pytest.mark.parametrize(
    ("edit", "code", "said"),
    [
        (add(2.99, 4), "overlapping", "overlap the contraction of CH1 at 1.00 to 3.00 s"),
        (add(1.5, 2), "overlapping", "1.00 to 3.00 s"),
        (add(-0.1, 0.5), "outside", "-0.10 to 0.50 s does not lie within"),
        (add(19, 20.1), "outside", "the recording of 20.00 s"),
        (add(4, 4.09), "too_short", "at least 0.1 s"),
        (add(4.5, 4), "outside", "4.50 to 4.00 s"),
        (remove(5, 7.01), "not_there", "CH1 has no contraction at 5.00 to 7.01 s"),
        (remove(3.5, 4.5), "not_there", "3.50 to 4.50 s"),
        (move((3.5, 4.5), (12, 13)), "not_there", "3.50 to 4.50 s"),
        (move((5, 6), (5, 8.5)), "overlapping", "8.00 to 9.00 s"),
        (move((5, 6), (5, 5.05)), "too_short", "at least 0.1 s"),
    ],
)
def test_what_cannot_be_applied_changes_nothing_and_says_why(edit, code, said):
    edited = apply(FOUND, [edit], BOUNDS)
    assert edited.contractions == FOUND
    [outcome] = edited.outcomes
    assert (outcome.edit_id, outcome.problem.code) == (edit.id, code)
    assert said in outcome.problem.sentence
    assert outcome.problem.sentence.endswith(".")


def test_a_contraction_of_the_least_length_may_be_added():
    assert problem_of((), add(4, 4.125), Bounds(20.0, 0.125)) is None
    assert problem_of((), add(4, 4.124), Bounds(20.0, 0.125)) is not None


def test_what_people_round_at_the_end_of_the_recording_still_lies_within():
    assert problem_of((), add(19, 20.01), BOUNDS) is None
    assert problem_of((), add(19, 20.02), BOUNDS) is not None


def test_edits_follow_one_another():
    edits = [add(3.5, 4.5, 1), move((3.5, 4.5), (3.6, 4.8), 2), remove(8, 9, 3), add(8, 9, 4)]
    edited = apply(FOUND, edits, BOUNDS)
    assert spans(edited) == [(1, 3), (3.6, 4.8), (5, 6), (8, 9)]
    assert [c.edit_id for c in edited.contractions] == [None, key(2), None, key(4)]
    assert all(o.problem is None for o in edited.outcomes)


def test_an_edit_of_what_an_unsettled_one_should_have_placed_is_unsettled_too():
    edited = apply(FOUND, [add(2, 4, 1), move((2, 4), (3.2, 4), 2)], BOUNDS)
    assert [o.problem.code for o in edited.outcomes] == ["overlapping", "not_there"]


def test_of_two_candidates_the_closer_one_is_meant():
    pair = (Placed(Span(0, 2)), Placed(Span(2, 5)))
    assert same_as(Span(0.5, 2.0), pair) == pair[0]
    assert same_as(Span(1.0, 5.0), pair) == pair[1]
    assert same_as(Span(0, 5), pair) == pair[1]


def test_an_edit_of_a_channel_that_was_not_measured_says_so():
    outcome = without_channel(add(1, 2))
    assert (outcome.problem.code, outcome.problem.sentence) == (
        "no_channel",
        "CH1 could not be measured.",
    )


def test_the_least_length_is_that_of_the_detector_and_never_under_two_cells():
    assert bounds_of(20.0) == BOUNDS
    assert bounds_of(20.0, Protocol(shortest_ms=0.0)).shortest_s == 0.01
    assert bounds_of(20.0, Protocol(shortest_ms=250.0)).shortest_s == 0.25


TENTHS = st.integers(0, 200).map(lambda n: n / 10)
SPANS = st.tuples(TENTHS, TENTHS).filter(lambda s: s[0] < s[1]).map(lambda s: Span(*s))


@st.composite
def edits(draw):
    made = []
    for number in range(draw(st.integers(0, 8))):
        action = draw(st.sampled_from(["add", "remove", "move"]))
        before = None if action == "add" else draw(SPANS)
        after = None if action == "remove" else draw(SPANS)
        made.append(Edit(key(number + 1), "CH1", action, before, after))
    return made


@st.composite
def found(draw):
    edges = sorted(draw(st.sets(TENTHS, max_size=12)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return tuple(Placed(Span(a, b)) for a, b in pairs)


@given(found())
def test_no_edits_change_nothing(contractions):
    assert apply(contractions, [], BOUNDS) == Edited(contractions, ())


@given(found(), edits())
def test_contractions_stay_in_order_apart_and_within_the_recording(contractions, made):
    edited = apply(contractions, made, BOUNDS)
    after = [c.span for c in edited.contractions]
    assert after == sorted(after)
    assert all(a.end_s <= b.start_s for a, b in pairwise(after))
    assert all(0 <= s.start_s < s.end_s <= 20 for s in after)
    assert [o.edit_id for o in edited.outcomes] == [e.id for e in made]


@given(found(), edits())
def test_edits_end_alike_whenever_they_are_applied(contractions, made):
    """One at a time as they are entered, or all of them after a later detection."""
    stored = contractions
    for edit in made:
        stored = apply(stored, [edit], BOUNDS).contractions
    assert apply(contractions, made, BOUNDS).contractions == stored


@given(found(), edits())
def test_unsettled_edits_are_as_if_they_were_not(contractions, made):
    edited = apply(contractions, made, BOUNDS)
    settled = {o.edit_id for o in edited.outcomes if o.problem is None}
    alone = apply(contractions, [e for e in made if e.id in settled], BOUNDS)
    assert alone.contractions == edited.contractions


@given(SPANS, SPANS)
def test_what_two_spans_share_is_symmetric_and_all_of_one_only_for_equals(a, b):
    assert a.shared_with(b) == b.shared_with(a)
    assert (a.shared_with(b) > 0) == a.overlaps(b)
    assert (a.shared_with(b) == 1) == (a == b)
