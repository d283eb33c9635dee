"""What scoring needs to know of a measured channel, and no more.

It can be read back from stored rows, so a session is scored anew without its file.
"""

from dataclasses import dataclass

from myograph.analysis.results import ChannelMeasurement, Contraction, Verdict
from myograph.scoring.results import Side

JUDGED_UP_TO_MASKED = 0.10  # a contraction with a larger masked share counts for completion alone


@dataclass(frozen=True, slots=True)
class Effort:
    """One contraction, in volts of the envelope and of the game's activated channel."""

    number: int
    duration_s: float
    strength_v: float
    activated_strength_v: float | None
    masked_share: float

    @property
    def judged(self) -> bool:
        return self.masked_share <= JUDGED_UP_TO_MASKED


@dataclass(frozen=True, slots=True)
class ChannelEvidence:
    """One channel's efforts and what its references may be.

    side              None: nobody has said which leg it is
    envelope_p95_v    95th percentile of the envelope inside contractions; None without any
    game_mvc_v        of the file, in the domain of the activated channel
    activated_p95_v   as envelope_p95_v, of the activated channel
    quality_score     0..1
    """

    label: str
    muscle: str | None
    side: Side | None
    efforts: tuple[Effort, ...]
    envelope_p95_v: float | None
    verdict: Verdict
    game_mvc_v: float | None
    activated_p95_v: float | None = None
    quality_score: float = 1.0


def evidence_of(
    measurement: ChannelMeasurement,
    *,
    muscle: str | None,
    side: Side | None,
    game_mvc_v: float | None,
) -> ChannelEvidence:
    return ChannelEvidence(
        label=measurement.label,
        muscle=muscle,
        side=side,
        efforts=efforts_of(measurement),
        envelope_p95_v=measurement.envelope_p95_v,
        verdict=measurement.quality.verdict,
        game_mvc_v=game_mvc_v,
        activated_p95_v=measurement.activated_p95_v,
        quality_score=measurement.quality.score,
    )


def efforts_of(measurement: ChannelMeasurement) -> tuple[Effort, ...]:
    return tuple(_effort(c) for c in measurement.contractions)


def _effort(contraction: Contraction) -> Effort:
    return Effort(
        number=contraction.number,
        duration_s=contraction.duration_s,
        strength_v=contraction.strength_v,
        activated_strength_v=contraction.activated_strength_v,
        masked_share=contraction.masked_share,
    )
