"""The parameters of the method as a file: printed, changed, handed back, stored."""

import json
from dataclasses import replace

import pytest

from myograph.analysis.protocol import DEFAULT, Protocol
from myograph.analysis.protocol_text import protocol_of, text_of


def test_the_default_is_printed_and_loads_back_equal(command):
    answer = command("protocol", "show")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == text_of(DEFAULT)
    assert protocol_of(answer.out, "printed") == DEFAULT


def test_what_a_file_asks_for_is_printed_whole(command, tmp_path):
    (tmp_path / "my.toml").write_text("merge_ms = 300")
    shown = command("protocol", "show", tmp_path / "my.toml").out
    assert protocol_of(shown, "printed") == replace(DEFAULT, merge_ms=300.0)


@pytest.mark.parametrize("arguments", [("protocol", "-h"), ("protocol", "show", "-h")])
def test_its_help_has_an_example(command, arguments):
    assert "Examples:\n    myograph protocol show" in command(*arguments).out


def test_a_changed_protocol_changes_the_result_and_is_stored_with_it(command, path, tmp_path):
    (tmp_path / "my.toml").write_text("shortest_ms = 1000\n# all else as it is\n")
    told = command("analyse", path, "--protocol", tmp_path / "my.toml", "--json").json
    assert [len(c["contractions"]) for c in told["channels"]] == [2, 2]
    stored = Protocol.from_dict(told["protocol"])
    assert stored == replace(DEFAULT, shortest_ms=1000.0)
    assert told["protocol_digest"] == stored.digest != DEFAULT.digest


def test_a_person_is_told_what_was_changed(command, path, tmp_path):
    (tmp_path / "my.toml").write_text("shortest_ms = 1000")
    shown = command("analyse", path, "--protocol", tmp_path / "my.toml").out
    assert "protocol: shortest_ms 1000.0 (default 100.0)" in shown
    assert "protocol:" not in command("analyse", path).out


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"colour = 1", "my.toml: The protocol knows no colour."),
        (b"merge_ms = ", "my.toml is no TOML: "),
        (b"merge_ms = 'long'", "my.toml: merge_ms cannot be 'long'; the default is 200.0."),
        (b"\xff\xfe", "my.toml is no text in UTF-8."),
        (None, "There is no file "),
    ],
)
def test_a_protocol_that_cannot_be_right_is_one_sentence(
    command, path, tmp_path, content, sentence
):
    file = tmp_path / "my.toml"
    if content is not None:
        file.write_bytes(content)
    answer = command("analyse", path, "--protocol", file)
    assert (answer.code, answer.out) == (1, "")
    assert sentence in answer.err
    assert len(answer.err.splitlines()) == 1


def test_a_folder_is_no_protocol(command, path, tmp_path):
    answer = command("analyse", path, "--protocol", tmp_path)
    assert answer.code == 1
    assert answer.err == f"myograph: {tmp_path} cannot be read: Is a directory.\n"


def test_the_protocol_of_the_json_is_one_that_can_be_handed_in(command, path):
    told = command("analyse", path, "--json").json
    lines = [f"{name} = {json.dumps(value)}" for name, value in told["protocol"].items()]
    assert protocol_of("\n".join(lines), "stored") == DEFAULT
