import dataclasses

import numpy as np
import pytest

from myograph.analysis.measure import measure
from myograph.analysis.protocol import DEFAULT
from myograph.analysis.spectra import mean_spectra, motion_share, spectra_of
from myograph.analysis.statistics import clinical, temporal
from myograph.signal.filters import bandpass
from myograph.signal.grid import grid_of
from myograph.signal.runs import NONE
from myograph.signal.spectrum import periodograms
from tests.signals import Burst, Scene, muscle_shape, recording

RATE_HZ = 1000.0


def measured(*bursts, duration_s=30.0, protocol=DEFAULT, **scene):
    x = Scene(duration_s, bursts, **scene).at(RATE_HZ)
    return measure(recording(x), protocol).channels[0]


def every(seconds, lasting, count, rms_v=1e-4):
    return [Burst(2 + i * seconds, 2 + i * seconds + lasting, rms_v) for i in range(count)]


def true_mpf_and_mdf():
    hz = np.linspace(20, 450, 4301)
    power = muscle_shape(hz) ** 2
    half = np.interp(0.5, np.cumsum(power) / power.sum(), hz)
    return np.sum(hz * power) / power.sum(), half


@pytest.mark.parametrize("snr_db", [30.0, 6.0])
def test_spectra_of_contractions_are_those_of_the_muscle_even_in_noise(snr_db):
    rest_v = 1e-4 / 10 ** (snr_db / 20)
    channel = measured(*every(5, 3.5, 11), duration_s=60, rest_v=rest_v)
    mpf_hz, mdf_hz = true_mpf_and_mdf()
    assert channel.clinical.mpf_hz == pytest.approx(mpf_hz, rel=0.03)
    assert channel.clinical.mdf_hz == pytest.approx(mdf_hz, rel=0.03)


def test_amplitudes_are_those_of_the_muscle():
    channel = measured(*every(5, 3, 5), rest_v=1e-6)
    contraction = channel.contractions[0]
    assert contraction.rms_v == pytest.approx(1e-4, rel=0.06)
    assert contraction.iemg_vs == pytest.approx(contraction.mav_v * contraction.duration_s)
    assert channel.clinical.rms_v == pytest.approx(1e-4, rel=0.05)
    assert channel.whole.rms_v == pytest.approx(1e-4 * np.sqrt(15 / 30), rel=0.05)


@pytest.mark.parametrize(("lasting", "has_spectrum"), [(0.22, False), (0.32, True)])
def test_a_contraction_has_a_spectrum_from_250_ms_on(lasting, has_spectrum):
    channel = measured(*every(3, lasting, 9))
    assert len(channel.contractions) == 9
    for contraction in channel.contractions:
        long_enough = contraction.duration_s >= 0.25
        assert long_enough == has_spectrum
        assert (contraction.mdf_hz is not None) == has_spectrum
        assert (contraction.resolution_hz is not None) == has_spectrum


def test_the_resolution_is_that_of_the_segment():
    channel = measured(Burst(2, 2.35, 1e-4), Burst(6, 9, 1e-4), Burst(12, 15, 1e-4))
    short, long, _ = channel.contractions
    assert short.resolution_hz == pytest.approx(1 / short.duration_s)
    assert long.resolution_hz == 2.0
    assert channel.clinical.resolution_hz == 2.0
    assert channel.whole.resolution_hz == 1.0


@pytest.mark.parametrize(("count", "known"), [(3, False), (5, True)])
def test_a_clinical_spectrum_needs_two_seconds_of_activity(count, known):
    channel = measured(*every(4, 0.5, count))
    total_s = sum(c.duration_s for c in channel.contractions)
    assert (total_s >= 2.0) == known
    assert (channel.clinical.mdf_hz is not None) == known
    assert channel.clinical.rms_v is not None, "amplitudes need no two seconds"


def test_without_a_contraction_the_clinical_values_were_not_measured():
    clinical = measured().clinical
    assert dataclasses.astuple(clinical) == (None,) * 7


def test_long_contractions_weigh_more_in_the_clinical_spectrum():
    channel = measured(Burst(2, 2.5, 1e-4), Burst(6, 14, 1e-4), seed=3)
    short, long = (c.mdf_hz for c in channel.contractions)
    assert abs(channel.clinical.mdf_hz - long) < abs(channel.clinical.mdf_hz - short)


def test_a_contraction_under_the_mask_has_no_spectrum():
    x = Scene(30, [Burst(5, 5.4, 1e-4), Burst(10, 13, 1e-4)]).at(RATE_HZ)
    x[5150:5250] = -5.5e-3
    channel = measure(recording(x), DEFAULT).channels[0]
    first, second = channel.contractions
    assert first.masked_share > 0.1
    assert (first.mdf_hz, first.resolution_hz) == (None, None)
    assert first.rms_v is not None
    assert second.mdf_hz is not None


def test_a_contraction_that_is_all_mask_has_no_amplitude():
    x = Scene(30, every(6, 3, 4)).at(RATE_HZ)
    x[14_000 - 200 : 17_000 + 200] = np.nan
    channel = measure(recording(x), DEFAULT).channels[0]
    for contraction in channel.contractions:
        fully = contraction.masked_share == 1.0
        assert (contraction.rms_v is None) == fully


def test_windows_of_a_second_lie_wholly_inside_contractions():
    result = measured(*every(4, 2.12, 5)).temporal
    assert result is not None
    assert result.window_s == 1.0
    assert result.windows == 5 * 3
    assert result.rms.mean == pytest.approx(1e-4, rel=0.05)
    assert result.rms.minimum < result.rms.mean < result.rms.maximum
    assert result.mdf.cv == pytest.approx(result.mdf.sd / result.mdf.mean)


