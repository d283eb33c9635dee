"""What a recording says of itself, read from its first blocks."""

import os
import re
import subprocess
import sys

import numpy as np

from myograph.api import facts, info_dict
from tests.c3d.build import c3d
from tests.generated import Made, recording_in
from tests.needs import ROOT


def test_a_person_reads_rate_length_channels_and_the_games_facts(command, path):
    answer = command("info", path)
    assert answer.code == 0
    assert path.name in answer.out
    assert "15 s · 1000 Hz (the file declares 990) · 15000 samples · CH1, CH2" in answer.out
    assert "04 Mar 2026 10:20" in answer.out
    for line in ("CH1 Raw", "CH2 activated", "not stated", "EMG CH2", "OpenFeasyo", "P001"):
        assert line in answer.out
    assert "level             191" in answer.out
    assert "None" not in answer.out


def test_what_the_reader_had_to_decide_is_told(command, path):
    sentence = facts(path).findings[0].sentence
    assert sentence in " ".join(command("info", path).out.split())


def test_newer_keys_are_told_too(command, tmp_path):
    newer = {"rpe_post_session": 6, "BFR_TARGET_VOP_PERCENTAGE_CH1": 0.5}
    answer = command("info", recording_in(tmp_path, Made(newer=newer)))
    assert "RPE 6" in answer.out
    assert "CH1 bfr target share  0.5" in answer.out


def test_programs_get_the_json_of_the_api(command, path):
    answer = command("info", path, "--json")
    assert answer.json == info_dict(str(path), facts(path))
    assert answer.err == ""


def test_a_refused_file_is_an_error_in_the_json_and_a_sentence_beside_it(command, tmp_path):
    text = tmp_path / "text.c3d"
    text.write_text("This is no recording.")
    answer = command("info", text, "--json")
    assert answer.code == 1
    assert answer.json["file"] == str(text)
    assert answer.json["error"].keys() == {"code", "sentence"}
    assert answer.err == f"myograph: {answer.json['error']['sentence']}\n"


def test_an_unfinalised_file_is_told_about_and_that_it_can_be_recovered(command, tmp_path):
    answer = command("info", recording_in(tmp_path, Made(finalised=False)))
    assert answer.code == 0
    assert "recover" in answer.out


def test_only_the_first_blocks_are_read_whatever_the_size(command, path, monkeypatch):
    read = []
    pread = os.pread

    def counted(descriptor, length, offset):
        read.append((offset, length))
        return pread(descriptor, length, offset)

    monkeypatch.setattr(os, "pread", counted)
    assert command("info", path).code == 0
    assert path.stat().st_size > 200_000
    assert 0 < len(read) <= 2
    assert max(offset + length for offset, length in read) <= 128 * 1024


def test_another_systems_file_is_told_without_a_game(command, tmp_path):
    other = tmp_path / "other.c3d"
    other.write_bytes(c3d(np.zeros((200, 10, 2)), parameters={"ANALOG:UNITS": ["V", "N"]}))
    answer = command("info", other)
    assert answer.code == 0
    assert re.search(r"A1 +V +EMG A1\n", answer.out)
    assert re.search(r"A2 +N\n", answer.out)
    assert "the game says" not in answer.out


def test_a_file_without_analog_samples_has_no_rate_and_no_duration(command, tmp_path):
    (tmp_path / "points.c3d").write_bytes(c3d(np.empty((500, 0, 0)), np.ones((500, 3, 4))))
    told = command("info", tmp_path / "points.c3d", "--json").json
    names = ("sampling_rate", "original_sampling_rate", "duration_seconds")
    assert [told[name] for name in names] == [None, None, None]
    assert "no analog samples" in command("info", tmp_path / "points.c3d").out


def test_a_terminal_that_knows_no_signs_gets_an_answer_all_the_same(path):
    """In a process of its own: the streams of this one are the test runner's."""
    shown = subprocess.run(
        [sys.executable, "-m", "myograph", "info", path],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": "src", "PYTHONIOENCODING": "ascii"},
        cwd=ROOT,
        check=False,
    )
    assert shown.returncode == 0
    assert b"P001" in shown.stdout


def test_a_pipe_gets_no_colours_and_a_narrow_terminal_no_long_lines(command, path):
    answer = command("info", path, columns=50)
    assert "\x1b" not in answer.out
    assert max(map(len, answer.out.splitlines())) <= 50
