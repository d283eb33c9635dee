"""Recordings to numbers: for people, for programs, as tables and as a drawing."""

import csv
import os
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from myograph.api import Leg, analyse
from myograph.cli import batch
from myograph.cli.batch import Analysed, Job, Refused, outcome, outcomes
from myograph.simulate.signals import Dropout, Mains, Muscle, record
from tests.c3d.build import c3d
from tests.export.workbook_cells import sheets
from tests.generated import LEFT, RIGHT, Made, recording_in

A_TERMINAL = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
LEGS = ("--left", "CH1", "--right", "CH2")


@pytest.fixture
def folder(tmp_path):
    recording_in(tmp_path)
    recording_in(tmp_path, Made(seed=2), "Übung 2.c3d")
    return tmp_path


def flowing(text):
    return " ".join(text.split())


def test_a_person_reads_facts_quality_contractions_and_scores(command, path):
    answer = command("analyse", path, *LEGS, "--rpe", 5)
    assert answer.code == 0
    assert answer.err == ""
    shown = flowing(answer.out)
    for words in (
        path.name,
        "1000 Hz (the file declares 990)",
        "CH1 (left) signal good",
        "CH2 (right) signal good",
        "3 contractions, highest peak",
        "the game saw 3, 3 of them found here too",
        "strong: 75 % of the MVC, which is estimated from this session; long: 2 s",
        "estimated from this session",
        "intensity left out of compliance",
        "effort 100.0 weight",
        "game – not measured: 5 points, of a maximum that is not known",
        "blood flow restriction: pressure not verified",
    ):
        assert words in shown


def test_amplitudes_are_in_microvolts_and_the_jsons_rounded(command, path):
    shown = command("analyse", path).out
    channel = analyse(path).to_dict()["channels"][0]
    rms, mdf = channel["statistics"]["rms"], channel["statistics"]["mdf"]
    told_uv = float(re.search(r"RMS +([\d.]+) µV", shown)[1])
    assert told_uv == pytest.approx(rms * 1e6, abs=0.51)
    assert re.search(rf"median frequency \(MDF\) +{mdf:.0f} Hz", shown)
    first = channel["contractions"][0]
    assert re.search(
        rf"1 +{first['start_s']:.2f} s +{first['end_s'] - first['start_s']:.2f} s", shown
    )


def test_the_sparkline_is_high_where_the_contractions_are(command, path):
    line = next(s for s in command("analyse", path).out.splitlines() if "█" in s).strip()
    assert len(line) == 76
    seconds = [15 * (k + 0.5) / 76 for k in range(76)]
    inside = [any(b.start_s + 0.2 < s < b.end_s - 0.2 for b in LEFT.bursts) for s in seconds]
    outside = [all(not b.start_s - 0.3 < s < b.end_s + 0.3 for b in LEFT.bursts) for s in seconds]
    assert min(c for c, within in zip(line, inside, strict=True) if within) >= "▄"
    assert max(c for c, beyond in zip(line, outside, strict=True) if beyond) <= "▂"


def test_what_was_not_measured_says_why(command, tmp_path):
    hum = Muscle((), noise_rms_v=1e-6, mains=Mains(50.0, 50e-6))
    muscles = (hum, Muscle(LEFT.bursts[2:]))
    shown = flowing(command("analyse", recording_in(tmp_path, Made(muscles=muscles)), *LEGS).out)
    assert "RMS – " in shown
    assert "– not measured: there is no contraction to measure it on" in shown
    assert "MVC not measured: nothing to take it from" in shown
    assert "good contractions not known; target 12" in shown
    assert "compliance not measured: the signal of CH1 is poor" in shown
    assert "– not measured: a spectrum needs 2 s of contractions in all" in shown
    assert "effort – not measured: no RPE was given" in shown
    assert " 0.0 µV" not in shown


def test_a_dropout_is_told_and_what_it_covers_is_not_judged(command, tmp_path):
    covered = Muscle(LEFT.bursts, dropouts=(Dropout(12060),))
    shown = flowing(command("analyse", recording_in(tmp_path, Made(muscles=(covered, RIGHT)))).out)
    assert "CH1 dropped out" in shown
    assert re.search(r"3 1[12]\.\d\d s .* – – \d\d % masked", shown)
    assert "– not judged: more than 10 % of it is masked" in shown


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(command, path, columns):
    out = command("analyse", path, *LEGS, columns=columns).out
    assert max(map(len, out.splitlines())) <= columns
    assert not any(line.endswith(" ") for line in out.splitlines())


def test_a_pipe_gets_no_colours_and_a_terminal_does(command, path):
    assert "\x1b" not in command("analyse", path).out
    assert "\x1b[" in command("analyse", path, **A_TERMINAL).out


def test_one_file_gives_an_object_and_several_a_list(command, folder, path):
    assert command("analyse", path, "--json").json == analyse(path).to_dict()
    several = command("analyse", folder, "--json")
    assert [d["file"] for d in several.json] == sorted(str(p) for p in folder.iterdir())
    assert several.err == ""


