import numpy as np
import pytest

from myograph.c3d.events import EVENT_LIMIT, Event
from myograph.c3d.reader import C3DFile
from myograph.c3d.source import BytesSource
from tests.c3d import build
from tests.c3d.build import ABSENT, Raw, c3d, event_block, stored_values


def events_of(**changes):
    stored = stored_values(frames=300)
    data = c3d(stored, np.zeros((300, 1, 4)), **changes)
    return C3DFile.open(BytesSource(data)).events


def group(times_s, **more):
    pairs = [value for time_s in times_s for value in (0.0, time_s)]
    return {"EVENT:TIMES": Raw(4, (2, len(times_s)), build.float_bytes(pairs, build.INTEL)), **more}


@pytest.mark.parametrize("processor", [build.INTEL, build.DEC, build.MIPS])
def test_events_of_the_header_count_from_the_first_stored_frame(processor):
    block = event_block([0.5, 1.25], ["RHS", "RTO"], processor)
    found = events_of(processor=processor, event_block=block, header={4: 101, 5: 400})
    assert found == (Event("RHS", "", 0.5, "header"), Event("RTO", "", 1.25, "header"))


def test_without_the_mark_the_header_has_no_events():
    assert events_of(event_block=b"\0\0" + event_block([0.5], ["RHS"])[2:]) == ()


def test_the_header_has_room_for_18_events_whatever_it_counts():
    found = events_of(event_block=event_block([0.1] * 18, ["E"] * 18, count=999))
    assert len(found) == 18


def test_an_event_without_a_time_is_none():
    assert events_of(event_block=event_block([float("nan")], ["RHS"])) == ()
    assert events_of(parameters=group([float("inf")])) == ()


def test_events_of_the_group_have_context_and_minutes():
    times = Raw(4, (2, 2), build.float_bytes([0, 1.5, 1, 2.5], build.INTEL))
    parameters = {
        "EVENT:TIMES": times,
        "EVENT:LABELS": ["Foot Strike"],
        "EVENT:CONTEXTS": ["Left", "Right"],
    }
    assert events_of(parameters=parameters) == (
        Event("Foot Strike", "Left", 1.5, "group"),
        Event("", "Right", 62.5, "group"),
    )


def test_the_group_may_be_called_events():
    parameters = {key.replace("EVENT", "EVENTS"): value for key, value in group([1.0]).items()}
    assert [event.time_s for event in events_of(parameters=parameters)] == [1.0]


def test_a_group_without_times_has_no_events():
    assert events_of(parameters={"EVENT:LABELS": ["x"]}) == ()


class TestWhatTimesOfTheGroupCountFrom:
    """3 s of 100 Hz, stored from raw frame 501 on: raw 5 to 8 s."""

    LATE = {"header": {4: 501, 5: 800}}  # noqa: RUF012 - a constant of the tests

    def seconds(self, times_s, parameters=None, **changes):
        parameters = group(times_s, **(parameters or {}))
        return [event.time_s for event in events_of(parameters=parameters, **changes)]

    def test_frame_1_where_that_brings_all_into_the_recording(self):
        assert self.seconds([5.5, 7.75], **self.LATE) == [0.5, 2.75]

    def test_the_first_stored_frame_where_they_lie_in_it_already(self):
        assert self.seconds([0.5, 2.75], **self.LATE) == [0.5, 2.75]

    def test_the_edges_belong_to_the_recording(self):
        assert self.seconds([4.99, 8.01], **self.LATE) == pytest.approx([-0.01, 3.01], abs=1e-5)
        assert self.seconds([4.98, 8.01], **self.LATE) == pytest.approx([4.98, 8.01])

    def test_32_bit_fields_tell_the_first_frame_better(self):
        fields = {
            "TRIAL:ACTUAL_START_FIELD": [30_001 - 0, 1],
            "TRIAL:ACTUAL_END_FIELD": [30_300, 1],
        }
        start_s = (65_536 + 30_000) / 100
        found = self.seconds([start_s + 1], fields, header={4: 65_535, 5: 65_535})
        assert found == pytest.approx([1.0], abs=1e-3)

    def test_without_a_rate_nothing_is_converted(self):
        changes = {"parameters": {"POINT:RATE": ABSENT}, "rate_hz": 0.0, **self.LATE}
        assert self.seconds([5.5], **changes) == [5.5]


def test_more_than_255_events_run_on_in_further_lists():
    first = group([0.5] * 255, **{"EVENT:LABELS": ["a"] * 255, "EVENT:LABELS2": ["b"]})
    first["EVENT:TIMES2"] = group([1.5])["EVENT:TIMES"]
    found = events_of(parameters=first)
    assert len(found) == 256
    assert found[-1] == Event("b", "", 1.5, "group")


def test_no_more_events_are_read_than_any_recording_has():
    many = Raw(4, (2, 80, 100), bytes(8 * 80 * 100))
    assert len(events_of(parameters={"EVENT:TIMES": many, "EVENT:TIMES2": many})) == EVENT_LIMIT
