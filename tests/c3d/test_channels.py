import numpy as np
import pytest

from myograph.c3d import channels
from myograph.c3d.recording import read_recording
from myograph.c3d.source import BytesSource
from tests.c3d import build
from tests.c3d.build import c3d, padded
from tests.c3d.game import game_source

SECONDS_2 = build.stored_values(frames=200, samples=10, channels=3)
PARTS = [(0, 3000), (0, 1), (29, 31), (1234, 2345), (2999, 9999), (3000, 4000), (70, 20)]


@pytest.fixture
def _nothing_is_held(monkeypatch):
    monkeypatch.setattr(channels, "HELD", 0)


@pytest.mark.usefixtures("_nothing_is_held")
@pytest.mark.parametrize(("start", "stop"), PARTS)
def test_a_part_of_a_stored_channel_is_that_of_the_whole(start, stop):
    recording = read_recording(game_source(100))
    for lead, whole in zip(recording.leads, recording.channels, strict=True):
        assert lead.label == whole.label
        assert lead.samples.size == 3000
        assert lead.activated is not None
        assert whole.activated is not None
        np.testing.assert_array_equal(lead.samples[start:stop], whole.samples[start:stop])
        np.testing.assert_array_equal(lead.activated[start:stop], whole.activated[start:stop])


@pytest.mark.usefixtures("_nothing_is_held")
def test_a_stored_channel_in_millivolts_is_read_in_volts():
    stored = padded(c3d(SECONDS_2, np.zeros((200, 1, 4)), parameters={"ANALOG:UNITS": ["mV"] * 3}))
    recording = read_recording(BytesSource(stored))
    lead, whole = recording.leads[0], recording.channels[0]
    assert lead.activated is None
    np.testing.assert_array_equal(lead.samples[5:1234], whole.samples[5:1234])


@pytest.mark.parametrize(("longest", "held"), [(3000, True), (2999, False)])
def test_a_channel_is_held_up_to_a_length(monkeypatch, longest, held):
    monkeypatch.setattr(channels, "HELD", longest)
    lead = read_recording(game_source(100)).leads[0]
    assert isinstance(lead.samples, np.ndarray) == held


def test_leads_are_a_sequence():
    leads = read_recording(game_source(100)).leads
    assert [lead.label for lead in leads[::-1]] == ["CH2", "CH1"]
    with pytest.raises(IndexError):
        leads[2]
