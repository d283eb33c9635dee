import pytest

from bench.fuzz_c3d import built_files, fuzz, public_files


def test_damaged_files_are_refused_with_a_sentence_or_read():
    outcome = fuzz(built_files(), 2500, seed=2, weigh=10)
    assert outcome.foreign == []
    assert outcome.read > 500
    assert sum(outcome.refused.values()) > 500


@pytest.mark.recordings
def test_damaged_public_files_too():
    assert fuzz(public_files(), 400, seed=3, weigh=10).foreign == []
