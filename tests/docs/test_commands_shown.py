"""What README and site show of the command line: it exists, and what can run here runs."""

import re

import commands_page
import numpy as np
import pytest
from PIL import Image
from site_pages import PAGES, ROOT, blocks, commands, name_of, words
from typer.testing import CliRunner

from misread import load
from misread.cli import app

SHOWN = [(path, command) for path in PAGES for command in commands(path)]
# Not run by a test: too long, or it needs what a test has not.
ELSEWHERE = {
    "misread study mnist": "tests/recipes",
    "misread study ./mnist": "needs MNIST",
    "misread ladder mnist": "benchmarks",
    "misread serve": "tests/serve",
}


def known(command):
    """The command that the words name, and what is left of them."""
    table = dict(commands_page.commands())
    left = words(command)
    for length in (2, 1):
        if " ".join(left[:length]) in table:
            return table[" ".join(left[:length])], left[length:]
    return None, left


@pytest.mark.parametrize(("path", "command"), SHOWN, ids=[f"{name_of(p)}: {c}" for p, c in SHOWN])
def test_command_and_options_exist(path, command):
    found, left = known(command)
    if found is None:
        assert left[0] in {name.split()[0] for name, _ in commands_page.commands()} or left[0].isupper(), command
        return
    options = {name for one in found.params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
    for word in left:
        if word.startswith("--"):
            assert word.partition("=")[0] in options, f"{command} has no {word}"


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_blocks_are_run_or_cannot_be(path):
    """A block that calls misread is run by the build, unless it needs what a build has not."""
    if path.name == "README.md":
        return
    cannot = re.compile(
        r"pip install|dask |docker |MISREAD_DATA|mnist|--host|--allow-host|venv|\S*scheduler:|misread study\n"
    )
    for language, content in blocks(path.read_text("utf-8")):
        if language in ("sh", "console") and "misread " in content:
            assert cannot.search(content), f"{name_of(path)} shows what is not run; use {{run}}:\n{content}"


def test_what_the_readme_shows_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train = load("digits").train
    for i in range(300):
        folder = tmp_path / "photos" / str(train.labels[i])
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.asarray(train.images[i])).resize((24, 24)).save(folder / f"{i}.png")
    content = "\n".join(body for kind, body in blocks((ROOT / "README.md").read_text("utf-8")) if kind == "sh")
    lines = [line for line in re.sub(r"\\\n\s*", " ", content).splitlines() if line.startswith("misread ")]
    ran = 0
    for line in lines:
        if any(line.startswith(beginning) for beginning in ELSEWHERE):
            continue
        result = CliRunner().invoke(app, words(line))
        assert result.exit_code == 0, f"{line}\n{result.output}"
        ran += 1
    assert ran >= 2
