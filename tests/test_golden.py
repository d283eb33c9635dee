"""The figures of the real recordings, as they were reviewed.

Where one differs on purpose: raise METHOD, run `./dev run python tools/golden.py`, read the diff.
"""

import json

import pytest

from tools.golden import FOLDER, golden_file, golden_of, recordings_in

DIFFER_BY = 1e-8  # of the value: processors differ in the last bits


def differences(found, reviewed, place=""):
    """Places at which the two differ, with both values."""
    if isinstance(found, dict) and isinstance(reviewed, dict):
        return [
            difference
            for key in sorted({*found, *reviewed})
            for difference in differences(
                found.get(key, "absent"), reviewed.get(key, "absent"), f"{place}.{key}"
            )
        ]
    if isinstance(found, list) and isinstance(reviewed, list) and len(found) == len(reviewed):
        return [
            difference
            for number, pair in enumerate(zip(found, reviewed, strict=True))
            for difference in differences(*pair, f"{place}[{number}]")
        ]
    if isinstance(found, float) and isinstance(reviewed, float):
        near = abs(found - reviewed) <= DIFFER_BY * max(abs(found), abs(reviewed))
        return [] if near else [f"{place}: {found!r}, reviewed {reviewed!r}"]
    return [] if found == reviewed else [f"{place}: {found!r}, reviewed {reviewed!r}"]


@pytest.mark.recordings
def test_every_number_of_the_real_recordings_is_the_one_that_was_reviewed(recordings):
    paths = recordings_in(recordings)
    assert {golden_file(path) for path in paths} == set(FOLDER.glob("*.json"))
    for path in paths:
        reviewed = json.loads(golden_file(path).read_text("utf-8"))
        assert differences(golden_of(path), reviewed) == []


def test_a_number_that_differs_is_named_by_its_place():
    reviewed = {"a": [1.0, {"b": 2.0}], "c": "x"}
    assert differences({"a": [1.0 + 1e-12, {"b": 2.0}], "c": "x"}, reviewed) == []
    assert differences({"a": [1.0, {"b": 2.1}], "c": "x"}, reviewed) == [
        ".a[1].b: 2.1, reviewed 2.0"
    ]
    assert differences({"a": [1.0], "c": None}, reviewed) == [
        ".a: [1.0], reviewed [1.0, {'b': 2.0}]",
        ".c: None, reviewed 'x'",
    ]
    assert differences({"c": "x"}, reviewed)[0].startswith(".a: 'absent'")
