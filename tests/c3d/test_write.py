from datetime import datetime

import numpy as np
import pytest

from myograph.c3d.reader import C3DFile
from myograph.c3d.recording import parse_upload_name
from myograph.c3d.source import BytesSource
from myograph.c3d.write import (
    GameSession,
    file_name,
    ghostly_bytes,
    scientific,
    unfinalised_ghostly_bytes,
)
from tests.c3d.game import LABELS, START, channels


def opened(data: bytes) -> C3DFile:
    return C3DFile.open(BytesSource(data))


def test_a_file_of_n_frames_has_1536_and_496_n_bytes():
    assert len(ghostly_bytes(GameSession(START), channels(60))) == 1536 + 496 * 60


def test_what_is_written_is_read_again():
    written = channels(40)
    positions = np.random.default_rng(1).integers(0, 900, (40, 4)).astype(float)
    positions[:, 3] = 0
    file = opened(ghostly_bytes(GameSession(START), written, positions=positions))
    assert file.labels == LABELS
    for label, samples in written.items():
        np.testing.assert_array_equal(file.channel(label), samples)
    np.testing.assert_array_equal(file.points()[:, 0], positions)
    assert file.findings == ()
    assert (file.layout.frame_rate_hz, file.layout.analog_rate_hz) == (33, 990)


def test_newer_builds_write_66_frames_of_15_samples():
    written = channels(40, samples_per_frame=15)
    session = GameSession(START)
    file = opened(ghostly_bytes(session, written, frames_per_second=66, samples_per_frame=15))
    assert (file.layout.frame_rate_hz, file.layout.samples_per_frame) == (66, 15)
    assert file.layout.analog_rate_hz == 990
    np.testing.assert_array_equal(file.channel("CH2 Raw"), written["CH2 Raw"])


def test_the_clock_counts_whole_seconds_of_the_samples():
    file = opened(ghostly_bytes(GameSession(START), channels(100)))
    assert file.parameters.number("INFO", "DURATION") == 3
    file = opened(ghostly_bytes(GameSession(START, duration_s=77), channels(100)))
    assert file.parameters.number("INFO", "DURATION") == 77


def test_more_keys_than_two_blocks_hold_move_the_data():
    newer = {f"LONG_KEY_OF_A_NEWER_BUILD_{i})": "text" for i in range(40)}
    written = channels(3)
    data = ghostly_bytes(GameSession(START, newer=newer), written)
    file = opened(data)
    assert file.layout.data_offset == len(data) - 3 * 496 > 1536
    assert file.parameters.text("INFO", "LONG_KEY_OF_A_NEWER_BUILD_39)") == "text"
    np.testing.assert_array_equal(file.channel(0), written["CH1 Raw"])


def test_counts_wrap_at_16_bits_as_the_game_lets_them():
    silence = {"CH1 Raw": np.zeros(70_000)}
    data = ghostly_bytes(GameSession(START), silence, samples_per_frame=1)
    assert opened(data).header.last_frame == 70_000 - 65_536
    assert opened(data).layout.frames == 70_000


def test_an_unfinished_file_declares_nothing():
    data = unfinalised_ghostly_bytes(GameSession(START), channels(30))
    file = opened(data)
    assert len(data) == 1536 + 496 * 30 + 182
    assert (file.header.last_frame, file.header.data_block) == (0, 0)
    assert (file.layout.declared_frames, file.layout.frames_in_file) == (0, 30)


@pytest.mark.parametrize("value", [1.2345e-4, 3.0, -0.5, 0.0])
def test_a_number_over_two_keys_is_significand_and_exponent(value):
    keys = scientific("MAX_MVC_CH1", value)
    significand, exponent = keys["MAX_MVC_CH1_SIGNIFICAND"], keys["MAX_MVC_CH1_EXPONENT"]
    assert value == 0 or 1 <= abs(significand) < 10
    assert significand * 10.0**exponent == pytest.approx(value)


def test_channels_of_unequal_length_or_broken_frames_are_no_recording():
    with pytest.raises(ValueError, match="one length"):
        ghostly_bytes(GameSession(START), {"a": np.zeros(30), "b": np.zeros(60)})
    with pytest.raises(ValueError, match="1 samples more than 1 whole frames"):
        ghostly_bytes(GameSession(START), {"a": np.zeros(31)})


def test_the_name_holds_the_start_to_the_millisecond():
    start = datetime.fromisoformat("2023-03-21T17:23:09.409")
    assert file_name(start) == "Ghostly_Emg_20230321_17-23-09-0409.c3d"
    assert parse_upload_name(file_name(start)) == start
