import pytest
from hypothesis import given
from hypothesis import strategies as st

from myograph.web.webhooks.hints import Hint
from myograph.web.webhooks.interest import judged
from myograph.web.webhooks.sources import Source

SOURCE = Source("one", "standard", (b"k" * 24,), ("emg_data",))


def of(name, bucket="emg_data", **known):
    return judged(Hint("s3", "created", bucket, name, **known), SOURCE)


@pytest.mark.parametrize("name", ["a.c3d", "P001/a.C3D", "P001/x/ä b+c.c3d", ".c3d"])
def test_a_recording_in_a_bucket_of_the_source_is_wanted(name):
    assert of(name).wanted


@pytest.mark.parametrize(
    ("name", "bucket", "known", "why"),
    [
        ("a.c3d", "other", {}, "other_bucket"),
        ("a.c3d", "EMG_DATA", {}, "other_bucket"),
        ("a.txt", "emg_data", {}, "not_c3d"),
        ("c3d", "emg_data", {}, "not_c3d"),
        ("a.c3d/", "emg_data", {}, "not_c3d"),
        ("../../etc/passwd", "emg_data", {}, "not_c3d"),
        ("a.c3d", "emg_data", {"ignored": "unchanged"}, "unchanged"),
        ("a\0.c3d", "emg_data", {}, "bad_name"),
        ("a\ud800.c3d", "emg_data", {}, "bad_name"),
        ("a" * 1021 + ".c3d", "emg_data", {}, "bad_name"),
    ],
)
def test_whatever_else_is_ignored_with_its_reason(name, bucket, known, why):
    found = of(name, bucket, **known)
    assert (found.ignored, found.refused, found.wanted) == (why, None, False)


@pytest.mark.parametrize(
    "name",
    ["../a.c3d", "/a.c3d", "a//b.c3d", "./a.c3d", "a\nb.c3d", "a\\b.c3d", "x" * 240 + ".c3d"],
)
def test_a_name_that_no_store_of_ours_reaches_is_refused_with_a_sentence(name):
    found = of(name)
    assert found.ignored is None
    assert found.refused is not None
    assert len(found.refused.sentence.split()) > 3
    assert not found.wanted


@given(st.text(st.characters(), max_size=40), st.sampled_from(["", ".c3d"]))
def test_every_name_is_wanted_refused_or_ignored(stem, suffix):
    found = of(stem + suffix)
    assert [found.wanted, found.ignored is not None, found.refused is not None].count(True) == 1
