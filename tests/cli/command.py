"""The command `myograph` as a person runs it, in this very process."""

import json
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from myograph.cli.main import run


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Command:
    """command("analyse", path, "--json") -> Answer"""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: object, columns: int = 80, **environment: str) -> Answer:
        self._monkeypatch.setattr(sys, "argv", ["myograph", *map(str, arguments)])
        for name, value in {"COLUMNS": str(columns), **environment}.items():
            self._monkeypatch.setenv(name, value)
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run()
        captured = self._capsys.readouterr()
        return Answer(int(ended.value.code or 0), captured.out, captured.err)
