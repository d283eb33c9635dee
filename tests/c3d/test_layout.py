import numpy as np
import pytest

from myograph.c3d.reader import metadata_of_prefix
from myograph.errors import Contradictory
from tests.c3d import build
from tests.c3d.build import ABSENT, c3d, padded, stored_values


def metadata_of(data: bytes):
    return metadata_of_prefix(data, len(data))


def layout_of(data: bytes):
    return metadata_of(data).layout


def codes(data: bytes):
    return [finding.code for finding in metadata_of(data).findings]


def test_a_plain_file_is_laid_out_as_it_says():
    layout = layout_of(padded(c3d()))
    assert (layout.points, layout.channels, layout.samples_per_frame) == (1, 2, 5)
    assert (layout.frames, layout.declared_frames, layout.samples) == (20, 20, 100)
    assert (layout.frame_rate_hz, layout.analog_rate_hz) == (100.0, 500.0)
    assert layout.frame_bytes == (4 + 10) * 4
    assert (layout.contradiction, codes(c3d())) == ("", [])


def test_integers_take_two_bytes():
    layout = layout_of(c3d(floats=False))
    assert not layout.floats
    assert layout.frame_bytes == (4 + 10) * 2


class TestContradictingCounts:
    """The size of the file settles what header and parameters disagree on."""

    @pytest.mark.parametrize("wrong", ["header", "parameter"])
    def test_points(self, wrong):
        points = np.zeros((100, 3, 4))
        changes = {"header": {2: 4}} if wrong == "header" else {"parameters": {"POINT:USED": 4}}
        data = padded(c3d(stored_values(frames=100), points, **changes))
        assert layout_of(data).points == layout_of(data + bytes(512)).points == 3
        assert codes(data) == ["points_disagree"]
        assert layout_of(data).contradiction == ""

    @pytest.mark.parametrize("wrong", ["header", "parameter"])
    def test_frames(self, wrong):
        stored = stored_values(frames=200)
        changes = (
            {"header": {5: 300}} if wrong == "header" else {"parameters": {"POINT:FRAMES": 300}}
        )
        data = padded(c3d(stored, np.zeros((200, 1, 4)), **changes))
        assert layout_of(data).frames == 200
        assert codes(data) == ["frames_disagree"]

    def test_whether_values_are_whole_numbers(self):
        data = padded(c3d(floats=True, parameters={"POINT:SCALE": 0.5}))
        assert layout_of(data).floats
        assert not layout_of(padded(c3d(floats=False, parameters={"POINT:SCALE": -0.5}))).floats

    def test_samples_per_frame_go_by_two_of_three(self):
        data = padded(c3d(header={10: 7}))
        assert layout_of(data).samples_per_frame == 5
        assert codes(data) == ["samples_disagree"]
        data = padded(c3d(header={3: 16}))
        assert layout_of(data).samples_per_frame == 5

    def test_samples_per_frame_where_all_three_differ_go_by_the_size(self):
        stored = stored_values(frames=200)
        data = padded(c3d(stored, np.zeros((200, 1, 4)), header={10: 7, 3: 8}))
        assert layout_of(data).samples_per_frame == 5
        assert layout_of(data).contradiction == ""

    @pytest.mark.parametrize(
        ("changes", "what"),
        [
            ({"header": {2: 40}, "parameters": {"POINT:USED": 50}}, "how many points there are"),
            (
                {"header": {3: 160, 10: 70}, "parameters": {"ANALOG:RATE": 9000.0}},
                "how many samples a frame holds",
            ),
            (
                {"header": {5: 300}, "parameters": {"POINT:SCALE": 0.5, "POINT:FRAMES": 300}},
                "whether its values are whole numbers",
            ),
        ],
    )
    def test_what_nothing_settles_is_said(self, changes, what):
        data = padded(c3d(**changes))
        assert layout_of(data).contradiction == what


