import numpy as np
import pytest

from myograph.c3d.reader import C3DFile
from myograph.c3d.source import BytesSource
from tests.c3d import build
from tests.c3d.build import ABSENT, c3d, stored_values

STORED = stored_values()
BY_CHANNEL = STORED.transpose(2, 0, 1).reshape(2, -1)


def analogs(data: bytes):
    return C3DFile.open(BytesSource(data)).analogs()


@pytest.mark.parametrize("processor", [build.INTEL, build.DEC, build.MIPS])
@pytest.mark.parametrize("floats", [True, False])
def test_every_processor_and_type_gives_the_same_numbers(processor, floats):
    data = c3d(STORED, processor=processor, floats=floats)
    np.testing.assert_array_equal(analogs(data), BY_CHANNEL)


@pytest.mark.parametrize("floats", [True, False])
def test_values_are_stored_less_offset_times_scales(floats):
    calibration = {
        "ANALOG:OFFSET": [10, -20],
        "ANALOG:SCALE": [0.5, 4.0],
        "ANALOG:GEN_SCALE": -1.0,
    }
    expected = (BY_CHANNEL - [[10], [-20]]) * [[-0.5], [-4.0]]
    np.testing.assert_array_equal(
        analogs(c3d(STORED, floats=floats, parameters=calibration)), expected
    )


def test_channels_in_any_order_keep_their_own_calibration():
    stored = stored_values(channels=5)
    parameters = {"ANALOG:SCALE": [1.0, 2.0, 3.0, 4.0, 5.0]}
    file = C3DFile.open(BytesSource(c3d(stored, parameters=parameters)))
    expected = stored.transpose(2, 0, 1).reshape(5, -1) * np.arange(1, 6)[:, None]
    for indices in ((4, 1), (3,), (0, 1, 4), range(4, -1, -1)):
        np.testing.assert_array_equal(file.channels(indices), expected[list(indices)])


def test_what_is_missing_changes_nothing():
    names = ("SCALE", "OFFSET", "GEN_SCALE", "FORMAT")
    data = c3d(STORED, parameters={f"ANALOG:{name}": ABSENT for name in names})
    np.testing.assert_array_equal(analogs(data), BY_CHANNEL)
    found = [finding.code for finding in C3DFile.open(BytesSource(data)).findings]
    assert found == ["scale_assumed", "offset_assumed"]
    data = c3d(STORED, parameters={"ANALOG:GEN_SCALE": float("nan")})
    np.testing.assert_array_equal(analogs(data), BY_CHANNEL)


def test_lists_that_are_too_short_are_completed():
    data = c3d(STORED, parameters={"ANALOG:SCALE": [2.0], "ANALOG:OFFSET": [3]})
    np.testing.assert_array_equal(analogs(data), (BY_CHANNEL - [[3], [0]]) * [[2], [1]])


def test_lists_that_are_too_long_are_cut():
    data = c3d(STORED, parameters={"ANALOG:SCALE": [2.0, 3.0, 4.0]})
    np.testing.assert_array_equal(analogs(data), BY_CHANNEL * [[2], [3]])


def test_unsigned_integers_are_unsigned_with_their_offset():
    unsigned = STORED + 40_000
    parameters = {"ANALOG:FORMAT": "UNSIGNED", "ANALOG:OFFSET": [40_000, 40_000]}
    data = c3d(unsigned, floats=False, parameters=parameters)
    np.testing.assert_array_equal(analogs(data), BY_CHANNEL)
    assert C3DFile.open(BytesSource(data)).findings == ()


@pytest.mark.parametrize("stated", [ABSENT, "SIGNED"])
def test_a_zero_at_the_end_of_the_signed_range_means_unsigned(stated):
    parameters = {"ANALOG:FORMAT": stated, "ANALOG:OFFSET": [-32_768, 32_767]}
    data = c3d(STORED + 32_768, floats=False, parameters=parameters)
    np.testing.assert_array_equal(analogs(data), BY_CHANNEL + np.array([[0], [1]]))
    assert [f.code for f in C3DFile.open(BytesSource(data)).findings] == ["offset_unsigned"]


