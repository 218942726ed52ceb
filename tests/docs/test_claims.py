"""What README and benchmark tables claim is what was measured."""

import json
import re
import tomllib

import pytest
from site_pages import ROOT

from benchmarks import export, ladder, tables
from misread.results.reference import NOTEBOOK

README = (ROOT / "README.md").read_text("utf-8")


def kept(name):
    return json.loads((ROOT / "benchmarks" / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("name", "markdown"),
    [("results", tables.markdown), ("ladder", ladder.markdown), ("export", export.markdown)],
)
def test_tables_are_those_of_the_measurements(name, markdown):
    assert (ROOT / "benchmarks" / f"{name}.md").read_text("utf-8") == markdown(kept(name))


def test_every_row_says_how_it_was_measured():
    around = [row["circumstances"] for rungs in kept("ladder")["rungs"].values() for row in rungs.values()]
    around += [measured["circumstances"] for measured in kept("export").values()]
    for each in [*around, kept("results")["circumstances"]]:
        assert set(each) == {"commit", "day", "processor", "cores", "versions"}


def test_readme_says_what_was_measured():
    study, cores = kept("results")["study"], kept("results")["circumstances"]["cores"]
    assert cores == 2
    assert "On two cores" in README
    assert f"takes {study['misread']['seconds']:.0f} s" in README
    assert f"scikit-learn {study['stock']['scikit-learn']} take {study['stock']['total']:,.0f} s" in README
    assert study["misread"]["differ"] == []


def test_readme_counts_what_differs_from_the_notebook():
    rows = re.findall(r"^\| .*? \| `([\w.]+)` \| (.*?) \| (.*?) \|$", README, re.MULTILINE)
    assert len(rows) > 10
    differing = [(ours, theirs) for _, ours, theirs in rows if theirs != "not computed" and ours != theirs]
    assert len(differing) == 2
    for ours, theirs in differing:
        assert float(ours) == pytest.approx(float(theirs), rel=3e-16)
    assert "all are equal but two, which differ in the 16th\ndigit" in README
    for name, _, theirs in rows:
        if theirs != "not computed":
            assert NOTEBOOK[name] is not None


def test_constraints_name_all_that_pyproject_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {one for extra in project["optional-dependencies"].values() for one in extra} | set(
        project["dependencies"]
    )
    names = {re.split(r"[\[<>=;]", one)[0].strip().lower().replace("_", "-") for one in wanted} - {"misread"}
    rows = (ROOT / "constraints.txt").read_text("utf-8").splitlines()[2:]
    assert names <= {row.partition("==")[0].lower().replace("_", "-") for row in rows}
