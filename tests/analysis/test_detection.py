"""The bars of docs/methods.md, in a small form: three recordings of each kind."""

import numpy as np
import pytest

from myograph.analysis.measure import measure
from myograph.analysis.protocol import DEFAULT
from tests import detection
from tests.detection import RATE_HZ, tally, tonic
from tests.signals import REST_V, Burst, Scene, recording

SEEDS = range(3)


def contractions(samples):
    channel = measure(recording(samples), DEFAULT).channels[0]
    return np.array([(c.start_s, c.end_s) for c in channel.contractions]).reshape(-1, 2)


def result(build, snr_db):
    cases = [build(seed, snr_db) for seed in SEEDS]
    return tally([(contractions(case.samples), case) for case in cases])


@pytest.mark.parametrize(
    "build",
    [
        detection.game_like,
        detection.holds,
        detection.sparse,
        detection.one_only,
        detection.half_duty,
        detection.high_duty,
        detection.wandering,
        detection.spiked,
        tonic(0.10),
        tonic(0.25),
    ],
)
@pytest.mark.parametrize(("snr_db", "least_f1"), [(20, 1.0), (10, 0.998), (6, 0.99)])
def test_known_bursts_are_found(build, snr_db, least_f1):
    found = result(build, snr_db)
    assert found.f1 >= least_f1
    assert np.median(found.edge_errors_s) <= 0.025
    assert np.quantile(found.edge_errors_s, 0.95) <= 0.060


@pytest.mark.parametrize("build", [tonic(0.40), detection.dropped_out])
@pytest.mark.parametrize("snr_db", [20, 10, 6])
def test_holds_over_tonic_activity_and_bursts_among_dropouts_are_found(build, snr_db):
    assert result(build, snr_db).f1 >= 0.98


def test_weak_bursts_among_strong_ones_are_found():
    assert result(detection.uneven, 20).f1 == 1.0


def white(seed):
    return REST_V * np.random.default_rng(seed).standard_normal(30_000)


def spiked(seed):
    x = white(seed)
    x[9000:9004] += [1e-3, -4e-3, 2e-3, 1e-3]
    return x


def humming(seed):
    return Scene(30, hum_v=2e-5, seed=seed).at(RATE_HZ)


def constant(seed):
    return Scene(30, [Burst(-1, 31, 1e-4)], seed=seed).at(RATE_HZ)


@pytest.mark.parametrize("build", [white, spiked, humming, constant])
def test_where_nothing_happens_nothing_is_found(build):
    assert sum(len(contractions(build(seed))) for seed in range(20)) == 0


@pytest.mark.parametrize("build", [white, constant])
def test_where_nothing_is_found_a_finding_says_so(build):
    channel = measure(recording(build(0)), DEFAULT).channels[0]
    assert {f.code for f in channel.findings} <= {"no_activity", "not_separable"}
    assert len(channel.findings) == 1


def test_a_contrast_below_5_db_is_not_promised_but_said():
    scene = Scene(60, [Burst(s, s + 3, 1.2 * REST_V) for s in range(3, 57, 6)])
    channel = measure(recording(scene.at(RATE_HZ)), DEFAULT).channels[0]
    assert channel.quality.verdict == "poor"
    assert "The activity of CH1 is only 4 dB above rest." in channel.quality.reasons


def codes(samples):
    return {f.code for f in measure(recording(samples), DEFAULT).channels[0].findings}


@pytest.mark.parametrize("snr_db", [20, 10, 6])
def test_rest_noise_that_doubles_under_holds_is_not_promised_but_said(snr_db):
    for seed in SEEDS:
        x = detection.with_doubled_noise(detection.holds(seed, snr_db), seed).samples
        assert codes(x) & {"rest_changed", "long_contraction"}


@pytest.mark.parametrize("build", [detection.holds, detection.high_duty, detection.dropped_out])
@pytest.mark.parametrize("snr_db", [20, 6])
def test_where_rest_stays_as_it_is_nothing_is_said_of_it(build, snr_db):
    for seed in SEEDS:
        assert "rest_changed" not in codes(build(seed, snr_db).samples)


def test_a_hold_longer_than_any_pause_is_no_change_of_rest():
    x = Scene(120, [Burst(30, 75, 3e-5)]).at(RATE_HZ)
    assert codes(x) == {"long_contraction"}


@pytest.mark.parametrize(("growth", "said"), [(1.6, False), (2.0, True)])
def test_rest_has_changed_from_5_db_on(growth, said):
    x = Scene(90, [Burst(s, s + 2, 1e-4) for s in range(3, 87, 8)]).at(RATE_HZ)
    noise = np.random.default_rng(1).standard_normal(x.size) * np.sqrt(growth**2 - 1)
    x += REST_V * noise * (np.arange(x.size) > x.size * 2 / 3)
    assert codes(x) == ({"rest_changed"} if said else set())


def test_rest_noise_that_doubles_is_not_promised_but_said():
    x = Scene(60).at(RATE_HZ)
    x[30_000:] *= 2
    channel = measure(recording(x), DEFAULT).channels[0]
    assert [f.code for f in channel.findings] == ["long_contraction"]
    assert channel.quality.verdict != "good"
