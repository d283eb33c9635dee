"""What was measured in a recording. Frozen, in SI units; None means not measured, never zero."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from myograph.analysis.edits import Outcome
from myograph.recording import Finding

Verdict = Literal["good", "usable", "poor"]
Quadrant = Literal["fatigue", "less_force", "more_force", "recovery"]


@dataclass(frozen=True, slots=True)
class Contraction:
    """One contraction of one channel.

    number                 1, 2, ... in time order within the channel
    peak_v, mean_v         of the linear envelope
    strength_v             largest moving mean of the envelope over min(500 ms, the contraction)
    activated_strength_v   the same of the game's activated channel; None where there is none
    masked_share           0..1 of its time that could not be used; above 0.1 it is not judged
    cut                    touches the first or the last sample
    source                 the detector in use
    resolution_hz          of its spectrum: 1 / segment; None where it has none
    edit_id                the person's edit that placed it; None: as it was found
    """

    number: int
    start_s: float
    end_s: float
    peak_v: float
    mean_v: float
    strength_v: float
    activated_strength_v: float | None
    time_to_peak_s: float
    rms_v: float | None
    mav_v: float | None
    iemg_vs: float | None
    mpf_hz: float | None
    mdf_hz: float | None
    fi_nsm5: float | None
    masked_share: float
    cut: bool
    source: Literal["envelope", "activated"] = "envelope"
    resolution_hz: float | None = None
    edit_id: UUID | None = None

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Statistics:
    """Amplitude and spectrum, of the contractions (clinical) or of the whole unmasked recording.

    resolution_hz    1 / longest segment of the spectrum; None where there is no spectrum
    """

    rms_v: float | None
    mav_v: float | None
    iemg_vs: float | None
    mpf_hz: float | None
    mdf_hz: float | None
    fi_nsm5: float | None
    resolution_hz: float | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """Over the windows of a channel; sd with ddof 1, cv = sd / mean."""

    mean: float
    sd: float
    minimum: float
    maximum: float
    cv: float


@dataclass(frozen=True, slots=True)
class Temporal:
    """Statistics over windows of `window_s` that lie wholly inside contractions."""

    window_s: float
    windows: int
    rms: Spread
    mav: Spread
    mpf: Spread
    mdf: Spread
    fi_nsm5: Spread


@dataclass(frozen=True, slots=True)
class GameContractions:
    """The game's own detector against ours.

    on_artefact    of the missed: more than half masked; the game took a drop-out for a contraction
    envelope_count  contractions of our own detector, whichever of the two the results follow
    """

    count: int
    matched: int
    missed: int
    extra: int
    on_artefact: int
    envelope_count: int | None = None


@dataclass(frozen=True, slots=True)
class Quality:
    """How far a channel can be trusted, and why.

    score              0..1, product of the parts
    reasons            sentences a therapist understands; empty where all is well
    noise_level_db     baseline noise in dB re 1 uV; noise_level_v the same in volts
    """

    verdict: Verdict
    score: float
    reasons: tuple[str, ...]
    masked_share: float
    dropouts: int
    saturated_share: float
    repeats: int
    spikes: int
    snr_db: float | None
    noise_level_v: float | None
    noise_level_db: float | None
    powerline_share: float | None
    powerline_hz: float | None
    motion_share: float | None

    @property
    def artifacts(self) -> int:
        return self.dropouts + self.repeats + self.spikes


@dataclass(frozen=True, slots=True)
class Regression:
    """How one value of the contractions changes with time, in its own unit and in per cent.

    intercept              the fitted value at the first contraction
    *_percent              of that fitted value; None where it is not above 0
    low_*, high_*          the 95 % interval of the slope
    robust_*               by Theil and Sen, in per cent of its own fitted value
    """

    n: int
    slope_per_min: float
    intercept: float
    slope_per_min_percent: float | None
    low_per_min_percent: float | None
    high_per_min_percent: float | None
    r2: float
    p: float
    robust_slope_per_min: float
    robust_slope_per_min_percent: float | None


@dataclass(frozen=True, slots=True)
class Fatigue:
    """Trends over the contractions of one channel; None, with the reason, where there are none.

    quadrant     by the signs of the slopes of MDF and RMS; both intervals say how sure they are
    level        MDF falls where p lies below it: 0.05 / muscles tested
    mdf_falls    the verdict; the other trends are shown beside it and carry none
    """

    mdf: Regression | None = None
    mpf: Regression | None = None
    rms: Regression | None = None
    fi_nsm5: Regression | None = None
    quadrant: Quadrant | None = None
    level: float | None = None
    mdf_falls: bool | None = None
    sentence: str | None = None
    reason: str | None = None


NO_FATIGUE = Fatigue(reason="it was not looked for")


@dataclass(frozen=True, slots=True)
class ChannelMeasurement:
    """Everything measured on one channel.

    envelope_p95_v            95th percentile of the envelope inside contractions; None without any
    activated_p95_v           the same of the game's activated channel, the domain of the game's MVC
    implied_rate_hz           where the mains line would lie where it must; None without a line
    rest_v, threshold_v       levels of the detector; None where it found nothing to stand on
    pipeline                  the steps that really ran, in words
    """

    label: str
    clinical: Statistics
    whole: Statistics
    temporal: Temporal | None
    contractions: tuple[Contraction, ...]
    game: GameContractions | None
    quality: Quality
    envelope_p95_v: float | None
    rest_v: float | None
    threshold_v: float | None
    findings: tuple[Finding, ...]
    pipeline: str
    activated_p95_v: float | None = None
    implied_rate_hz: float | None = None
    fatigue: Fatigue = NO_FATIGUE


@dataclass(frozen=True, slots=True)
class RateEvidence:
    """What else in the recording speaks of its sampling rate.

    game_duration_s       as the game says, whole seconds; None where it does not
    duration_s            samples / rate used
    duration_agrees       None where the game names no duration
    implied_rate_hz       by the mains line, of the channel where it stands out most
    implied_rate_agrees   None where no mains line stands out
    """

    game_duration_s: int | None
    duration_s: float
    duration_agrees: bool | None
    implied_rate_hz: float | None
    implied_rate_agrees: bool | None


@dataclass(frozen=True, slots=True)
class Measurement:
    """A whole recording, measured.

    refused    the channels that could not be, with the reason
    edits      what became of each edit that was to be applied
    """

    method: str
    protocol_digest: str
    channels: tuple[ChannelMeasurement, ...]
    refused: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    rate: RateEvidence | None = None
    edits: tuple[Outcome, ...] = ()
