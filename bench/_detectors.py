"""Other ways to find contractions, each as kindly treated as ours.

All get the same signal, band-passed where they do not filter themselves, and what they find is
joined and shortened by our own rules (gaps to 200 ms, runs from 100 ms). Those that need to know
rest are told that the first second is rest, which it is in every set.
"""

import importlib.util
import warnings
from collections.abc import Callable, Mapping

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, sosfiltfilt

from myograph.analysis.contractions import tidied
from myograph.analysis.levels import two_class_cut
from myograph.analysis.measure import measure
from myograph.analysis.protocol import DEFAULT
from myograph.recording import Signal
from myograph.signal.runs import runs_of
from tests.detection import RATE_HZ
from tests.signals import recording

Detector = Callable[[Signal], Signal]  # (n,) volts -> (k, 2) seconds

_REST = slice(0, round(RATE_HZ))
_K_SD = 3.0
_BAND = butter(4, (20, 450), "bandpass", fs=RATE_HZ, output="sos")
_SMOOTH = butter(4, 10, "lowpass", fs=RATE_HZ, output="sos")


def ours(x: Signal) -> Signal:
    contractions = measure(recording(x), DEFAULT).channels[0].contractions
    return np.array([(c.start_s, c.end_s) for c in contractions]).reshape(-1, 2)


def otsu(x: Signal) -> Signal:
    """The two-class cut of the level as threshold (Otsu 1979, doi 10.1109/TSMC.1979.4310076)."""
    level = _level_db(x)
    return _spans(level > two_class_cut(level))


def mixture(x: Signal) -> Signal:
    """Two Gaussians on the level, by expectation and maximisation; active where the upper wins."""
    level = _level_db(x)
    some = level[::5]  # a 150 ms level says no more than once in 5 ms
    mean = np.quantile(some, [0.1, 0.9])
    variance, weight = np.full(2, some.var() / 4 + 1e-9), np.full(2, 0.5)
    for _ in range(100):
        share = _shares(some, mean, variance, weight)
        total = share.sum(axis=0)
        mean = (share * some[:, None]).sum(axis=0) / total
        variance = (share * (some[:, None] - mean) ** 2).sum(axis=0) / total + 1e-9
        weight = total / some.size
    return _spans(_shares(level, mean, variance, weight)[:, int(mean.argmax())] > 0.5)


def _shares(level: Signal, mean: Signal, variance: Signal, weight: Signal) -> Signal:
    """(n, 2) how far each value belongs to each of the two."""
    logs = np.log(weight) - (level[:, None] - mean) ** 2 / (2 * variance) - np.log(variance) / 2
    return np.exp(logs - np.logaddexp.reduce(logs, axis=1)[:, None])


def baseline_sd(x: Signal) -> Signal:
    """Mean and k SD of the envelope of rest (Hodges and Bui 1996, k = 3)."""
    envelope = sosfiltfilt(_SMOOTH, np.abs(sosfiltfilt(_BAND, x)))
    rest = envelope[_REST]
    return _spans(envelope > rest.mean() + _K_SD * rest.std())


def bonato(x: Signal) -> Signal:
    """Double threshold (Bonato, D'Alessio and Knaflitz 1998): 3 of 5 pairs of samples above.

    A pair passes where the sum of its squares over the variance of rest does, which for rest alone
    has probability 5 %.
    """
    y = sosfiltfilt(_BAND, x)
    pairs = y[: y.size // 2 * 2].reshape(-1, 2)
    above = (pairs**2).sum(axis=1) / y[_REST].var() > -2 * np.log(0.05)
    active = np.convolve(above, np.ones(5), "same") >= 3
    return _tidy(runs_of(active) * 2)


def neurokit(x: Signal) -> Signal:
    """emg_process with every default."""
    import neurokit2  # noqa: PLC0415 - it may not be there  # pyright: ignore[reportMissingImports]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, _ = neurokit2.emg_process(x, sampling_rate=round(RATE_HZ))
    return _spans(found["EMG_Activity"].to_numpy() > 0)


def biosppy(x: Signal) -> Signal:
    """emg with every default; it names the sample before each rise and the one after each fall."""
    from biosppy.signals import emg  # noqa: PLC0415 - it may not be there  # pyright: ignore[reportMissingImports]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = emg.emg(x, sampling_rate=RATE_HZ, show=False)["onsets"]
    edges = np.asarray(found, np.int64)
    return _tidy(edges[: edges.size // 2 * 2].reshape(-1, 2))


ALWAYS: Mapping[str, Detector] = {
    "ours": ours,
    "Otsu": otsu,
    "mixture": mixture,
    "3 SD": baseline_sd,
    "Bonato": bonato,
}
_WHERE_INSTALLED: Mapping[str, tuple[str, Detector]] = {
    "NeuroKit2": ("neurokit2", neurokit),
    "BioSPPy": ("biosppy", biosppy),
}


def available() -> tuple[Mapping[str, Detector], list[str]]:
    """The detectors that can run, and the names of those that are not installed."""
    there = {
        name: detector
        for name, (module, detector) in _WHERE_INSTALLED.items()
        if importlib.util.find_spec(module) is not None
    }
    return {**ALWAYS, **there}, [name for name in _WHERE_INSTALLED if name not in there]


def _level_db(x: Signal) -> Signal:
    """150 ms RMS of the band-passed signal, as our own first step."""
    square = uniform_filter1d(sosfiltfilt(_BAND, x) ** 2, round(0.15 * RATE_HZ) | 1)
    return 10 * np.log10(np.maximum(square, 1e-30))


def _spans(active: np.ndarray) -> Signal:
    return _tidy(runs_of(active))


def _tidy(runs: np.ndarray) -> Signal:
    return tidied(runs, 1 / RATE_HZ, DEFAULT) / RATE_HZ
