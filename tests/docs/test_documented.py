"""Nothing is left undocumented: commands, options, variables, findings, errors, formats, Python names."""

import json
import re
from dataclasses import fields
from pathlib import Path

import commands_page
import errors_page
import pytest
import python_pages
from site_pages import DOCS, commands, words

import misread
from misread import errors
from misread.analysis.explained import EXPLAINED
from misread.bundle import Manifest, OperatingPointRecord
from misread.evaluation import answer_files
from misread.evaluation.answers import ASKED
from misread.recipes.study.steps import steps_with
from misread.results.study import StudyResult

SOURCE = Path(misread.__file__).parent
COMMANDS = dict(commands_page.commands())
GUIDES = [*sorted((DOCS / "tutorials").rglob("*.md")), *sorted((DOCS / "how-to").glob("*.md"))]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_guide(command):
    shown = [words(line) for path in GUIDES for line in commands(path)]
    assert any(line[: len(command.split())] == command.split() for line in shown), (
        f"no tutorial and no how-to guide shows `misread {command}`"
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_says_what_it_does(command):
    page = commands_page.text()
    assert f"## misread {command}\n" in page
    for one in (*commands_page.options(COMMANDS[command]), *commands_page.arguments(COMMANDS[command])):
        assert one.help, f"misread {command}: {one.opts} says nothing of itself"
        assert all(f"`{name}" in page for name in one.opts if name.startswith("--"))


def test_every_environment_variable():
    code = "".join(path.read_text("utf-8") for path in SOURCE.rglob("*.py"))
    used = set(re.findall(r"[\"'](MISREAD_[A-Z_]+)[\"']", code))
    described = set(re.findall(r"`(MISREAD_[A-Z_]+)`", (DOCS / "reference" / "environment.md").read_text("utf-8")))
    assert used >= {"MISREAD_DATA", "MISREAD_MIRRORS"}
    assert described - {"MISREAD_AXE"} == used


def test_every_finding():
    code = "".join(path.read_text("utf-8") for path in (SOURCE / "analysis").glob("*.py"))
    used = set(re.findall(r"[\"(\s]\"([A-Z]\d{1,2})\"", code))
    page = (DOCS / "explanations" / "findings.md").read_text("utf-8")
    assert used >= {"E1", "E2", "E3", "T1", "T2", "T3", "M1", "M2", "L1"}
    assert {code.upper() for code in re.findall(r"^\(finding-(\w+)\)=$", page, re.MULTILINE)} == used
    headings = dict(re.findall(r"^## (\w+) – (.+)$", page, re.MULTILINE))
    assert headings == {code: heading for code, (heading, _) in EXPLAINED.items()}
    assert set(headings) == used


def test_every_error_has_a_remedy():
    assert set(errors_page.REMEDIES) == set(errors.__all__)
    said = errors_page.messages()
    assert sum(map(len, said.values())) > 100
    assert all(said[name] for name in said if name not in ("MisreadError", "MissingExtraError"))


def test_every_name_of_a_result(digits_study):
    page = (DOCS / "reference" / "formats.md").read_text("utf-8")
    table = page.partition("### Names in `values`")[2].partition("\n## ")[0]
    described = set(re.findall(r"`([a-z_]+\.[a-z0-9_.*]+)`", table))
    names = set(StudyResult.load(digits_study).values)
    assert names <= described, f"not described: {sorted(names - described)}"
    steps = {step.name for step in steps_with("knn", True)} | {"model"}
    assert {name.partition(".")[0] for name in described} <= steps
    assert not {name for name in described - names if not name.startswith(("chosen.", "enough.", "model."))}


def test_every_part_of_a_run_folder(digits_study):
    page = (DOCS / "reference" / "formats.md").read_text("utf-8")
    document = json.loads((digits_study / "results.json").read_text("utf-8"))
    for name in (*document, *document["manifest"], *(path.name for path in digits_study.iterdir())):
        assert f"`{name}`" in page or f"## {name}\n" in page, f"{name} is not described"


def test_every_field_of_a_manifest():
    page = (DOCS / "reference" / "formats.md").read_text("utf-8")
    for record in (Manifest, OperatingPointRecord):
        for one in fields(record):
            assert f"`{one.name}`" in page, f"{record.__name__}.{one.name} is not described"


def test_every_column_of_a_table_of_answers():
    page = (DOCS / "reference" / "formats.md").read_text("utf-8").partition("## Tables of answers")[2]
    for role in answer_files.ROLES:
        assert f"`{role}`" in page, role
    for prefix in answer_files.WRITTEN_AS.values():
        assert f"`{prefix}:CLASS`" in page, prefix
    for how in ASKED:
        assert f"`{how}`" in page, how


def test_every_public_name():
    pages = "\n".join(python_pages.texts().values())
    for package in python_pages.packages():
        for module, name in python_pages.public_names(package):
            assert f":: {name}\n" in pages, f"{module}.{name}"
    for name in ("run_study", "judge", "Answers", "ModelFileError"):
        assert f":doc:`{name} <python-" in pages
