"""A study goes on in its own folder, and overwrites another one only when it is told to."""

import json

import pytest

from misread.data import Dataset, load
from misread.errors import OutputError
from misread.recipes.study.claim import claim
from misread.recipes.study.step import Context


@pytest.fixture(scope="module")
def context():
    return Context(load("digits"), "5", 42)


def changed(context, **changes):
    return Context(**{name: getattr(context, name) for name in ("dataset", "positive", "seed", "model")} | changes)


def finished(folder):
    """What a study leaves besides its steps."""
    (folder / "figures").mkdir()
    for name in ("results.json", "arrays.npz", "report.html", "suspects.csv", "figures/roc_curve_plot.png"):
        (folder / name).write_text("{}")


def test_a_study_goes_on(context, tmp_path):
    for _ in range(2):
        claim(tmp_path, context, force=False)
    finished(tmp_path)
    claim(tmp_path, context, force=False)
    assert (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seed": 1}, "another study .with another seed."),
        ({"positive": "3"}, "with another class to detect"),
        ({"model": "knn"}, "without a model besides"),
        ({"seed": 1, "positive": "3"}, "with another class to detect, with another seed"),
    ],
    ids=str,
)
def test_another_one_is_refused_unless_it_is_told_to(context, tmp_path, changes, said):
    claim(tmp_path, context, force=False)
    finished(tmp_path)
    with pytest.raises(OutputError, match=f"{said}.*--force"):
        claim(tmp_path, changed(context, **changes), force=False)
    assert (tmp_path / "results.json").exists()
    (tmp_path / "notes.txt").write_text("mine")
    claim(tmp_path, changed(context, **changes), force=True)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"study.json", "figures", "notes.txt"}
    claim(tmp_path, changed(context, **changes), force=False)


def test_other_data_are_another_study(context, tmp_path):
    digits = context.dataset
    other = Dataset("digits", digits.test, digits.train, digits.class_names, digits.source, digits.licence)
    claim(tmp_path, context, force=False)
    with pytest.raises(OutputError, match="of other data"):
        claim(tmp_path, changed(context, dataset=other), force=False)


def test_results_from_before_there_was_a_file_for_it_count(context, tmp_path):
    manifest = {"dataset": {"sha256": context.dataset.sha256}, "positive": "5", "seed": 42}
    (tmp_path / "results.json").write_text(json.dumps({"values": {}, "manifest": manifest}))
    with pytest.raises(OutputError, match="another seed"):
        claim(tmp_path, changed(context, seed=7), force=False)
    claim(tmp_path, context, force=False)


@pytest.mark.parametrize("content", ["", "{}", "[]", "null", "[" * 100_000, '{"manifest": {"dataset": {}}}', "7"])
@pytest.mark.parametrize("name", ["study.json", "results.json"])
def test_what_is_something_else_is_not_overwritten(context, tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(OutputError, match="something else than a study"):
        claim(tmp_path, context, force=False)
    claim(tmp_path, context, force=True)