class TestFrames:
    def test_header_alone(self):
        assert layout_of(c3d(parameters={"POINT:FRAMES": ABSENT})).frames == 20
        assert layout_of(c3d(parameters={"POINT:FRAMES": 0})).frames == 20

    def test_parameters_alone(self):
        assert layout_of(c3d(header={4: 0, 5: 0})).frames == 20

    def test_a_float_count(self):
        assert layout_of(c3d(parameters={"POINT:FRAMES": 20.0})).frames == 20

    def test_no_count_at_all_that_makes_sense(self):
        for value in (float("nan"), -3.0, 1e30):
            data = c3d(parameters={"POINT:FRAMES": value}, header={4: 1, 5: 20})
            assert layout_of(data).frames == 20

    def test_40_000_frames_are_not_negative(self):
        assert layout_of(_long(40_000)).frames == 40_000

    @pytest.mark.parametrize(
        "parameters",
        [
            {"POINT:FRAMES": 70_123.0},
            {"POINT:FRAMES": 65_535, "POINT:LONG_FRAMES": 70_123.0},
            {
                "POINT:FRAMES": 65_535,
                "TRIAL:ACTUAL_START_FIELD": [1, 0],
                "TRIAL:ACTUAL_END_FIELD": [70_123 - 65_536, 1],
            },
            {
                "POINT:FRAMES": 65_535,
                "TRIAL:ACTUAL_START_FIELD": [5_000, 3],
                "TRIAL:ACTUAL_END_FIELD": [5_000 + 70_122 - 65_536, 4],
            },
        ],
    )
    def test_more_than_16_bits(self, parameters):
        assert layout_of(padded(_long(70_123, parameters))).frames == 70_123

    def test_nothing_but_the_size_says_how_many(self):
        layout = layout_of(_long(70_123, {"POINT:FRAMES": 65_535}))
        assert layout.frames == layout.declared_frames == 70_123
        assert codes(_long(70_123, {"POINT:FRAMES": 65_535})) == ["frames_by_size"]

    def test_a_count_that_wrapped_at_16_bits(self):
        data = _long(70_123, {"POINT:FRAMES": 70_123 - 65_536}, header={5: 70_123 - 65_536})
        assert layout_of(data).frames == 70_123
        assert layout_of(_long(65_536, {"POINT:FRAMES": 0}, header={5: 0})).frames == 65_536

    def test_fields_of_another_shape_say_nothing(self):
        fields = {"TRIAL:ACTUAL_START_FIELD": [1], "TRIAL:ACTUAL_END_FIELD": [999, 0]}
        assert layout_of(c3d(parameters={"POINT:FRAMES": 0, **fields})).frames == 20
        fields = {"TRIAL:ACTUAL_START_FIELD": 1.0, "TRIAL:ACTUAL_END_FIELD": [999, 0]}
        assert layout_of(c3d(parameters={"POINT:FRAMES": 0, **fields})).frames == 20

    def test_a_file_that_breaks_off_holds_what_is_there(self):
        layout = layout_of(c3d()[: -56 * 3 - 10])
        assert (layout.declared_frames, layout.frames, layout.frames_in_file) == (20, 16, 16)
        assert codes(c3d()[:-1]) == ["truncated"]

    def test_a_file_that_ends_before_its_data_holds_none(self):
        assert layout_of(c3d()[:900]).frames == 0

    def test_a_file_that_was_never_finished(self):
        stored = stored_values(frames=100)
        data = c3d(stored, np.zeros((100, 1, 4)), parameters={"POINT:FRAMES": 0}, header={5: 0})
        layout = layout_of(data)
        assert (layout.declared_frames, layout.frames, layout.frames_in_file) == (0, 0, 100)
        assert layout.unfinalised
        assert codes(data) == ["unfinalised"]

    def test_a_little_padding_is_no_recording(self):
        data = c3d(parameters={"POINT:FRAMES": 0}, header={5: 0})[: 1024 + 1023]
        assert layout_of(data).frames_in_file == 18
        assert not layout_of(data).unfinalised

    def test_a_file_without_points_and_channels_has_no_frames(self):
        data = c3d(np.zeros((20, 0, 0)), np.zeros((20, 0, 4)))
        assert layout_of(data).frames == 0

    def test_what_follows_the_data_is_a_finding(self):
        assert codes(c3d() + bytes(1023)) == []
        assert codes(c3d() + bytes(1024)) == ["bytes_after_data"]


class TestDataStart:
    def test_the_header_is_right_where_the_parameter_is_stale(self):
        for stale in (ABSENT, 1, 9):
            data = c3d(parameters={"POINT:DATA_START": stale})
            assert layout_of(data).data_offset == 1024
            assert codes(data) == []

    def test_the_parameter_is_right_where_the_header_has_none(self):
        data = c3d(header={9: 0})
        assert layout_of(data).data_offset == 1024
        assert codes(data) == ["data_start_corrected"]

    def test_where_neither_says_the_data_follow_the_parameters_if_that_fits(self):
        data = padded(c3d(header={9: 0}, parameters={"POINT:DATA_START": ABSENT}))
        assert layout_of(data).data_offset == 1024
        assert layout_of(data).contradiction == ""
        assert layout_of(data + bytes(512)).contradiction == ""
        assert layout_of(data + bytes(1024)).contradiction == "where its data begin"

    def test_a_start_that_no_block_has_is_none(self):
        data = padded(c3d(header={9: 1}, parameters={"POINT:DATA_START": 70_000.0}))
        assert layout_of(data).data_offset == 1024

    def test_data_may_stand_before_the_parameters(self):
        changes = {"header": {9: 2}, "parameters": {"POINT:DATA_START": ABSENT}}
        assert layout_of(c3d(parameter_block=3, **changes)).data_offset == 512


