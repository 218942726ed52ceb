"""What `import misread` offers: seen by dir(), short in a notebook, and with its types."""

import inspect
import re

import numpy as np
import pytest

import misread


@pytest.fixture(scope="module")
def shown():
    """One of every object that a person meets."""
    digits = misread.load("digits")
    bundle = misread.train("sgd", digits)
    result = misread.evaluate(bundle, digits)
    answers = misread.Answers.from_scores(digits.test.labels, bundle.answer(digits.test.images).scores)
    compared = misread.compare(bundle, misread.train("knn", digits), digits)
    return {
        "Dataset": digits,
        "Split": digits.train,
        "Bundle": bundle,
        "StudyResult": result,
        "Answers": answers,
        "Comparison": compared,
        "LadderResult": misread.run_ladder(digits, models=["knn"]),
        "Checked": misread.check(bundle, digits, accuracy=0.5),
        "Changed": compared.fixed,
        "Manifest": bundle.manifest,
        "Readings": bundle.answer(digits.test.images),
        "Stress": misread.stress(bundle, digits, n_images=20),
        "Tuned": misread.tune("knn", digits, grid={"n_neighbors": [1, 3]}),
    }


def test_public_names_are_seen_and_there():
    assert dir(misread) == sorted(misread.__all__)
    for name in misread.__all__:
        assert getattr(misread, name) is not None
    assert {
        "load", "train", "tune", "judge", "evaluate", "compare", "check", "run_study", "run_ladder", "open_model",
        "save", "models", "Answers", "Dataset", "MisreadError",
    } <= set(dir(misread))  # fmt: skip


def test_every_public_call_is_explained():
    for name in misread.__all__:
        one = getattr(misread, name)
        text = getattr(one, "__doc__", None) or ""
        assert text or isinstance(one, str), name
        if inspect.isfunction(one):
            assert ">>> " in text, name
            assert set(inspect.signature(one).parameters) <= set(re.findall(r"\w+", text)), name


def test_a_repr_is_one_short_line(shown):
    for name, one in shown.items():
        assert len(repr(one)) < 160, repr(one)
        assert "\n" not in repr(one)
        assert repr(one).startswith(f"<{name}")


def test_a_notebook_shows_tables_and_pictures(shown):
    for name, one in shown.items():
        if name != "Manifest":
            page = one._repr_html_()
            assert "<table" in page, name
            assert "<script" not in page
    assert shown["Dataset"]._repr_html_().count("<img") == 10
    assert "<img" in shown["Comparison"]._repr_html_()


def test_names_are_escaped():
    images = np.zeros((4, 3, 3), np.uint8)
    split = misread.data.Split(images, np.array([0, 1, 0, 1]))
    hostile = misread.Dataset("<script>", split, split, ("<b>x</b>", "y"), "", "")
    assert "<b>x" not in hostile._repr_html_()
    assert "<script>" not in hostile._repr_html_()


def test_models_are_written_and_opened(tmp_path, shown):
    misread.save(shown["Bundle"], tmp_path / "m.misread")
    again = misread.open_model(tmp_path / "m.misread")
    assert repr(again) == repr(shown["Bundle"])
    result = misread.evaluate(tmp_path / "m.misread", "digits", tmp_path / "run")
    assert result.values == shown["StudyResult"].values
    assert (tmp_path / "run" / "report.html").is_file()


def test_judged_compared_and_checked_from_python(tmp_path, shown):
    digits = shown["Dataset"]
    scores = shown["Bundle"].answer(digits.test.images).scores
    result = misread.judge(None, scores, tmp_path / "run", data=digits, class_names=digits.class_names)
    assert result.values["model.accuracy"] == shown["StudyResult"].values["model.accuracy"]
    assert misread.compare(tmp_path / "run", shown["Bundle"], digits).values["n"] == 360
    assert misread.check(shown["Bundle"], digits, accuracy=0.8).passed
    said = shown["Bundle"].manifest.metrics["out_of_fold"]["accuracy"]["value"]
    assert misread.check(shown["Bundle"], accuracy=said).passed
    assert len(misread.compare(shown["Bundle"], shown["Bundle"].answers).both_wrong)
