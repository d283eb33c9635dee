"""Files with their truth, as asked for."""

import json

from myograph.api import facts
from myograph.simulate.presets import PRESETS

AT = ("--start", "2026-03-04T10:20:30", "--seconds", "10")


def made(folder):
    return sorted(folder.glob("*.c3d"))


def truth_of(path):
    return json.loads(path.with_suffix(".truth.json").read_text(encoding="utf-8"))


def test_each_file_has_its_truth_beside_it(command, tmp_path):
    answer = command("simulate", "--out", tmp_path / "new", "--count", 3, *AT)
    assert answer.code == 0
    files = made(tmp_path / "new")
    assert len(files) == 3
    for path, line in zip(files, answer.out.splitlines(), strict=True):
        truth = truth_of(path)
        counts = [len(c["bursts"]) for c in truth["channels"]]
        assert line == f"{path}  10.0 s, contractions: CH1 {counts[0]}, CH2 {counts[1]}"
        assert facts(path).sample_count == truth["samples"]
    assert [truth_of(p)["seed"] for p in files] == [1, 2, 3]
    assert files[0].name == "Ghostly_Emg_20260304_10-20-30-0000.c3d"


def test_the_same_seed_makes_the_same_bytes(command, tmp_path):
    for folder, seed in (("a", 5), ("b", 5), ("c", 6)):
        command("simulate", "--out", tmp_path / folder, "--seed", seed, *AT)
    first, again, other = (made(tmp_path / f)[0].read_bytes() for f in "abc")
    assert first == again != other


def test_what_goes_wrong_is_what_was_asked_for(command, tmp_path):
    options = ("--snr", 10, "--tonic", 20, "--dropouts", 2, "--spikes", 1, "--mains", 60)
    command("simulate", "--out", tmp_path, *options, "--wander", 50, *AT)
    first, second = truth_of(made(tmp_path)[0])["channels"]
    assert len(first["dropouts"]) == 2
    assert len(second["spikes"]) == 1
    assert second["mains"]["hz"] == 60
    assert second["wander"]["rms_v"] > 0
    assert second["tonic_rms_v"] > 0
    assert min(b["snr_db"] for b in second["bursts"]) < 12


def test_the_newer_build_and_the_one_that_was_closed(command, tmp_path):
    command("simulate", "--out", tmp_path / "new", "--new-build", "--repeats", 2, *AT)
    (newer,) = made(tmp_path / "new")
    assert truth_of(newer)["frames"] == "66x15"
    assert len(truth_of(newer)["channels"][0]["repeats"]) == 2
    command("simulate", "--out", tmp_path / "closed", "--unfinalised", *AT)
    assert facts(made(tmp_path / "closed")[0]).recoverable_samples == 9990


def test_without_a_start_it_is_now(command, tmp_path):
    command("simulate", "--out", tmp_path, "--seconds", 5, "--preset", "holds")
    assert len(made(tmp_path)) == 1


def test_a_preset_nobody_knows_is_refused_with_those_there_are(command, tmp_path):
    answer = command("simulate", "--out", tmp_path, "--preset", "nothing")
    assert answer.code == 1
    assert answer.err == (
        f"myograph: There is no preset 'nothing'; there are {', '.join(PRESETS)}.\n"
    )
    assert not made(tmp_path)


def test_the_help_names_every_preset(command):
    shown = " ".join(command("simulate", "--help").out.split())
    for name in PRESETS:
        assert name in shown


def test_a_folder_that_cannot_be_made_is_refused(command, tmp_path):
    (tmp_path / "file").write_text("")
    answer = command("simulate", "--out", tmp_path / "file" / "below", *AT)
    assert answer.code == 1
    assert "cannot be written: Not a directory." in answer.err
