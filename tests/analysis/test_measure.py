import dataclasses
from itertools import pairwise

import numpy as np
import pytest

from myograph.analysis.measure import METHOD, measure
from myograph.analysis.processed import processed
from myograph.analysis.protocol import DEFAULT
from myograph.errors import NoEmgChannel, RateTooLow, TooShort
from myograph.recording import GameFacts, Recording
from tests.signals import Burst, Scene, facts, recording

RATE_HZ = 1000.0
BURSTS = [Burst(3, 5, 1e-4), Burst(8, 8.6, 6e-5), Burst(12, 15, 1.5e-4)]
SCENE = Scene(20, BURSTS, seed=1)


def samples(**changes):
    return dataclasses.replace(SCENE, **changes).at(RATE_HZ)


def activated(*spans_s, size=20_000):
    x = np.zeros(size)
    for start_s, stop_s in spans_s:
        x[round(start_s * RATE_HZ) : round(stop_s * RATE_HZ)] = 2e-6
    return x


def channel_of(r, protocol=DEFAULT):
    return measure(r, protocol).channels[0]


def test_a_result_says_what_made_it():
    result = measure(recording(samples()), DEFAULT)
    assert result.method == METHOD
    assert result.protocol_digest == DEFAULT.digest


def test_contractions_are_numbered_in_time_order():
    contractions = channel_of(recording(samples())).contractions
    assert [c.number for c in contractions] == [1, 2, 3]
    assert all(a.end_s < b.start_s for a, b in pairwise(contractions))


def test_peak_mean_and_strength_are_those_of_the_envelope():
    r = recording(samples())
    envelope = processed(r.channels[0], r.facts, DEFAULT).envelope
    first = channel_of(r).contractions[0]
    part = envelope[round(first.start_s * 200) : round(first.end_s * 200)]
    assert first.peak_v == part.max()
    assert first.mean_v == pytest.approx(part.mean())
    assert first.time_to_peak_s == pytest.approx(part.argmax() / 200)
    moving = np.convolve(part, np.ones(100) / 100, "valid")
    assert first.strength_v == pytest.approx(moving.max())


def test_a_burst_shorter_than_half_a_second_is_as_strong_as_its_mean():
    short = channel_of(recording(samples(bursts=[Burst(8, 8.4, 6e-5)]))).contractions[0]
    assert short.duration_s < 0.5
    assert short.strength_v == pytest.approx(short.mean_v)


def test_a_contraction_at_an_end_of_the_recording_is_cut():
    x = samples(bursts=[Burst(-1, 2, 1e-4), Burst(8, 10, 1e-4), Burst(17, 25, 1e-4)])
    assert [c.cut for c in channel_of(recording(x)).contractions] == [True, False, True]


def test_the_envelopes_95th_percentile_lies_inside_contractions():
    channel = channel_of(recording(samples()))
    peaks = [c.peak_v for c in channel.contractions]
    assert channel.envelope_p95_v is not None
    assert min(c.mean_v for c in channel.contractions) < channel.envelope_p95_v < max(peaks)


def test_where_nothing_is_found_there_is_no_95th_percentile_and_no_threshold():
    channel = channel_of(recording(samples(bursts=())))
    assert channel.contractions == ()
    assert (channel.envelope_p95_v, channel.threshold_v) == (None, None)
    assert channel.quality.verdict != "good"


def test_where_rest_cannot_be_told_from_activity_no_rest_is_claimed():
    channel = channel_of(recording(samples(bursts=[Burst(-1, 11, 6e-6)], duration_s=60)))
    codes = {f.code for f in channel.findings}
    if "not_separable" in codes:
        assert (channel.rest_v, channel.quality.noise_level_v) == (None, None)
        assert channel.quality.noise_level_db is None


def test_rest_is_the_noise_of_the_recording():
    channel = channel_of(recording(samples(rest_v=2e-6)))
    assert channel.rest_v == pytest.approx(2e-6, rel=0.1)
    assert channel.quality.noise_level_v == channel.rest_v
    assert channel.quality.noise_level_db == pytest.approx(20 * np.log10(channel.rest_v / 1e-6))
    assert channel.quality.masked_share == 0.0


# the game


def test_without_the_games_channel_nothing_is_said_of_it():
    channel = channel_of(recording(samples()))
    assert (channel.game, channel.activated_p95_v) == (None, None)
    assert all(c.activated_strength_v is None for c in channel.contractions)


def test_agreement_with_the_game_is_counted():
    seen = activated((3.05, 5.05), (8.05, 8.65), (17, 18))
    channel = channel_of(recording(samples(), activated=seen))
    assert channel.game is not None
    assert (channel.game.count, channel.game.matched) == (3, 2)
    assert (channel.game.missed, channel.game.extra) == (1, 1)


