"""Writes the figures of the real recordings anew, for review: `./dev run python tools/golden.py`.

Numbers alone, no signal. A change of any of them shows in a diff, and belongs to a new METHOD.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any, cast

from myograph.api import Leg, analyse
from myograph.errors import Unfinalised

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "golden"
LEGS = {"CH1": Leg("left", "quadriceps"), "CH2": Leg("right", "quadriceps")}
DIGITS = 10  # machines may differ in the last of them


def golden_of(path: Path) -> dict[str, Any]:
    """Every number of one recording, to ten digits."""
    document = analyse(path, legs=LEGS).to_dict()
    left_out = {"file", "protocol", "recording"}
    return _rounded({name: value for name, value in document.items() if name not in left_out})


def recordings_in(folder: Path) -> list[Path]:
    """Those that can be analysed as they are."""
    return [path for path in sorted((folder / "ghostly").glob("*.c3d")) if _whole(path)]


def golden_file(path: Path) -> Path:
    return FOLDER / f"{path.stem.removeprefix('Ghostly_Emg_')}.json"


def main(folder: Path) -> None:
    for path in recordings_in(folder):
        text = json.dumps(golden_of(path), indent=1, ensure_ascii=False)
        golden_file(path).write_text(f"{text}\n", encoding="utf-8")
        print(golden_file(path).relative_to(ROOT))


def _whole(path: Path) -> bool:
    try:
        analyse(path)
    except Unfinalised:
        return False
    return True


def _rounded(value: Any) -> Any:  # noqa: ANN401 - whatever JSON may hold
    if isinstance(value, float) and value and math.isfinite(value):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_rounded(v) for v in cast("list[Any]", value)]
    return value


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".." / "shared" / "data")