def test_where_no_contraction_lasts_a_second_windows_are_shorter():
    result = measured(*every(3, 0.6, 9)).temporal
    assert result is not None
    assert result.window_s == 0.25
    assert result.windows == 9 * 3


@pytest.mark.parametrize(("lasting", "windows"), [(1.3, None), (1.7, 2)])
def test_under_two_windows_nothing_can_be_said_of_how_values_vary(lasting, windows):
    result = measured(Burst(5, 5 + lasting, 1e-4)).temporal
    assert (None if result is None else result.windows) == windows


def test_the_spread_of_known_windows_is_that_of_numpy():
    x = np.random.default_rng(0).standard_normal(8000) * np.repeat([1.0, 3.0], 4000)
    grid = grid_of(x, bandpass(RATE_HZ, DEFAULT.band_hz, 4), NONE, 0.005)
    spectra = spectra_of(x, NONE, RATE_HZ, DEFAULT)
    result = temporal(grid, np.array([[200, 600], [1000, 1400]]), spectra=spectra, protocol=DEFAULT)
    assert result is not None
    starts = [*range(1000, 2001, 500), *range(5000, 6001, 500)]
    cells = [grid.square[s // 5 : s // 5 + 200] for s in starts]
    rms = np.array([np.sqrt(c.mean()) for c in cells])
    assert result.windows == 6
    assert result.rms.mean == pytest.approx(rms.mean())
    assert result.rms.sd == pytest.approx(np.std(rms, ddof=1))
    assert (result.rms.minimum, result.rms.maximum) == pytest.approx((rms.min(), rms.max()))
    mav = np.array([grid.absolute[s // 5 : s // 5 + 200].mean() for s in starts])
    assert result.mav.mean == pytest.approx(mav.mean())
    assert result.mav.sd == pytest.approx(np.std(mav, ddof=1))


@pytest.mark.parametrize(("samples", "has"), [(249, False), (250, True)])
def test_a_span_of_just_250_ms_has_a_spectrum(samples, has):
    spectra = spectra_of(np.random.default_rng(0).standard_normal(4000), NONE, RATE_HZ, DEFAULT)
    power = mean_spectra(spectra, np.array([[1000, 1000 + samples]]), DEFAULT)
    assert np.isfinite(power).all() == has


@pytest.mark.parametrize(("cells", "known"), [(200, True), (199, False)])
def test_just_two_seconds_of_contractions_have_a_clinical_spectrum(cells, known):
    x = np.random.default_rng(0).standard_normal(6000)
    grid = grid_of(x, bandpass(RATE_HZ, DEFAULT.band_hz, 4), NONE, 0.005)
    spectra = spectra_of(x, NONE, RATE_HZ, DEFAULT)
    runs = np.array([[100, 300], [600, 600 + cells]])
    power = mean_spectra(spectra, grid.edges[runs], DEFAULT)
    result = clinical(grid, runs, power, spectra=spectra, protocol=DEFAULT)
    assert (result.mdf_hz is not None) == known


@pytest.mark.parametrize("share", [0.01, 0.2, 1.0])
def test_rest_is_the_mean_of_the_quietest_windows(share):
    x = np.random.default_rng(0).standard_normal(400_000) * np.linspace(1, 2, 400_000)
    protocol = dataclasses.replace(DEFAULT, quiet_share=share)
    spectra = spectra_of(x, NONE, RATE_HZ, protocol)
    starts = np.arange(0, x.size - 999, 500)
    power = periodograms(x, starts, 1000, spectra.axis)
    total = power[:, 20:451].sum(axis=1)
    quiet = power[total <= np.quantile(total, share)]
    np.testing.assert_allclose(spectra.rest, quiet.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(spectra.whole, power.mean(axis=0), rtol=1e-12)


def test_equally_quiet_windows_are_all_rest():
    x = np.tile(np.random.default_rng(0).standard_normal(500), 800)
    spectra = spectra_of(x, NONE, RATE_HZ, DEFAULT)
    np.testing.assert_allclose(spectra.rest, spectra.whole, rtol=1e-9)


def test_the_share_of_motion_is_the_power_below_the_band():
    t = np.arange(20_000) / RATE_HZ
    x = np.sin(2 * np.pi * 5 * t) + np.sin(2 * np.pi * 100 * t)
    share = motion_share(spectra_of(x, NONE, RATE_HZ, DEFAULT))
    assert share == pytest.approx(0.5, abs=0.01)


def test_a_corner_belongs_to_the_band_and_not_to_motion():
    t = np.arange(20_000) / RATE_HZ
    below, at = (np.sin(2 * np.pi * hz * t) for hz in (17, 20))
    assert motion_share(spectra_of(below, NONE, RATE_HZ, DEFAULT)) == pytest.approx(1, abs=0.01)
    assert motion_share(spectra_of(at, NONE, RATE_HZ, DEFAULT)) < 0.3


def test_no_power_has_no_motion():
    assert motion_share(spectra_of(np.zeros(4000), NONE, RATE_HZ, DEFAULT)) is None


def test_without_an_unmasked_second_there_is_no_spectrum_of_the_whole():
    x = Scene(6, [Burst(2, 2.4, 1e-4)]).at(RATE_HZ)
    x[400::800] = np.nan
    x[::800] = np.nan
    channel = measure(recording(x), DEFAULT).channels[0]
    assert channel.whole.mdf_hz is None
    assert channel.whole.rms_v is not None
    assert channel.quality.powerline_share is None
    assert channel.quality.motion_share is None
