"""The real recordings by the commands, against what is known of each."""

import shutil

import pytest

pytestmark = pytest.mark.recordings

KNOWN = {  # bytes, samples, INFO.DURATION, score, level, start to the minute
    "20230321_17-23-09-0409": (1_229_632, 74_280, 74, 24, 2, "2023-03-21T17:23:00"),
    "20230321_17-33-14-0785": (2_031_168, 122_760, 122, 12, 1, "2023-03-21T17:33:00"),
    "20230321_17-50-17-0881": (2_867_920, 173_370, 173, 12, 1, "2023-03-21T17:50:00"),
    "20231004_13-18-43-0464": (1_047_104, 63_240, 62, 26, 61, "2023-10-04T13:18:00"),
    "20250310_11-46-23-0823": (1_045_616, 63_150, 63, 29, 1, "2025-03-10T11:46:00"),
}
UNFINALISED = "20240304_10-05-56-0883"


def file_of(recordings, key):
    return recordings / "ghostly" / f"Ghostly_Emg_{key}.c3d"


@pytest.mark.parametrize("key", KNOWN)
def test_info_tells_the_known_facts(command, recordings, key):
    info = command("info", file_of(recordings, key), "--json").json
    game = info["game"]
    assert (
        info["size_bytes"],
        info["sample_count"],
        game["duration_seconds"],
        game["score"],
        game["level"],
        game["start"],
    ) == KNOWN[key]
    assert info["sampling_rate"] == 1000
    assert info["original_sampling_rate"] == 990
    assert [c["label"] for c in info["channels"]] == [
        "CH1 Raw",
        "CH2 Raw",
        "CH1 activated",
        "CH2 activated",
    ]
    assert [game[k] for k in ("player", "therapist", "level_name", "rpe")] == [None] * 4


def test_all_are_analysed_but_the_one_that_was_never_finalised(command, recordings):
    answer = command("analyse", recordings / "ghostly", "--json")
    assert answer.code == 1
    by_key = {d["file"][-26:-4]: d for d in answer.json}
    assert by_key.keys() == {*KNOWN, UNFINALISED}
    assert by_key[UNFINALISED]["error"]["code"] == "unfinalised"
    assert answer.err.count("\n") == 1
    assert "recover" in answer.err
    verdicts = {k: [c["quality"]["verdict"] for c in by_key[k]["channels"]] for k in KNOWN}
    assert verdicts.pop("20231004_13-18-43-0464") == ["poor", "poor"]
    assert set(map(tuple, verdicts.values())) == {("good", "good")}
    dropouts = {k: by_key[k]["channels"][0]["quality"]["dropouts"] for k in KNOWN}
    assert dropouts["20230321_17-33-14-0785"] == 2
    assert dropouts["20230321_17-50-17-0881"] == 6


def test_what_was_never_finalised_is_recovered_on_demand(command, recordings):
    found = command("analyse", file_of(recordings, UNFINALISED), "--recover", "--json").json
    assert found["recording"]["sample_count"] == 4731 * 30
    assert found["recording"]["recovered"] is True
    assert len(found["channels"]) == 2


@pytest.mark.parametrize("key", [*KNOWN, UNFINALISED])
def test_a_person_gets_a_report_and_a_drawing_of_each(command, recordings, tmp_path, key):
    copy = tmp_path / "mit Blank ä.c3d"
    shutil.copy(file_of(recordings, key), copy)
    answer = command("analyse", copy, "--recover", "--left", "CH1", "--plot", tmp_path / "p.svg")
    assert answer.code == 0
    assert "CH1 (left)" in answer.out
    assert "None" not in answer.out
    assert "nan" not in answer.out
    assert (tmp_path / "p.svg").stat().st_size > 10_000