def test_strength_in_the_games_domain_follows_its_channel():
    seen = activated((3.05, 5.05))
    first, second, _ = channel_of(recording(samples(), activated=seen)).contractions
    assert first.activated_strength_v == pytest.approx(2e-6)
    assert second.activated_strength_v == 0.0


def test_the_games_channel_is_heard_out_as_long_as_it_lags():
    late = activated((8.1, 8.7))  # a burst from 8.0 to 8.6
    _, second, _ = channel_of(recording(samples(), activated=late)).contractions
    assert second.duration_s < 0.62
    assert second.activated_strength_v == pytest.approx(2e-6, rel=0.02)


def test_a_dropout_the_game_took_for_a_contraction_is_an_artefact():
    x = samples()
    x[10_000:10_270] = -5.5e-3
    seen = activated((3.05, 5.05), (9.98, 10.3))
    channel = channel_of(recording(x, activated=seen))
    assert channel.game is not None
    assert channel.game.on_artefact == 1
    assert (channel.quality.dropouts, channel.quality.artifacts) == (1, 1)
    assert channel.activated_p95_v == pytest.approx(2e-6)


def test_what_a_dropout_did_to_the_games_channel_is_no_strength():
    x = samples(bursts=[Burst(3, 9, 1e-4), Burst(12, 15, 1e-4)])
    x[5000:5270] = -5.5e-3
    seen = activated((3.05, 9.05))
    seen[5000:5370] = 5e-4
    first = channel_of(recording(x, activated=seen)).contractions[0]
    assert first.activated_strength_v == pytest.approx(2e-6)


def test_what_is_no_number_in_the_games_channel_is_no_strength():
    seen = activated((3.05, 5.05))
    seen[3500:3600] = np.nan
    first, _, _ = channel_of(recording(samples(), activated=seen)).contractions
    assert first.activated_strength_v == pytest.approx(2e-6)


def test_where_the_games_channel_is_all_disturbed_it_says_nothing():
    x = samples()
    x[100::220] = np.nan
    protocol = dataclasses.replace(DEFAULT, settle_ms=20.0)
    channel = channel_of(recording(x, activated=activated((3, 5))), protocol)
    assert channel.activated_p95_v is None
    assert all(c.activated_strength_v is None for c in channel.contractions)
    assert channel.game is not None


def test_the_games_own_edges_can_be_asked_for():
    protocol = dataclasses.replace(DEFAULT, detector="activated")
    seen = activated((3.1, 5.1), (16, 17))
    channel = channel_of(recording(samples(), activated=seen), protocol)
    assert [(c.start_s, c.end_s) for c in channel.contractions] == [(3.1, 5.1), (16.0, 17.0)]
    assert {c.source for c in channel.contractions} == {"activated"}
    assert channel.game is not None
    assert channel.game.extra == 2, "both detectors are always compared"


def test_without_its_channel_the_games_edges_cannot_be_had():
    protocol = dataclasses.replace(DEFAULT, detector="activated")
    channel = channel_of(recording(samples()), protocol)
    assert {c.source for c in channel.contractions} == {"envelope"}
    assert "no_activated_channel" in {f.code for f in channel.findings}


# what is wrong with a channel


def test_findings_say_what_was_wrong():
    x = samples()
    x[6000:6100] = 1e-7
    x[7000:7003] = np.nan
    x[10_000:10_270] = -5.5e-3
    sentences = {f.code: f.sentence for f in channel_of(recording(x)).findings}
    assert sentences == {
        "dropouts": "CH1 dropped out once, 0.27 s in all.",
        "flat_lines": "CH1 stands still once, 0.1 s in all.",
        "not_finite": "3 samples of CH1 are no numbers.",
    }


def test_several_artefacts_of_a_kind_are_one_finding():
    x = samples()
    for at in (6000, 10_000, 16_000):
        x[at : at + 270] = -5.5e-3
    (finding,) = channel_of(recording(x)).findings
    assert finding.sentence == "CH1 dropped out 3 times, 0.81 s in all."
    assert finding.channel == "CH1"


def test_one_bad_channel_never_removes_another():
    result = measure(recording(samples(), np.full(20_000, np.nan), samples(seed=2)), DEFAULT)
    assert [c.label for c in result.channels] == ["CH1", "CH3"]
    (refused,) = result.refused
    assert (refused.code, refused.channel) == ("too_short", "CH2")
    assert refused.sentence == "Less than 1 s of CH2 holds a signal."


