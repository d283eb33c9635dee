"""The same numbers by SciPy directly: at the full rate, step by step, slow and plain."""

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt, welch

from myograph.analysis.measure import measure
from myograph.analysis.protocol import DEFAULT
from tests.signals import Burst, Scene, recording

RATE_HZ = 1000.0
BURSTS = [Burst(3, 6, 1e-4), Burst(9, 9.8, 6e-5), Burst(13, 18, 1.5e-4)]


@pytest.fixture(scope="module")
def x():
    return Scene(24, BURSTS, seed=11).at(RATE_HZ)


@pytest.fixture(scope="module")
def measured(x):
    return measure(recording(x), DEFAULT).channels[0]


def bandpassed(x):
    return sosfiltfilt(butter(4, (20, 450), "bandpass", fs=RATE_HZ, output="sos"), x)


def moments(hz, power):
    band = (hz >= 20) & (hz <= 450)
    hz, power = hz[band], power[band]
    running = np.cumsum(power)
    edges = np.concatenate(([hz[0] - 0.5], hz + 0.5))
    mdf = np.interp(running[-1] / 2, np.concatenate(([0], running)), edges)
    return (
        np.sum(hz * power) / np.sum(power),
        mdf,
        np.sum(power / hz) / np.sum(power * hz**5),
    )


def rest_spectrum(x):
    windows = [x[at : at + 1000] for at in range(0, x.size - 999, 500)]
    hz = np.arange(501.0)
    power = np.array([welch(w, RATE_HZ, nperseg=1000)[1] for w in windows])
    total = power[:, (hz >= 20) & (hz <= 450)].sum(axis=1)
    return power[total <= np.quantile(total, 0.2)].mean(axis=0)


def test_amplitudes_of_contractions(x, measured):
    y = bandpassed(x)
    for contraction in measured.contractions:
        part = y[round(contraction.start_s * RATE_HZ) : round(contraction.end_s * RATE_HZ)]
        assert contraction.rms_v == pytest.approx(np.sqrt(np.mean(part**2)), rel=1e-9)
        assert contraction.mav_v == pytest.approx(np.mean(np.abs(part)), rel=1e-9)
        assert contraction.iemg_vs == pytest.approx(np.sum(np.abs(part)) / RATE_HZ, rel=1e-9)


def test_spectra_of_contractions(x, measured):
    rest = rest_spectrum(x)
    for contraction in measured.contractions:
        start, stop = round(contraction.start_s * RATE_HZ), round(contraction.end_s * RATE_HZ)
        room = stop - start - 500
        starts = np.round(np.linspace(start, start + room, -(-room // 250) + 1)).astype(int)
        parts = [welch(x[s : s + 500], RATE_HZ, nperseg=500, nfft=1000) for s in starts]
        power = np.maximum(np.mean([p for _, p in parts], axis=0) - rest, 0)
        mpf, mdf, fi_nsm5 = moments(parts[0][0], power)
        assert contraction.mpf_hz == pytest.approx(mpf, rel=1e-9)
        assert contraction.mdf_hz == pytest.approx(mdf, rel=1e-9)
        assert contraction.fi_nsm5 == pytest.approx(fi_nsm5, rel=1e-9)


def test_the_whole_recording(x, measured):
    y = bandpassed(x)
    mpf, mdf, fi_nsm5 = moments(*welch(x, RATE_HZ, nperseg=1000))
    assert measured.whole.rms_v == pytest.approx(np.sqrt(np.mean(y**2)), rel=1e-9)
    assert measured.whole.mav_v == pytest.approx(np.mean(np.abs(y)), rel=1e-9)
    assert measured.whole.iemg_vs == pytest.approx(np.sum(np.abs(y)) / RATE_HZ, rel=1e-9)
    assert measured.whole.mpf_hz == pytest.approx(mpf, rel=1e-9)
    assert measured.whole.mdf_hz == pytest.approx(mdf, rel=1e-9)
    assert measured.whole.fi_nsm5 == pytest.approx(fi_nsm5, rel=1e-9)


def test_the_share_of_motion(x, measured):
    _, power = welch(x, RATE_HZ, nperseg=1000)
    share = power[1:20].sum() / power[1:451].sum()
    assert measured.quality.motion_share == pytest.approx(share, rel=1e-9)


def test_signal_to_noise(x, measured):
    y = bandpassed(x)
    inside = np.zeros(x.size, bool)
    for contraction in measured.contractions:
        inside[round(contraction.start_s * RATE_HZ) : round(contraction.end_s * RATE_HZ)] = True
    snr_db = 10 * np.log10(np.mean(y[inside] ** 2) / np.mean(y[~inside] ** 2))
    assert measured.quality.snr_db == pytest.approx(snr_db, rel=1e-9)
