"""Edits in the measurement: what follows them and what does not."""

from dataclasses import replace
from uuid import UUID

import pytest

from myograph.analysis.edits import Edit, Span
from myograph.analysis.measure import measure
from myograph.analysis.protocol import DEFAULT
from myograph.c3d.recording import read_recording
from myograph.c3d.source import BytesSource
from tests.game_files import game_file

ONE, TWO = UUID(int=1), UUID(int=2)


@pytest.fixture(scope="module")
def content():
    return game_file(bursts=8)


@pytest.fixture(scope="module")
def plain(content):
    return measured(content)


def measured(content, *edits, protocol=DEFAULT):
    return measure(read_recording(BytesSource(content)), protocol, edits)


def channel_of(measurement, label="CH1"):
    return next(c for c in measurement.channels if c.label == label)


def span_of(contraction):
    return Span(contraction.start_s, contraction.end_s)


def of(contraction):
    return span_of(contraction), replace(contraction, number=0, edit_id=None)


def test_no_edits_change_nothing(content, plain):
    assert measured(content) == plain
    assert plain.edits == ()
    assert all(c.edit_id is None for channel in plain.channels for c in channel.contractions)


def test_a_removed_contraction_leaves_every_number_of_its_channel_and_no_other(content, plain):
    before = channel_of(plain)
    edit = Edit(ONE, "CH1", "remove", span_of(before.contractions[2]), None)
    after = measured(content, edit)
    own = channel_of(after)
    assert [span_of(c) for c in own.contractions] == [
        span_of(c) for i, c in enumerate(before.contractions) if i != 2
    ]
    assert [c.number for c in own.contractions] == list(range(1, 8))
    assert own.clinical.iemg_vs == pytest.approx(
        before.clinical.iemg_vs - before.contractions[2].iemg_vs
    )
    assert own.clinical.mdf_hz != before.clinical.mdf_hz
    assert own.fatigue.mdf.n == before.fatigue.mdf.n - 1
    assert own.temporal != before.temporal
    assert own.envelope_p95_v != before.envelope_p95_v
    assert own.whole == before.whole
    assert channel_of(after, "CH2").contractions == channel_of(plain, "CH2").contractions
    assert [(o.edit_id, o.problem) for o in after.edits] == [(ONE, None)]


def test_the_detectors_own_counts_and_the_quality_of_the_signal_stay(content, plain):
    before = channel_of(plain)
    edit = Edit(ONE, "CH1", "remove", span_of(before.contractions[0]), None)
    after = channel_of(measured(content, edit))
    assert (after.game, after.quality) == (before.game, before.quality)
    assert (after.rest_v, after.threshold_v) == (before.rest_v, before.threshold_v)


def test_what_is_removed_and_added_again_is_measured_as_before(content, plain):
    before = channel_of(plain)
    span = span_of(before.contractions[3])
    edits = (Edit(ONE, "CH1", "remove", span, None), Edit(TWO, "CH1", "add", None, span))
    after = channel_of(measured(content, *edits))
    assert [of(c) for c in after.contractions] == [of(c) for c in before.contractions]
    assert [c.edit_id for c in after.contractions] == [None] * 3 + [TWO] + [None] * 4
    assert (after.clinical, after.fatigue) == (before.clinical, before.fatigue)


def test_a_moved_edge_moves_by_whole_cells(content, plain):
    span = span_of(channel_of(plain).contractions[1])
    wanted = Span(span.start_s + 0.1021, span.end_s)
    after = channel_of(measured(content, Edit(ONE, "CH1", "move", span, wanted)))
    moved = after.contractions[1]
    assert moved.edit_id == ONE
    assert moved.start_s == pytest.approx(span.start_s + 0.1)
    assert moved.end_s == span.end_s


def test_an_edit_up_to_the_end_of_the_recording_is_cut(content, plain):
    last = channel_of(plain).contractions[-1]
    facts = read_recording(BytesSource(content)).facts
    edit = Edit(ONE, "CH1", "move", span_of(last), Span(last.start_s, facts.duration_s))
    after = channel_of(measured(content, edit)).contractions[-1]
    assert after.cut
    assert after.end_s <= facts.duration_s


def test_everything_may_be_removed(content, plain):
    own = channel_of(plain)
    edits = [Edit(UUID(int=c.number), "CH1", "remove", span_of(c), None) for c in own.contractions]
    after = channel_of(measured(content, *edits))
    assert after.contractions == ()
    assert (after.clinical.rms_v, after.envelope_p95_v, after.temporal) == (None, None, None)


def test_where_nothing_was_found_a_contraction_may_be_added():
    content = game_file(bursts=0)
    assert channel_of(measured(content)).contractions == ()
    after = channel_of(measured(content, Edit(ONE, "CH1", "add", None, Span(1.0, 2.5))))
    [added] = after.contractions
    assert (added.edit_id, added.start_s, added.end_s) == (ONE, 1.0, 2.5)
    assert added.rms_v is not None
    assert "no_activity" in {f.code for f in after.findings}


def test_another_detector_leaves_an_edit_unsettled_and_the_rest_as_found(content, plain):
    found = channel_of(plain).contractions
    between = Span(found[0].end_s + 0.5, found[0].end_s + 0.9)
    edit = Edit(ONE, "CH1", "remove", between, None)
    after = measured(content, edit)
    assert channel_of(after).contractions == found
    [outcome] = after.edits
    assert outcome.problem.code == "not_there"


def test_an_edit_of_a_channel_that_is_not_there_is_unsettled(content):
    [outcome] = measured(content, Edit(ONE, "CH9", "add", None, Span(1, 2))).edits
    assert outcome.problem.code == "no_channel"
