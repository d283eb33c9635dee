import numpy as np
import pytest

from myograph.analysis.measure import measure
from myograph.analysis.protocol import DEFAULT
from myograph.scoring.evidence import Effort, evidence_of
from tests.signals import Burst, Scene, recording


def test_scoring_learns_what_it_needs_of_a_measured_channel():
    x = Scene(20, [Burst(3, 5, 1e-4), Burst(8, 11, 2e-4)]).at(1000.0)
    activated = np.where(x > 1e-5, 2e-6, 0.0)
    measured = measure(recording(x, activated=activated), DEFAULT).channels[0]
    evidence = evidence_of(measured, muscle="quadriceps", side="left", game_mvc_v=3e-6)
    assert (evidence.label, evidence.muscle, evidence.side) == ("CH1", "quadriceps", "left")
    assert evidence.game_mvc_v == 3e-6
    assert evidence.envelope_p95_v == measured.envelope_p95_v
    assert evidence.activated_p95_v == measured.activated_p95_v
    assert (evidence.verdict, evidence.quality_score) == ("good", measured.quality.score)
    first, second = evidence.efforts
    contraction = measured.contractions[1]
    assert second == Effort(
        2,
        contraction.duration_s,
        contraction.strength_v,
        contraction.activated_strength_v,
        contraction.masked_share,
    )
    assert first.number == 1


@pytest.mark.parametrize(("masked_share", "judged"), [(0.0, True), (0.10, True), (0.1001, False)])
def test_a_contraction_is_judged_up_to_a_tenth_masked(masked_share, judged):
    assert Effort(1, 2.0, 1e-4, None, masked_share).judged is judged
