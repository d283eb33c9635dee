"""The same numbers in every format, and what is missing stays missing."""

import csv
import io
import re
import zipfile

import pytest

from myograph.api import Leg, analyse
from myograph.export.analysed import tables_of
from myograph.export.delimited import csv_text, guarded, write_folder
from myograph.export.tables import Column, Table
from myograph.export.workbook import workbook_bytes, write_workbook
from myograph.scoring.entered import Entered
from myograph.scoring.pressure import CuffPressure
from myograph.simulate.signals import Burst, Fatigue, Mains, Muscle
from tests.export.workbook_cells import sheets
from tests.generated import LEFT, Made, recording_in

REFUSED = {"file": "bad.c3d", "error": {"code": "not_c3d", "sentence": "It is a text."}}

CUFF = CuffPressure(50.0, 300.0, 0.02, 0.01, 2, 6.0, 45.0)
ENTERED = Entered(
    rpe=5,
    game_maximum=10.0,
    mvc_v={"left": 8e-5, "right": 7e-5},
    bfr_enabled=True,
    series={"left": CUFF, "right": CUFF},
)


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    legs = {"CH1": Leg("left"), "CH2": Leg("right")}
    silent = Made(muscles=(LEFT, Muscle(())), seed=2)
    bursts = tuple(Burst(1 + 3 * k, 3 + 3 * k, 80e-6) for k in range(7))
    tired = Muscle(bursts, fatigue=Fatigue(-30.0, 10.0))
    hum = Muscle((), noise_rms_v=1e-6, mains=Mains(50.0, 50e-6))
    level = {"DIFFICULTY_LEVEL_MVC": 40.0, "DIFFICULTY_LEVEL_CONTRACTIONDURATION": 1.5}
    made_tired = Made(muscles=(tired, hum), seconds=22.0, seed=3, newer=level)
    return [
        analyse(recording_in(folder), legs=legs, entered=ENTERED).to_dict(),
        analyse(recording_in(folder, silent, "Bäcker, 2.c3d"), legs=legs).to_dict(),
        analyse(recording_in(folder, made_tired, "tired.c3d"), legs={"CH1": Leg("left")}).to_dict(),
        REFUSED,
    ]


@pytest.fixture(scope="module")
def tables(documents):
    return {table.name: table for table in tables_of(documents)}


def rows(table):
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


def from_csv(table):
    return list(csv.DictReader(io.StringIO(csv_text(table), newline="")))


def test_one_row_each_for_recordings_channels_contractions_and_the_refused(documents, tables):
    analysed = documents[:3]
    channels = [c for d in analysed for c in d["channels"]]
    contractions = [x for c in channels for x in c["contractions"]]
    counts = {name: len(table.rows) for name, table in tables.items() if name != "codebook"}
    assert counts == {
        "recordings": 3,
        "channels": len(channels),
        "contractions": len(contractions),
        "refused": 1,
    }
    assert len(contractions) == 15


def test_each_cell_is_the_number_of_the_json(documents, tables):
    document = documents[0]
    recording = rows(tables["recordings"])[0]
    assert recording["sha256"] == document["sha256"]
    assert recording["compliance"] == document["scores"]["compliance"]
    assert recording["player"] == "P001"
    for row, channel in zip(rows(tables["channels"])[:2], document["channels"], strict=True):
        assert row["channel"] == channel["label"]
        for name, value in channel["statistics"].items():
            assert row.get(name, value) == value
        for name, value in channel["whole_recording"].items():
            assert row.get(f"whole_{name}", value) == value
        assert row["mvc"] == channel["mvc"]["value"]
        assert row["contractions"] == len(channel["contractions"])
        assert row["snr_db"] == channel["quality"]["snr_db"]
    for row, contraction in zip(
        rows(tables["contractions"]), document["channels"][0]["contractions"], strict=False
    ):
        shared = row.keys() & contraction.keys()
        assert len(shared) >= 18
        assert {k: row[k] for k in shared} == {k: contraction[k] for k in shared}


def test_the_trends_of_fatigue_are_columns_and_their_absence_has_a_reason(documents, tables):
    channels = rows(tables["channels"])
    trend = documents[2]["channels"][0]["fatigue"]["mdf"]
    for name in ("slope_per_min_percent", "low_per_min_percent", "p", "r2"):
        assert channels[4][f"fatigue_mdf_{name}"] == trend[name] is not None
    assert channels[4]["fatigue_contractions"] == 7
    assert channels[4]["mdf_falls"] is documents[2]["channels"][0]["fatigue"]["mdf_falls"]
    assert channels[4]["fatigue_reason"] is None
    assert channels[0]["fatigue_mdf_p"] is None
    assert channels[0]["fatigue_reason"].startswith("3 contractions can be used")


