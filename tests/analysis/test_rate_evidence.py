import pytest

from myograph.analysis.protocol import DEFAULT
from myograph.analysis.rate_evidence import clearest, contradictions, rate_evidence
from myograph.recording import GameFacts
from myograph.signal.mains import Line
from tests.signals import facts


def evidence(duration_s=None, implied_hz=None, size=74_280):
    game = GameFacts(duration_seconds=duration_s)
    known = facts(size, game=game)
    found = rate_evidence(known, implied_hz, DEFAULT)
    return found, [f.code for f in contradictions(found, known)]


@pytest.mark.parametrize(
    ("size", "agrees"),
    [(73_000, True), (72_999, False), (74_280, True), (76_000, True), (76_001, False)],
)
def test_the_games_clock_may_be_a_little_off(size, agrees):
    found, codes = evidence(74, size=size)
    assert found.duration_agrees is agrees
    assert codes == ([] if agrees else ["duration_contradicts_rate"])


@pytest.mark.parametrize(
    ("implied_hz", "agrees"),
    [(1000.0, True), (1005.0, True), (1005.1, False), (995.0, True), (990.0, False)],
)
def test_the_mains_may_stray_by_half_a_per_cent(implied_hz, agrees):
    found, codes = evidence(implied_hz=implied_hz)
    assert found.implied_rate_agrees is agrees
    assert codes == ([] if agrees else ["mains_contradicts_rate"])


def test_without_witnesses_nothing_agrees_or_contradicts():
    found, codes = evidence()
    assert (found.duration_agrees, found.implied_rate_agrees) == (None, None)
    assert codes == []
    other = rate_evidence(facts(5000), None, DEFAULT)
    assert other.game_duration_s is None
    assert other.duration_s == 5.0


def test_a_contradiction_says_both_sides():
    known = facts(74_280, game=GameFacts(duration_seconds=60))
    sentences = [f.sentence for f in contradictions(rate_evidence(known, 990.0, DEFAULT), known)]
    assert sentences == [
        "The game says it lasted 60 s; at 1000 Hz the recording lasts 74.3 s.",
        "The mains hum lies where a rate of 990 Hz would put it, not 1000 Hz.",
    ]


def test_the_clearest_line_of_all_channels_speaks():
    assert clearest([Line(990.0, 12.0), Line(1000.0, 30.0)]) == 1000.0
    assert clearest([]) is None
