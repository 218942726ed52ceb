"""The study's notebooks: what is written is a notebook, and every cell runs on the embedded digits."""

import json

import matplotlib as mpl
import pytest
from typer.testing import CliRunner

from misread.cli import app
from misread.errors import OutputError
from misread.notebooks import chapters, write_notebooks


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory):
    paths = write_notebooks(tmp_path_factory.mktemp("notebooks"))
    return {path.stem: json.loads(path.read_text("utf-8")) for path in paths}


def code(notebook):
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize("name", chapters())
def test_every_cell_runs_and_agrees_with_scikit_learn(name, notebooks, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    last = ""
    with mpl.rc_context({"backend": "Agg"}):
        for cell in code(notebooks[name]):
            last = cell.rstrip().rpartition("\n")[2]
            exec(compile(cell, name, "exec"), names)
            if "array_equal" in last and not last.startswith("print"):
                assert eval(last, names), last
        if "plt" in names:
            names["plt"].close("all")
    printed = capsys.readouterr().out
    assert printed
    assert "False" not in printed or name == "08-several-labels"


@pytest.mark.parametrize("name", chapters())
def test_is_a_valid_notebook_in_few_words(name, notebooks):
    notebook = notebooks[name]
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook["cells"][0]["cell_type"] == "markdown"
    identifiers = [cell["id"] for cell in notebook["cells"]]
    assert len(set(identifiers)) == len(identifiers)
    text = chapters()[name]
    assert f"# {int(name[:2])}. " in text
    assert "## The same in plain scikit-learn" in text or name.startswith("11")
    assert "**Try it.**" in text
    assert len(text.split()) < 700


@pytest.mark.mnist
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "expression", "number"),
    [
        ("04-choose-a-threshold", "chosen.threshold", 3370.0194991439557),
        ("08-several-labels", "f1_score(labels, held_out.predictions, average='weighted')", 0.9778357403921755),
        ("10-get-better", "shifted", 0.9763),
    ],
)
def test_on_mnist_the_numbers_are_those_of_the_study(
    name, expression, number, mnist_folder, tmp_path, monkeypatch
):
    monkeypatch.setenv("MISREAD_DATA", str(mnist_folder))
    path = next(path for path in write_notebooks(tmp_path, "mnist") if path.stem == name)
    names = {"__name__": "__main__"}
    with mpl.rc_context({"backend": "Agg"}):
        for cell in code(json.loads(path.read_text("utf-8"))):
            exec(compile(cell, name, "exec"), names)
        if "plt" in names:
            names["plt"].close("all")
    assert eval(expression, names) == number


def test_other_data_and_work_that_is_there(tmp_path):
    result = CliRunner().invoke(app, ["notebook", str(tmp_path), "--data", "mnist"])
    assert result.exit_code == 0
    assert all("DATA = 'mnist'" in path.read_text("utf-8") for path in tmp_path.glob("*.ipynb"))
    with pytest.raises(OutputError, match="there already"):
        write_notebooks(tmp_path)
    assert len(write_notebooks(tmp_path, replace=True)) == len(chapters()) == 11