def test_what_people_entered_and_what_their_series_say_are_columns(tables):
    first, second, _ = rows(tables["recordings"])
    assert (first["scored_rpe"], first["mvc_left"], first["target"]) == (5, 8e-5, 12)
    assert (first["pressure_left"], first["pressure_left_violations"]) == (50.0, 2)
    assert first["pressure_right_violation_duration"] == 6.0
    assert second["pressure_left"] is second["mvc_left"] is second["bfr_enabled"] is None


def test_no_column_points_at_nothing(documents, tables):
    """A place that is misspelt would be empty everywhere."""
    may_be_empty = {"category", "rpe", "game", "muscle", "bfr_gate", "quality_reasons"}
    for table in tables.values():
        for number, column in enumerate(table.columns):
            if column.name not in may_be_empty:
                assert any(row[number] is not None for row in table.rows), (table.name, column.name)


def test_csv_gives_every_number_back_to_the_last_digit(tables):
    for table in tables.values():
        read = from_csv(table)
        assert len(read) == len(table.rows)
        for written, row in zip(read, rows(table), strict=True):
            for name, value in row.items():
                if value is None:
                    assert written[name] == ""
                elif isinstance(value, bool):
                    assert written[name] == str(value).lower()
                elif isinstance(value, int | float):
                    assert float(written[name]) == value
                else:
                    assert written[name] == value


def test_the_workbook_gives_every_number_back_to_the_last_digit(tables):
    read = sheets(workbook_bytes(tuple(tables.values())))
    assert list(read) == list(tables)
    for name, table in tables.items():
        heading, *cells = read[name]
        assert list(heading.values()) == [c.name for c in table.columns]
        wanted = [{k: v for k, v in enumerate(row) if v not in (None, "")} for row in table.rows]
        assert [{k: v for k, v in row.items() if v != ""} for row in cells] == wanted


def test_the_same_results_make_the_same_workbook_whenever_it_is_written(tables):
    content = workbook_bytes(tuple(tables.values()))
    assert workbook_bytes(tuple(tables.values())) == content
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        written = book.read("docProps/core.xml").decode()
        assert set(re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", written)) == {"2000-01-01T00:00:00Z"}
        assert {entry.date_time[0] for entry in book.infolist()} == {1980}


def test_what_was_not_measured_is_an_empty_cell(documents, tables):
    silent = rows(tables["channels"])[3]
    assert documents[1]["channels"][1]["statistics"]["rms"] is None
    assert silent["rms"] is None
    assert from_csv(tables["channels"])[3]["rms"] == ""


def test_lists_become_sentences(documents, tables):
    recording = rows(tables["recordings"])[1]
    assert "effort: no RPE was given" in recording["missing"]
    assert documents[1]["recording"]["findings"][0]["sentence"] in recording["findings"]
    assert rows(tables["channels"])[3]["quality_reasons"] == "; ".join(
        documents[1]["channels"][1]["quality"]["reasons"]
    )


def test_a_refused_file_stands_in_a_table_of_its_own(tables):
    assert rows(tables["refused"]) == [
        {"file": "bad.c3d", "code": "not_c3d", "sentence": "It is a text."}
    ]


def test_the_codebook_explains_every_column_of_every_table(tables):
    explained = {(r["table"], r["column"]): r for r in rows(tables["codebook"])}
    columns = {(t.name, c.name) for t in tables.values() for c in t.columns if t.name != "codebook"}
    assert set(explained) == columns
    assert all(row["meaning"] for row in explained.values())
    assert explained["channels", "rms"]["unit"] == "V"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_a_text_that_begins_like_a_formula_is_made_a_text(text):
    table = Table("t", (Column("a", "", "", "a"), Column("b", "", "", "b")), ((text, -1.5),))
    assert from_csv(table) == [{"a": f"'{text}", "b": "-1.5"}]
    assert sheets(workbook_bytes([table]))["t"][1][1] == -1.5
    assert guarded("a=1") == "a=1"


def test_files_are_written_where_they_were_asked_for(tmp_path, tables):
    write_folder(tuple(tables.values()), tmp_path / "new" / "folder")
    names = {p.name for p in (tmp_path / "new" / "folder").iterdir()}
    assert names == {f"{name}.csv" for name in tables}
    text = (tmp_path / "new" / "folder" / "recordings.csv").read_bytes().decode("utf-8")
    assert text == csv_text(tables["recordings"])
    assert "Bäcker, 2.c3d" in text
    write_workbook(tuple(tables.values()), tmp_path / "other" / "book.xlsx")
    assert list(sheets(tmp_path / "other" / "book.xlsx")) == list(tables)