class TestRates:
    def test_the_frame_rate_is_the_parameters_else_the_headers(self):
        assert layout_of(c3d(parameters={"POINT:RATE": 50.0})).frame_rate_hz == 50
        for value in (ABSENT, 0.0, -1.0, float("inf")):
            assert layout_of(c3d(parameters={"POINT:RATE": value})).frame_rate_hz == 100

    def test_no_rate_at_all_is_0(self):
        layout = layout_of(c3d(rate_hz=0.0))
        assert (layout.frame_rate_hz, layout.analog_rate_hz) == (0, 0)

    def test_the_analog_rate_alone(self):
        layout = layout_of(c3d(rate_hz=0.0, parameters={"ANALOG:RATE": 500.0}))
        assert layout.analog_rate_hz == 500

    def test_frames_decide_where_the_analog_rate_is_absent_or_wrong(self):
        for value in (ABSENT, 0.0, float("nan"), -5.0, 510.0):
            assert layout_of(c3d(parameters={"ANALOG:RATE": value})).analog_rate_hz == 500
        assert codes(c3d(parameters={"ANALOG:RATE": 510.0})) == ["rate_disagrees"]
        assert codes(c3d(parameters={"ANALOG:RATE": ABSENT})) == ["rate_absent"]

    def test_a_rounded_rate_is_kept(self):
        layout = layout_of(c3d(rate_hz=99.999, parameters={"ANALOG:RATE": 500.0}))
        assert layout.analog_rate_hz == 500
        assert codes(c3d(rate_hz=99.999, parameters={"ANALOG:RATE": 500.0})) == []

    def test_a_ratio_that_is_no_whole_number_does_not_count(self):
        data = c3d(rate_hz=60.0, parameters={"ANALOG:RATE": 1000.0}, header={3: 0})
        assert layout_of(data).samples_per_frame == 5
        data = c3d(parameters={"ANALOG:RATE": 1e30}, header={3: 0})
        assert layout_of(data).samples_per_frame == 5


class TestChannels:
    def test_the_header_says_how_many_where_the_parameter_is_absent(self):
        assert layout_of(c3d(parameters={"ANALOG:USED": ABSENT})).channels == 2
        data = c3d(parameters={"ANALOG:USED": ABSENT}, header={10: 0})
        assert layout_of(data).channels == 0

    def test_a_count_of_one_byte(self):
        assert layout_of(c3d(parameters={"ANALOG:USED": build.small(2)})).channels == 2

    def test_channels_that_the_file_cannot_hold_are_refused(self):
        for value in (300, 60_000, 70_000.0):
            with pytest.raises(Contradictory, match=f"declares {value:.0f} analog channels"):
                layout_of(c3d(parameters={"ANALOG:USED": value}))
        with pytest.raises(Contradictory, match="declares 2000 analog channels"):
            layout_of(c3d(parameters={"ANALOG:USED": 2000, "ANALOG:RATE": 0}, header={3: 0, 10: 0}))

    def test_points_that_no_file_has_are_refused(self):
        with pytest.raises(Contradictory, match="points, which no recording has"):
            layout_of(c3d(parameters={"POINT:USED": 70_000.0}))

    def test_points_by_the_header_alone(self):
        assert layout_of(c3d(parameters={"POINT:USED": ABSENT})).points == 1

    def test_a_scale_that_is_no_number_is_the_headers(self):
        for value in (float("nan"), 0.0, ABSENT):
            layout = layout_of(c3d(parameters={"POINT:SCALE": value}))
            assert (layout.point_scale, layout.floats) == (-0.5, True)
        data = c3d(floats=False, parameters={"POINT:SCALE": ABSENT}, header={7: 0, 8: 0})
        assert (layout_of(data).point_scale, layout_of(data).floats) == (1.0, False)


def _long(frames, parameters=None, header=None):
    stored = np.arange(frames).reshape(frames, 1, 1) % 2000
    points = np.zeros((frames, 0, 4))
    return c3d(stored, points, floats=False, parameters=parameters, header=header)
