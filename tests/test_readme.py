"""The README's examples run, and its commands exist."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from misread.cli import app

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
EXAMPLES = re.findall(r"<!-- example: (\w+) -->\n```python\n(.*?)```", README, re.DOTALL)
COMMANDS = sorted(
    set(re.findall(r"(?:^|`)misread ([a-z]+(?: (?:list|fetch|info|show)\b)?)", README, re.MULTILINE))
)


def test_there_are_examples():
    assert len(EXAMPLES) == README.count("```python") >= 2


@pytest.mark.parametrize(("name", "code"), EXAMPLES)
def test_example_runs(name, code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, f"README example {name}", "exec"), {})
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize("command", COMMANDS)
def test_command_exists(command):
    result = CliRunner().invoke(app, [*command.split(), "--help"])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("picture", re.findall(r"!\[.*?\]\((.*?)\)", README))
def test_picture_is_there(picture):
    assert (Path(__file__).parents[1] / picture).is_file()
