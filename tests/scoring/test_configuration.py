import dataclasses
import pickle

import pytest

from myograph.errors import BadInput
from myograph.scoring.configuration import DEFAULT, GHOSTLY_TRIAL, Configuration

FOUR = {"compliance": 0.4, "symmetry": 0.3, "effort": 0.2, "game": 0.1}
THREE = {"completion": 0.5, "intensity": 0.25, "duration": 0.25}


def test_the_presets_are_those_of_the_trial_and_the_default():
    assert DEFAULT.weights == {"compliance": 0.4, "symmetry": 0.25, "effort": 0.2, "game": 0.15}
    assert GHOSTLY_TRIAL.weights == {
        "compliance": 0.5,
        "symmetry": 0.25,
        "effort": 0.25,
        "game": 0.0,
    }
    assert DEFAULT.include_estimated_intensity is False
    assert DEFAULT.targets == "fixed"


def test_a_configuration_travels_between_processes():
    there = pickle.dumps(DEFAULT)
    assert pickle.loads(there) == DEFAULT  # noqa: S301 - our own bytes
    assert dataclasses.asdict(DEFAULT)["weights"] == DEFAULT.weights


def test_weights_of_ones_own_are_taken():
    own = Configuration(id="own", version=3, weights=FOUR, compliance_weights=THREE)
    assert (own.weights, own.compliance_weights) == (FOUR, THREE)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"weights": FOUR | {"game": 0.2}}, "The weights of the score must sum to 1"),
        ({"weights": FOUR | {"game": 0.1 + 1e-8}}, "The weights of the score must sum to 1"),
        ({"weights": FOUR | {"game": -0.1, "effort": 0.4}}, "must be finite and not negative"),
        ({"weights": FOUR | {"game": float("nan")}}, "must be finite and not negative"),
        ({"weights": {"compliance": 1.0}}, "The weights of the score are those of"),
        ({"weights": FOUR | {"luck": 0.0}}, "not compliance, effort, game, luck, symmetry"),
        ({"compliance_weights": THREE | {"duration": 0.5}}, "The weights of compliance must sum"),
        ({"rpe_scores": dict.fromkeys(range(10), 50.0)}, "one score for each RPE from 0 to 10"),
        ({"rpe_scores": dict.fromkeys(range(11), 101.0)}, "lie between 0 and 100"),
        ({"rpe_scores": dict.fromkeys(range(11), -1.0)}, "lie between 0 and 100"),
        ({"targets": "mixed"}, "Targets are fixed or prescribed, not 'mixed'."),
    ],
)
def test_what_cannot_be_right_is_refused_with_a_sentence(changes, sentence):
    with pytest.raises(BadInput) as refusal:
        Configuration(**changes)
    assert sentence in refusal.value.sentence


def test_a_sum_is_right_within_rounding():
    assert Configuration(weights=FOUR | {"game": 0.1 + 1e-10})
