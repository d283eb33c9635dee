"""The columns of an export stand where their numbers are, and the database says what they mean."""

import types
from dataclasses import fields, is_dataclass
from typing import Union, get_args, get_origin, get_type_hints

import pytest

from myograph.analysis.results import Fatigue
from myograph.db import comments
from myograph.db.contractions import ContractionRow
from myograph.db.pressures import Cuff
from myograph.db.scores import Scores
from myograph.db.sessions import Session
from myograph.db.statistics import ChannelStatistics
from myograph.export import stored
from myograph.export.shown import Beside
from myograph.export.stored import COMMENTED
from myograph.scoring.configuration import DEFAULT
from myograph.services.exported_tables import Absent, Facts

COLUMNS = {
    stored.session_columns: Facts,
    stored.channel_columns: ChannelStatistics,
    stored.muscle_columns: ChannelStatistics,
    stored.contraction_columns: ContractionRow,
    stored.score_columns: Scores,
    stored.missing_columns: Absent,
    stored.gate_columns: Scores,
    stored.cuff_columns: Cuff,
}
# What the dictionaries of a row hold.
KEYS = {
    "performance_weights": set(DEFAULT.weights),
    "left_out": {"completion", "intensity", "duration"},
    "missing_reasons": {"overall", "compliance", "symmetry", "effort", "game", "bfr"},
    "input_sources": {
        *("sides", "target", "rpe", "game_points", "game_maximum", "hold", "mvc_share"),
        *("bfr_enabled", "pressures", "weights", "mvc_left", "mvc_right"),
    },
}
TYPED = {"muscle", "label", "patient_code", "session_id", "file_path", "findings"}
TYPED |= {"cuff_size", "cuff_position", "monitoring_device"}


@pytest.fixture(scope="module")
def said(shared_database):
    with shared_database.connect("myograph_web") as conn:
        return comments.of_columns(conn, COMMENTED)


def without_none(kind):
    if get_origin(kind) in {Union, types.UnionType}:
        [kind] = [k for k in get_args(kind) if k is not type(None)]
    return kind


def found(kind, place):
    """Whether the types say that there is such a value."""
    name, _, rest = place.partition(".")
    hints = get_type_hints(kind) if is_dataclass(kind) else {}
    if name not in hints:
        return False
    if rest in KEYS.get(name, ()):
        return True
    return not rest or found(without_none(hints[name]), rest)


@pytest.mark.parametrize("columns", COLUMNS, ids=lambda c: c.__name__)
def test_each_stands_where_its_value_is(said, columns):
    for column in columns(said, identifiers=True):
        part, _, rest = column.place.partition(".")
        if part == "row":
            assert found(COLUMNS[columns], rest), column.place
        elif part == "session":
            assert found(Session, rest), column.place
        else:
            assert (part in {f.name for f in fields(Beside)}, rest) == (True, ""), column.place


def test_a_place_that_is_none_would_be_found():
    assert found(ChannelStatistics, "fatigue.mdf.slope_per_min")
    assert not found(ChannelStatistics, "fatigue.mdf.slope")
    assert not found(Scores, "input_sources.rp")
    assert found(Fatigue, "reason")


@pytest.mark.parametrize("columns", COLUMNS, ids=lambda c: c.__name__)
@pytest.mark.parametrize("identifiers", [False, True])
def test_each_has_a_name_of_its_own_and_a_meaning(said, columns, identifiers):
    made = columns(said, identifiers=identifiers)
    assert len({c.name for c in made}) == len(made)
    assert all(c.meaning for c in made)


@pytest.mark.parametrize("columns", COLUMNS, ids=lambda c: c.__name__)
def test_what_somebody_typed_is_a_column_with_identifiers_alone(said, columns):
    plain = {c.name for c in columns(said, identifiers=False)}
    named = {c.name for c in columns(said, identifiers=True)}
    assert named - plain <= TYPED
    assert plain & TYPED <= {"muscle"}  # by its usual name
    assert {"session", "patient"} <= plain


@pytest.mark.parametrize(
    "columns", [stored.channel_columns, stored.contraction_columns], ids=lambda c: c.__name__
)
def test_no_number_that_is_stored_is_left_out(said, columns):
    kind = COLUMNS[columns]
    numbers = {
        name
        for name, hint in get_type_hints(kind).items()
        if without_none(hint) in {int, float, bool}
    }
    judged = {c.name for c in stored.muscle_columns(said, identifiers=False)}
    assert numbers <= {c.name for c in columns(said, identifiers=False)} | judged


def test_every_comment_is_there(said):
    assert said["emg_statistics.fi_nsm5"].startswith("Dimitrov's index")
    assert {name.partition(".")[0] for name in said} == set(COMMENTED)
