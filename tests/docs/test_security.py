"""Every test that the pages about security and privacy name is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"(tests/[\w/]+\.py)(?:::(\w+))?")


def named_in(page):
    return NAMED.findall((ROOT / "docs" / page).read_text("utf-8"))


@pytest.mark.parametrize("page", ["security.md", "privacy.md", "keys.md"])
def test_every_test_that_is_named_exists(page):
    missing = [
        f"{file}::{name}"
        for file, name in named_in(page)
        if not (ROOT / file).exists()
        or (
            name
            and not re.search(rf"^def {name}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE)
        )
    ]
    assert missing == []


def test_every_risk_of_the_ten_and_every_chapter_has_its_row():
    text = (ROOT / "docs" / "security.md").read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    for begins in [*(f"| API{n} |" for n in range(1, 11)), *(f"| V{n} " for n in range(1, 18))]:
        assert len([row for row in rows if row.startswith(begins)]) == 1, begins


def test_every_row_that_is_met_names_a_test():
    text = (ROOT / "docs" / "security.md").read_text("utf-8")
    met = [row for row in text.splitlines() if row.startswith(("| API", "| V")) and "met" in row]
    assert len(met) > 12
    assert [row[:20] for row in met if not NAMED.search(row)] == []