def test_sides_and_effort_reach_the_json(command, path):
    told = command("analyse", path, *LEGS, "--rpe", 7, "--json").json
    legs = {"CH1": Leg("left"), "CH2": Leg("right")}
    assert told == analyse(path, legs=legs, rpe=7).to_dict()


def test_a_refused_file_is_told_and_takes_no_other_along(command, folder, tmp_path):
    (folder / "text.c3d").write_text("This is no recording.")
    answer = command("analyse", folder, folder / "nothing.c3d", "x*.c3d", "--json")
    assert answer.code == 1
    assert ["error" in d for d in answer.json] == [False, True, False, True, True]
    text = next(d for d in answer.json if d["file"].endswith("text.c3d"))
    assert text.keys() == {"file", "error"}
    assert text["error"].keys() == {"code", "sentence"}
    assert [d["error"]["code"] for d in answer.json[3:]] == ["not_found", "not_found"]
    lines = answer.err.splitlines()
    assert len(lines) == 3
    assert lines[0] == f"{text['file']}: {text['error']['sentence']}"
    assert lines[2] == "x*.c3d: No file matches x*.c3d."


def test_one_refused_file_is_one_object(command, tmp_path):
    (tmp_path / "empty.c3d").write_bytes(b"")
    answer = command("analyse", tmp_path / "empty.c3d", "--json")
    assert answer.code == 1
    assert answer.json["error"]["code"] == "empty_file"


def test_an_unfinalised_file_needs_to_be_recovered(command, tmp_path):
    broken = recording_in(tmp_path, Made(finalised=False))
    refused = command("analyse", broken)
    assert refused.code == 1
    assert "can be recovered. With --recover what is there is read." in refused.err
    recovered = command("analyse", broken, "--recover")
    assert recovered.code == 0
    assert "recovered" in recovered.out
    assert "3 contractions" in recovered.out


def test_a_leg_that_cannot_be_is_refused(command, path):
    same = command("analyse", path, "--left", "CH1", "--right", "CH1")
    assert same.err == "myograph: CH1 cannot be the left and the right leg.\n"
    unknown = command("analyse", path, "--right", "CH7")
    assert unknown.code == 1
    assert "There is no channel CH7; the recording has CH1, CH2." in unknown.err
    assert command("analyse", path, "--rpe", 11).code == 2


