from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from myograph.analysis.processed import processed
from myograph.analysis.protocol import DEFAULT
from myograph.c3d.recording import read_recording
from myograph.services import read_signal
from myograph.services.read_signal import Outlines, outline_key, read_outline, read_window
from tests.web.pages.stored import recorded

SECONDS = 20.0


@pytest.fixture(scope="module")
def source():
    return recorded("holds", SECONDS, 1).source


@pytest.fixture(scope="module")
def outline(source):
    return read_outline(source, DEFAULT)


@pytest.fixture(scope="module")
def samples(source):
    return [channel.samples for channel in read_recording(source).channels]


@given(
    start=st.floats(-5, 30) | st.none(),
    length=st.floats(-5, 40) | st.none(),
    columns=st.integers(-3, 6000),
)
def test_every_window_lies_inside_and_keeps_its_extremes(
    source, outline, samples, start, length, columns
):
    stop = None if start is None or length is None else start + length
    window = read_window(source, outline, start_s=start, stop_s=stop, columns=columns)
    span, rate_hz = window.span, 1000
    assert 0 <= span.start_s < span.stop_s <= outline.whole.stop_s
    assert span.length_s >= outline.shortest_s - 1e-9
    assert 100 <= window.columns <= 4000
    for trace, x in zip(window.traces, samples, strict=True):
        part = x[round(span.start_s * rate_hz) : round(span.stop_s * rate_hz)].astype(np.float32)
        assert (trace.low.min(), trace.high.max()) == (part.min(), part.max())


@pytest.mark.parametrize("start", [float("nan"), float("inf")])
def test_what_is_no_moment_is_the_beginning(source, outline, start):
    assert read_window(source, outline, start_s=start).span.start_s == 0


def test_up_to_two_samples_a_column_are_given_one_by_one(source, outline, samples):
    few = read_window(source, outline, start_s=1, stop_s=3, columns=1000).traces[0]
    assert few.every_sample
    np.testing.assert_allclose(few.low, samples[0][1000:3000], rtol=1e-6)
    many = read_window(source, outline, start_s=1, stop_s=3.001, columns=1000).traces[0]
    assert not many.every_sample
    assert many.low.size == 1000


def test_the_envelope_is_that_of_the_analysis_and_reaches_both_edges(source, outline):
    recording = read_recording(source)
    done = processed(recording.channels[0], recording.facts, DEFAULT)
    trace = read_window(source, outline, start_s=4, stop_s=6, columns=1000).traces[0]
    rate_hz = done.envelope_rate_hz
    first = round(trace.envelope_span.start_s * rate_hz)
    np.testing.assert_array_equal(
        trace.envelope, done.envelope[first : first + trace.envelope.size]
    )
    assert trace.envelope_span.start_s < 4
    assert trace.envelope_span.stop_s > 6


def test_the_highest_of_the_envelope_is_kept_in_few_columns(source, outline):
    trace = read_window(source, outline, columns=100).traces[0]
    assert trace.envelope.size == 100
    assert trace.envelope.max() == outline.channels[0].envelope.max()


def test_what_no_statistic_uses_is_known_in_seconds(source, outline):
    recording = read_recording(source)
    mask = processed(recording.channels[0], recording.facts, DEFAULT).mask
    masked = outline.channels[0].masked
    assert sum(span.length_s for span in masked) == pytest.approx(mask.sum() / 1000)
    assert len(masked) == 1
    assert outline.channels[1].masked == ()


def test_the_scale_leaves_out_what_no_statistic_uses(outline, samples):
    assert np.abs(samples[0]).max() > 5e-3  # the drop-out
    assert outline.channels[0].largest_v < 1e-3


def test_a_long_recording_is_not_kept_but_read_again(source, outline, monkeypatch):
    monkeypatch.setattr(read_signal, "KEPT_SAMPLES", 10)
    long = read_outline(source, DEFAULT)
    assert long.channels[0].samples is None
    kept, anew = (read_window(source, o, start_s=2, stop_s=3) for o in (outline, long))
    np.testing.assert_allclose(anew.traces[1].low, kept.traces[1].low, rtol=1e-6)


def test_a_channel_that_the_analysis_refuses_is_drawn_all_of_it_masked(source, outline):
    recording = read_recording(source)
    count = recording.facts.sample_count
    broken = replace(recording.channels[1], samples=np.full(count, np.nan))
    made = read_signal._outline(broken, recording.facts, DEFAULT, keep=True)
    assert [(m.start_s, m.stop_s) for m in made.masked] == [(0, count / 1000)]
    assert (made.largest_v, made.envelope.size) == (0, 0)
    window = read_window(source, replace(outline, channels=(made,)))
    assert window.traces[0].envelope.size == 0


def test_an_outline_is_made_once_for_its_key_and_the_oldest_is_forgotten(outline):
    made = []

    def make(key):
        made.append(key)
        return outline

    kept = Outlines(most=2)
    for key in ("a", "b", "a", "c", "a", "b"):
        kept.get(key, lambda key=key: make(key))
    assert made == ["a", "b", "c", "b"]


def test_a_key_changes_with_whatever_changes_what_is_drawn():
    as_it_is = {"object_key": "b/a.c3d", "etag": "1", "recovered": False, "protocol": DEFAULT}
    changes = [
        {},
        {"object_key": "b/c.c3d"},
        {"etag": "2"},
        {"recovered": True},
        {"protocol": replace(DEFAULT, envelope_hz=8.0)},
    ]
    assert len({outline_key(**as_it_is | change) for change in changes}) == len(changes)
