"""Everything a machine can say about the code without running it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = Path(os.environ.get("MYOGRAPH_CACHE", ROOT / ".cache"))
BIN = Path(sys.executable).parent

CHECKS = {
    "ruff": [str(BIN / "ruff"), "check"],
    "format": [str(BIN / "ruff"), "format", "--check"],
    "pyright": [str(BIN / "pyright"), "--pythonpath", sys.executable],
    "imports": [str(BIN / "lint-imports"), "--cache-dir", str(CACHE / "import-linter")],
    "locks": [sys.executable, "tools/lock.py", "--check"],
}


def main() -> None:
    os.environ.setdefault("PYRIGHT_PYTHON_CACHE_DIR", str(CACHE / "pyright"))
    os.environ.setdefault("npm_config_cache", str(CACHE / "npm"))
    failed = [name for name, command in CHECKS.items() if not _passes(name, command)]
    if failed:
        sys.exit(f"not green: {', '.join(failed)}")
    print("every check is green")


def _passes(name: str, command: list[str]) -> bool:
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    print(f"{name}: {'ok' if done.returncode == 0 else 'FAILED'}", flush=True)
    if done.returncode:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    main()