@pytest.mark.parametrize(("good", "channels"), [(1099, 0), (1100, 1)])
def test_a_channel_needs_a_second_after_its_artefacts(good, channels):
    x = samples()
    x[good // 2 : -(good - good // 2)] = -5.5e-3  # and 50 ms on both sides
    assert len(measure(recording(x), DEFAULT).channels) == channels


# what cannot be measured at all


def test_a_recording_of_just_a_second_is_measured_and_a_shorter_one_refused():
    (channel,) = measure(recording(samples()[:1000]), DEFAULT).channels
    assert channel.whole.mdf_hz is not None
    with pytest.raises(TooShort, match=r"The recording lasts 1\.00 s; 1 s is needed\."):
        measure(recording(samples()[:999]), DEFAULT)


def test_a_rate_below_200_hz_is_refused():
    assert measure(recording(samples(), rate_hz=200.0), DEFAULT).channels
    with pytest.raises(RateTooLow, match=r"199\.9 samples per second cannot carry surface EMG"):
        measure(recording(samples(), rate_hz=199.9), DEFAULT)


def test_a_file_without_an_emg_channel_is_refused():
    with pytest.raises(NoEmgChannel):
        measure(Recording(facts(20_000, labels=()), []), DEFAULT)


# rate, filter, viewer


def test_a_mains_line_confirms_or_contradicts_the_rate():
    humming = samples(duration_s=40, hum_v=3e-5)
    confirmed = measure(recording(humming), DEFAULT)
    assert confirmed.rate is not None
    assert confirmed.rate.implied_rate_hz == pytest.approx(1000, abs=1)
    assert confirmed.findings == ()
    wrong = measure(recording(humming, rate_hz=990.0), DEFAULT)
    assert wrong.channels[0].implied_rate_hz == pytest.approx(1000, abs=1)
    assert [f.code for f in wrong.findings] == ["mains_contradicts_rate"]


def test_a_weak_line_is_found_in_the_quieter_half():
    x = samples(duration_s=60, bursts=(), rest_v=1e-6, hum_v=2e-6)
    x[:28_000] += 1e-3 * np.random.default_rng(1).standard_normal(28_000)
    found = channel_of(recording(x)).implied_rate_hz
    assert found == pytest.approx(1000, abs=1)


def test_the_games_clock_is_compared():
    result = measure(recording(samples(), game=GameFacts(duration_seconds=25)), DEFAULT)
    assert [f.code for f in result.findings] == ["duration_contradicts_rate"]


def test_the_pipeline_says_what_really_ran():
    x = samples(hum_v=3e-5)
    plain = "20-450Hz order 4 zero phase->rectify->10Hz order 4 zero phase->RMS 50ms"
    assert channel_of(recording(x)).pipeline == plain
    notched = channel_of(recording(x), dataclasses.replace(DEFAULT, notch=True)).pipeline
    assert notched == plain.replace("->rectify", "->notch 50.0Hz and harmonics->rectify")
    assert channel_of(recording(x, rate_hz=990.0)).pipeline.startswith("20-445.5Hz")


def test_a_notch_is_applied_only_where_there_is_hum():
    protocol = dataclasses.replace(DEFAULT, notch=True)
    assert "notch" not in channel_of(recording(samples()), protocol).pipeline
    r = recording(samples(hum_v=3e-5))
    plain = processed(r.channels[0], r.facts, DEFAULT).filtered
    clean = processed(r.channels[0], r.facts, protocol).filtered
    assert np.std(clean[:2000]) < 0.3 * np.std(plain[:2000])


def test_where_nothing_can_be_said_of_hum_no_notch_is_applied():
    x = samples(hum_v=3e-5)
    x[::400] = np.nan
    protocol = dataclasses.replace(DEFAULT, notch=True)
    assert "notch" not in channel_of(recording(x), protocol).pipeline


def test_the_viewer_draws_what_was_measured():
    x = samples()
    x[10_000:10_270] = -5.5e-3
    r = recording(x)
    drawn = processed(r.channels[0], r.facts, DEFAULT)
    assert drawn.filtered.shape == x.shape
    assert drawn.envelope.shape == (4000,)
    assert drawn.envelope_rate_hz == 200.0
    assert drawn.mask is not None
    np.testing.assert_array_equal(np.flatnonzero(drawn.mask), np.arange(9950, 10_320))
    assert np.abs(drawn.filtered).max() < 1e-3, "the drop-out is bridged"
    peaks = [c.peak_v for c in channel_of(r).contractions]
    assert drawn.envelope.max() == max(peaks)


def test_an_unmasked_channel_is_drawn_without_a_mask():
    r = recording(samples())
    assert processed(r.channels[0], r.facts, DEFAULT).mask is None
