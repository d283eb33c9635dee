"""How far a channel can be trusted, from all that was measured on it."""

import math

from myograph.analysis.amplitude import amplitude_of
from myograph.analysis.contractions import Detection
from myograph.analysis.findings import nothing_found
from myograph.analysis.protocol import Protocol
from myograph.analysis.results import Quality
from myograph.analysis.spectra import Spectra, motion_share
from myograph.signal.artefacts import Artefacts
from myograph.signal.grid import Grid
from myograph.signal.mains import hum_of
from myograph.signal.quality import Grades, Limits, opinion_of
from myograph.signal.runs import filled, lengths

_MICROVOLT = 1e-6


def quality_of(
    label: str,
    *,
    artefacts: Artefacts,
    spectra: Spectra,
    grid: Grid,
    detection: Detection,
    protocol: Protocol,
) -> Quality:
    size = spectra.samples.size
    hum = None
    if spectra.whole is not None:
        hum = hum_of(spectra.whole, spectra.axis, protocol.mains_hz, spectra.band_hz)
    masked_share = float(lengths(artefacts.unusable).sum()) / size
    saturated_share = artefacts.limit_samples / size
    motion = motion_share(spectra)
    snr_db = _snr_db(grid, detection)
    opinion = opinion_of(
        label,
        {
            "masked": masked_share,
            "saturated": saturated_share,
            "powerline": None if hum is None else hum.share,
            "motion": motion,
            "snr_db": snr_db,
        },
        _limits(protocol),
        grades=Grades(protocol.good_from, protocol.usable_from, protocol.nothing_found_cap),
        nothing_found=nothing_found(label, detection.nothing),
    )
    noise_v = detection.rest_v
    return Quality(
        verdict=opinion.verdict,
        score=opinion.score,
        reasons=opinion.reasons,
        masked_share=masked_share,
        dropouts=len(artefacts.dropouts),
        saturated_share=saturated_share,
        repeats=len(artefacts.repeats),
        spikes=len(artefacts.spikes),
        snr_db=snr_db,
        noise_level_v=noise_v,
        noise_level_db=None if noise_v is None else 20 * math.log10(noise_v / _MICROVOLT),
        powerline_share=None if hum is None else hum.share,
        powerline_hz=None if hum is None else hum.hz,
        motion_share=motion,
    )


def _limits(protocol: Protocol) -> Limits:
    return {
        "masked": protocol.masked_limits,
        "saturated": protocol.saturated_limits,
        "powerline": protocol.powerline_limits,
        "motion": protocol.motion_limits,
        "snr_db": protocol.snr_db_limits,
    }


def _snr_db(grid: Grid, detection: Detection) -> float | None:
    """RMS of contractions over RMS of the rest; None where one of the two is not there."""
    inside = filled(detection.runs, grid.size)
    active, rest = amplitude_of(grid, inside).rms_v, amplitude_of(grid, ~inside).rms_v
    return 20 * math.log10(active / rest) if active and rest else None