def test_the_tables_hold_the_numbers_of_the_json(command, folder, tmp_path):
    out = tmp_path / "out"
    answer = command(
        "analyse", folder, "--json", "--csv", out / "tables", "--xlsx", out / "book.xlsx"
    )
    assert answer.code == 0
    wanted = [c["statistics"]["rms"] for d in answer.json for c in d["channels"]]
    with (out / "tables" / "channels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["rms"]) for row in rows] == wanted
    sheet = sheets(out / "book.xlsx")["channels"]
    column = next(k for k, name in sheet[0].items() if name == "rms")
    assert [row[column] for row in sheet[1:]] == wanted


def test_the_drawing_shows_every_channel_and_contraction(command, path, tmp_path):
    command("analyse", path, *LEGS, "--plot", tmp_path / "deep" / "picture.svg")
    text = (tmp_path / "deep" / "picture.svg").read_text(encoding="utf-8")
    drawing = ET.fromstring(text)  # noqa: S314 - our own
    assert drawing.tag == "{http://www.w3.org/2000/svg}svg"
    assert drawing.get("width") == "1232"
    shown = "".join(drawing.itertext())
    assert f"{path.name}, 15 s, 1 column = " in shown
    assert "CH1 left" in shown
    assert "CH2 right" in shown
    names = [e.get("aria-label") for e in drawing.iter() if e.get("aria-label")]
    assert [name.split(":")[0] for name in names] == [
        "CH1 contraction 1",
        "CH1 contraction 2",
        "CH1 contraction 3",
        "CH2 contraction 1",
        "CH2 contraction 2",
    ]
    assert {"both", "one", "none", "unjudged"} & set(re.findall(r"band (\w+)", text))


def test_the_drawings_of_several_files_lie_in_a_folder(command, folder, tmp_path):
    command("analyse", folder, "--plot", tmp_path / "drawn")
    assert {p.name for p in (tmp_path / "drawn").iterdir()} == {
        "Ghostly_Emg_20260304_10-20-30-0456.svg",
        "Übung 2.svg",
    }


def test_tables_and_drawings_can_be_had_alone_and_a_refused_file_is_in_the_tables(
    command, folder, tmp_path
):
    out = tmp_path / "out"
    (folder / "text.c3d").write_text("This is no recording.")
    assert command("analyse", folder, "--csv", out / "tables").code == 1
    assert {p.name for p in out.iterdir()} == {"tables"}
    assert "text.c3d" in (out / "tables" / "refused.csv").read_text(encoding="utf-8")
    command("analyse", folder, "--xlsx", out / "book.xlsx")
    command("analyse", folder, "--plot", out / "drawn")
    assert {p.name for p in out.iterdir()} == {"tables", "book.xlsx", "drawn"}
    assert len(list((out / "drawn").iterdir())) == 2


def test_a_contraction_that_is_not_judged_is_drawn_as_such(command, tmp_path):
    muscles = (Muscle(LEFT.bursts, dropouts=(Dropout(12060),)), RIGHT)
    recorded = recording_in(tmp_path, Made(muscles=muscles))
    command("analyse", recorded, "--plot", tmp_path / "picture.svg")
    bands = re.findall(r"band (\w+)", (tmp_path / "picture.svg").read_text(encoding="utf-8"))
    assert bands.count("unjudged") == 1


@pytest.mark.parametrize("option", ["--csv", "--xlsx", "--plot"])
def test_what_cannot_be_written_is_refused_with_its_name(command, path, tmp_path, option):
    (tmp_path / "file").write_text("")
    answer = command("analyse", path, option, tmp_path / "file" / "below" / "x")
    assert answer.code == 1
    assert "cannot be written: Not a directory." in answer.err
    assert str(tmp_path / "file") in answer.err
    assert "Traceback" not in answer.err


def test_a_bar_is_shown_where_somebody_watches_and_there_is_something_to_wait_for(
    command, folder, path
):
    assert "Analysing" in command("analyse", folder, **A_TERMINAL).err
    assert command("analyse", path, **A_TERMINAL).err == ""


def test_several_processes_give_what_one_gives(folder, monkeypatch):
    jobs = [Job(str(p)) for p in sorted(folder.iterdir())] + [Job("nothing.c3d")]
    alone = list(outcomes(jobs))
    monkeypatch.setattr(batch, "WORTH_A_POOL_BYTES", 0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    together = list(outcomes(jobs))
    assert [o.to_dict() for o in together] == [o.to_dict() for o in alone]
    assert [type(o) for o in together] == [Analysed, Analysed, Refused]


def test_where_the_system_does_not_say_which_cores_are_ours_it_is_all_of_them(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert batch.cores() == 1


def test_a_new_process_never_copies_one_that_has_threads(monkeypatch):
    assert batch.start_method().get_start_method() == "forkserver"
    monkeypatch.setattr(batch, "get_all_start_methods", lambda: ["spawn"])
    assert batch.start_method().get_start_method() == "spawn"


def test_a_fault_in_one_file_is_told_and_shown_on_demand(command):
    name = "no\0name.c3d"  # which no shell can type, so nothing expects it
    told = outcome(Job(name))
    assert isinstance(told, Refused)
    assert told.code == "fault"
    assert told.to_dict()["error"]["sentence"] == (
        "This is a fault in myograph itself (ValueError: embedded null byte)."
    )
    assert "Traceback" not in command("analyse", name).err
    assert "Traceback" in command("analyse", name, "--debug").err


def test_a_recording_of_another_system_is_analysed_too(command, tmp_path):
    volts = record(LEFT, 15_000, np.random.default_rng(1)).raw.reshape(1500, 10, 1)
    other = tmp_path / "other.c3d"
    other.write_bytes(c3d(volts))
    told = command("analyse", other, "--json").json
    assert told["recording"]["game"] is None
    assert told["recording"]["sampling_rate"] == 1000
    (channel,) = told["channels"]
    assert channel["label"] == "A1"
    assert channel["game_contractions"] is None
    starts = [c["start_s"] for c in channel["contractions"]]
    assert starts == pytest.approx([b.start_s for b in LEFT.bursts], abs=0.06)
    assert "the game's own detector was not recorded" in flowing(command("analyse", other).out)


def test_the_sketch_loses_no_peak(path):
    found = outcome(Job(str(path)))
    for channel in found.result.measurement.channels:
        peak_v = max(c.peak_v for c in channel.contractions)
        assert max(found.sketches[channel.label]) == pytest.approx(peak_v)


def test_a_channel_that_cannot_be_measured_is_told_and_left_out_of_the_drawing(command, tmp_path):
    silent = Muscle((), noise_rms_v=0.0)
    recorded = recording_in(tmp_path, Made(muscles=(silent, LEFT)))
    answer = command("analyse", recorded, "--plot", tmp_path / "picture.svg")
    assert answer.code == 0
    assert "Less than 1 s of CH1 holds a signal." in answer.out
    assert "CH2 signal good" in flowing(answer.out)
    drawn = (tmp_path / "picture.svg").read_text(encoding="utf-8")
    assert "CH2 contraction 3" in drawn
    assert "CH1" not in drawn
    assert "NaN" not in command("analyse", recorded, "--json").out


def test_a_dropout_does_not_squeeze_the_drawing(command, tmp_path):
    def highest_tick_uv(dropouts):
        muscles = (Muscle(LEFT.bursts, dropouts=dropouts), RIGHT)
        target = tmp_path / "picture.svg"
        command("analyse", recording_in(tmp_path, Made(muscles=muscles)), "--plot", target)
        text = target.read_text(encoding="utf-8")
        return max(float(tick) for tick in re.findall(r'class="tick">([\d.]+)<', text))

    assert highest_tick_uv((Dropout(5400),)) == highest_tick_uv(()) < 1000