def test_a_small_negative_offset_means_nothing_but_itself():
    data = c3d(STORED, floats=False, parameters={"ANALOG:OFFSET": [-16_383, 0]})
    np.testing.assert_array_equal(analogs(data), BY_CHANNEL + np.array([[16_383], [0]]))


def test_not_a_number_is_kept():
    stored = STORED.astype(float)
    stored[3, 2, 1] = np.nan
    stored[4, 0, 0] = np.inf
    found = analogs(c3d(stored, parameters={"ANALOG:SCALE": [1e38, 1e38]}))
    assert np.isnan(found[1, 3 * 5 + 2])
    assert found[0, 4 * 5] == np.inf
    assert np.count_nonzero(np.isnan(found)) == 1


def test_300_channels_are_calibrated_by_the_lists_that_follow():
    stored = stored_values(frames=3, samples=2, channels=300)
    parameters = {
        "ANALOG:SCALE": [1.0] * 255,
        "ANALOG:SCALE2": [float(i) for i in range(45)],
        "ANALOG:OFFSET2": list(range(45)),
        "ANALOG:LABELS2": [f"B{i}" for i in range(45)],
    }
    data = c3d(stored, np.zeros((3, 0, 4)), parameters=parameters)
    file = C3DFile.open(BytesSource(data))
    expected = stored.transpose(2, 0, 1).reshape(300, -1).astype(float)
    more = np.arange(45)[:, None]
    expected[255:] = (expected[255:] - more) * more
    np.testing.assert_array_equal(file.analogs(), expected)
    np.testing.assert_array_equal(file.channel("B44"), expected[299])
    assert file.labels[254:256] == ("A255", "B0")


class TestPoints:
    POINTS = np.random.default_rng(1).integers(-500, 500, (20, 3, 4)).astype(float)

    def points(self, **changes):
        points = self.POINTS.copy()
        points[:, :, 3] = 2 + 256 * 3  # residual 2, cameras 1 and 2
        points[5, 1] = [7, 8, 9, -1]
        return C3DFile.open(BytesSource(c3d(STORED, points, **changes))).points()

    @pytest.mark.parametrize("processor", [build.INTEL, build.DEC, build.MIPS])
    def test_floats_are_places_as_they_stand(self, processor):
        found = self.points(processor=processor)
        seen = np.ones((20, 3), bool)
        seen[5, 1] = False
        np.testing.assert_array_equal(found[seen][:, :3], self.POINTS[seen][:, :3])
        np.testing.assert_array_equal(found[seen][:, 3], 2 * 0.5)

    def test_integers_are_scaled(self):
        found = self.points(floats=False, point_scale=0.25)
        np.testing.assert_array_equal(found[0, :, :3], self.POINTS[0, :, :3] * 0.25)
        np.testing.assert_array_equal(found[0, :, 3], 2 * 0.25)

    def test_a_point_that_was_not_seen_has_no_place(self):
        found = self.points()
        assert np.isnan(found[5, 1, :3]).all()
        assert found[5, 1, 3] < 0

    def test_any_negative_residual_means_not_seen(self):
        points = self.POINTS.copy()
        points[:, :, 3] = 0
        points[7, 2, 3] = -32_768
        found = C3DFile.open(BytesSource(c3d(STORED, points, floats=False))).points()
        assert np.argwhere(np.isnan(found[:, :, 0])).tolist() == [[7, 2]]

    def test_a_residual_that_is_no_number_is_none(self):
        points = self.POINTS.copy()
        points[0, 0, 3], points[0, 1, 3] = np.nan, 1e30
        found = C3DFile.open(BytesSource(c3d(STORED, points))).points()
        assert found[0, :2, 3].tolist() == [0, 0]
