"""`./dev bench` lists the benchmarks; `./dev bench NAME [PART...] [--full]` runs one.

Each is a module here with `main(full)`, and says what it shows in the first line of its docstring.
NAME is the module's name, with - for _; one that has PARTS may be told which of them.
"""

import ast
import importlib
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def main(arguments: list[str]) -> None:
    names = [a for a in arguments if not a.startswith("-")]
    if not names:
        sys.exit("\n".join(["./dev bench NAME [PART...] [--full], with NAME one of", *_listed()]))
    benchmark = _benchmark(names[0])
    if unknown := set(names[1:]) - set(getattr(benchmark, "PARTS", ())):
        sys.exit(f"{names[0]} has no part {', '.join(sorted(unknown))}")
    benchmark.main("--full" in arguments)


def _benchmark(name: str):  # noqa: ANN202 - a module with main(full)
    if not (FOLDER / f"{_file(name)}.py").exists():
        sys.exit("\n".join([f"there is no benchmark {name!r}; there are", *_listed()]))
    return importlib.import_module(f"bench.{_file(name)}")


def _file(name: str) -> str:
    return name.replace("-", "_")


def _listed() -> list[str]:
    modules = sorted(p for p in FOLDER.glob("*.py") if not p.stem.startswith("_"))
    return [f"  {p.stem.replace('_', '-'):16} {_first_line(p)}" for p in modules]


def _first_line(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split("\n", 1)[0]


if __name__ == "__main__":
    main(sys.argv[1:])
