"""docs/methods.md states what the code does."""

import json
import re
from pathlib import Path

import pytest

from myograph.analysis.measure import METHOD
from myograph.analysis.protocol import BOUNDS, DEFAULT
from myograph.scoring import configuration, mvc

PAGE = (Path(__file__).parents[2] / "docs" / "methods.md").read_text("utf-8")


def test_the_page_is_of_this_method():
    assert f"Method **{METHOD}**" in PAGE


def test_every_parameter_is_listed_with_its_default_and_bounds():
    rows = [line.strip("| ").split(" |") for line in PAGE.split("## Parameters")[1].splitlines()]
    listed = {row[0]: [cell.strip() for cell in row[1:]] for row in rows if len(row) > 1}
    listed.pop("parameter")
    expected = {
        name: [json.dumps(value), *(f"{low:g} to {high:g}" for low, high in bounds_of(name))]
        for name, value in DEFAULT.to_dict().items()
    }
    assert listed == expected


def bounds_of(name):
    return [BOUNDS[name]] if name in BOUNDS else []


@pytest.mark.parametrize("preset", [configuration.DEFAULT, configuration.GHOSTLY_TRIAL])
def test_the_weights_of_each_preset_are_stated(preset):
    stated = re.search(rf"`{preset.id}` ((?:[\d.]+,? ?)+)", PAGE)
    assert stated is not None
    numbers = [float(n.rstrip(".")) for n in re.findall(r"[\d.]+", stated[1])]
    assert numbers == list(preset.weights.values())


SOURCES = ["user_defined", "baseline_session", "c3d_metadata", "backend_95percentile"]


@pytest.mark.parametrize("source", SOURCES)
def test_the_confidence_of_each_source_is_stated(source):
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{source}`"))
    enough = {"contractions": 10, "efforts": 3}
    assert float(row.split("|")[-2]) == mvc.mvc_confidence(source, quality=1.0, **enough)


def test_the_sources_of_the_mvc_stand_in_their_order():
    stated = [line.split("`")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    assert [source for source in stated if source in SOURCES] == SOURCES


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("masked share", "masked_limits"),
        ("at the limit", "saturated_limits"),
        ("hum", "powerline_limits"),
        ("motion", "motion_limits"),
        ("SNR", "snr_db_limits"),
    ],
)
def test_the_limits_of_quality_are_stated(value, name):
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| {value} |"))
    stated = [cell.strip() for cell in row.split("|")[-3:-1]]
    limits = getattr(DEFAULT, name)
    unit = " dB" if name.startswith("snr") else " %"
    scale = 1 if name.startswith("snr") else 100
    assert stated == [f"{scale * limit:g}{unit}" for limit in limits]
