"""One place prints: what it prints steers no terminal, fits every encoding and is wrapped between words."""

import ast
import io
import json
import sys
import warnings
from pathlib import Path

import pytest

import misread.cli
from misread.cli import progress, words
from misread.cli.words import UNLIMITED, noted, print_json, say, terminal_width
from misread.recipes.study import StepEvent
from misread.recipes.study.steps import STEPS

ROOMS = [path for path in Path(misread.cli.__file__).parent.glob("*.py") if path.name != "words.py"]


class Terminal(io.TextIOWrapper):
    """A stream of some encoding, as Python makes it for a terminal or a pipe."""

    def __init__(self, encoding):
        super().__init__(io.BytesIO(), encoding=encoding, write_through=True)

    @property
    def text(self):
        return self.buffer.getvalue().decode(self.encoding)


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: path.name)
def test_nothing_else_prints(path):
    """Two exceptions: where an error begins, and the table whose cells are cleaned."""
    called = [
        ast.unparse(node.func)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
    ]
    banned = {"print", "typer.echo", "typer.secho", "Console", "sys.stdout.write", "sys.stderr.write"}
    allowed = {"__init__.py": {"print"}, "tables.py": {"Console", "print"}, "progress.py": {"Console"}}
    assert not banned.intersection(called) - allowed.get(path.name, set())


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
def test_every_encoding(encoding, monkeypatch):
    stream = Terminal(encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    say("class 五 ü \ud800 \x1b[2J µ")
    print_json({"name": "五"})
    first, *document = stream.text.splitlines()
    assert first.startswith(r"class \u4e94" if encoding != "utf-8" else "class 五")
    assert "\x1b" not in first
    assert json.loads("".join(document)) == {"name": "五"}


def test_numbers_that_json_lacks(capsys):
    print_json({"a": [float("inf"), 1.5], "b": float("nan")})
    assert json.loads(capsys.readouterr().out) == {"a": [None, 1.5], "b": None}


def test_lines_are_wrapped_between_words(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    say("held out  sentences of knn-deskewed are wrapped", hang=10)
    say("misread train knn /a/very/long/path/of/a/file", whole=True)
    say("/one/word/that/is/longer/than/the/line")
    assert capsys.readouterr().out.splitlines() == [
        "held out  sentences",
        "          of",
        "          knn-deskewed",
        "          are",
        "          wrapped",
        "misread train knn /a/very/long/path/of/a/file",
        "/one/word/that/is/longer/than/the/line",
    ]


def test_what_is_no_terminal_has_lines_as_long_as_they_are(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert terminal_width(io.StringIO()) == UNLIMITED
    monkeypatch.setenv("COLUMNS", "many")
    assert terminal_width(io.StringIO()) == UNLIMITED


def test_warnings_of_libraries_are_one_clean_line_each(capsys):
    with noted():
        for _ in range(2):
            warnings.warn("consider \x1b[2J more steps", stacklevel=1)
        warnings.warn("and this", stacklevel=1)
        warnings.warn("for developers", DeprecationWarning, stacklevel=1)
        for tag in range(1_000):  # as a crafted picture has them
            said = f"Tag data larger than file. Skipping tag {tag}"
            warnings.warn_explicit(said, UserWarning, "TiffImagePlugin.py", 946, "PIL.TiffImagePlugin")
    assert capsys.readouterr().err.splitlines() == ["note: consider ?[2J more steps", "note: and this"]


def test_a_note_names_the_step_that_it_comes_of(capsys):
    with words.noted():
        words.under_way("Tune nearest neighbours")
        warnings.warn("odd", stacklevel=1)
        words.under_way(None)
        warnings.warn("even", stacklevel=1)
    assert capsys.readouterr().err == "note: Tune nearest neighbours: odd\nnote: even\n"


def test_the_time_left_counts_down(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    shown = progress.StudyProgress()
    shown.on_event(StepEvent(STEPS[1], "finish", seconds=4.0))
    task, column = shown._progress.tasks[0], progress._TimeLeft()
    first = int(str(column.render(task)).split()[1])
    now[0] += 3
    assert int(str(column.render(task)).split()[1]) == first - 3
    now[0] += 10_000
    assert str(column.render(task)) == ""
