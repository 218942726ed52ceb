"""A model under stress: every number by counting again, on the screen, as JSON and on the page."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import misread
from misread import load, save, train
from misread.cli import app, main
from misread.errors import ParameterError
from misread.images.corrupt import KINDS, corrupt
from misread.recipes.stress import _mean, stress_bundle
from misread.report.stress import render_stress


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture(scope="module")
def bundle(digits):
    return train("sgd-scaled", digits, precision=0.98)


@pytest.fixture(scope="module")
def file(bundle, tmp_path_factory):
    path = tmp_path_factory.mktemp("stress") / "model.misread"
    save(bundle, path)
    return path


def test_every_number_by_counting_again(bundle, digits):
    found = stress_bundle(bundle, digits, n_images=40, seed=3, title="it")
    values = found.values
    assert (values["n"], values["of"]) == (40, 360)
    test = digits.test.take(np.sort(np.random.default_rng(3).choice(360, 40, replace=False)))
    assert [kind["name"] for kind in values["kinds"]] == list(KINDS)
    for name, strength in (("rotate", 1), ("impulse noise", 5), ("fog", 3)):
        said = bundle.answer(corrupt(test.images, name, strength, seed=3))
        one = values["kinds"][list(KINDS).index(name)]["strengths"][strength - 1]
        right, answered = said.labels == test.labels, said.sure
        if said.unlike is not None:
            answered = answered & ~said.unlike
        assert one["accuracy"]["count"] == np.count_nonzero(right)
        assert one["refused"]["count"] == np.count_nonzero(~answered)
        assert one["sure_and_wrong"]["count"] == np.count_nonzero(answered & ~right)
        assert one["accuracy"]["low"] <= one["accuracy"]["value"] <= one["accuracy"]["high"]
    shares = [[one["accuracy"]["value"] for one in kind["strengths"]] for kind in values["kinds"]]
    assert values["mean"]["value"] == pytest.approx(np.mean(shares))
    at = [row[kind["published"] - 1] for row, kind in zip(shares, values["kinds"], strict=True)]
    assert values["published"]["value"] == pytest.approx(np.mean(at))
    assert found.verdict.startswith("it reads ")
    assert found.images.shape[:3] == (15, 6, 3)
    assert "<img" in found._repr_html_()
    again = [stress_bundle(bundle, digits, seed=3, n_images=10).values for _ in range(2)]
    assert again[0] == again[1], "seeded"


def test_the_interval_of_the_mean_covers_it():
    """All corruptions are of the same images, whose answers go together: the interval is over images."""
    rng, inside = np.random.default_rng(1), 0
    for _ in range(400):
        hard = rng.beta(2, 1, 100)
        mean = _mean(rng.random((75, 100)) < hard)
        inside += mean["low"] <= 2 / 3 <= mean["high"]
    assert 0.92 < inside / 400 < 0.98


def test_a_detector_and_what_gives_no_classes(digits):
    assert "refused" in misread.stress(train("sgd", digits, positive="5"), digits, n_images=20).values["clean"]
    found = misread.stress(train("sgd", digits, positive="5", reject_rate=0), digits, n_images=20)
    assert found.class_names == ("not 5", "5")
    assert "refused" not in found.values["clean"], "without an operating point nothing is refused"
    assert any("random sample of 20 of the 360" in remark for remark in found.remarks)
    page = render_stress(found)
    assert "random sample" in page
    assert "no operating point" in page
    with pytest.raises(ParameterError, match="gives no classes"):
        misread.stress(train("knn", digits, denoise=True), digits)
    with pytest.raises(ParameterError, match="at least 1 image"):
        misread.stress(train("sgd", digits), digits, n_images=0)


def run(*words):
    return CliRunner().invoke(app, ["stress", *map(str, words)], env={"COLUMNS": "80"})


def test_on_a_terminal_of_80_columns_and_as_json(file, tmp_path):
    page = tmp_path / "page.html"
    done = run(file, "digits", "--html", page, "--images", 30)
    assert done.exit_code == 0, done.output
    assert max(map(len, done.stdout.splitlines()[:-1])) <= 80
    assert all(kind in done.stdout for kind in KINDS)
    assert "random sample of 30 of the 360 images" in done.stderr
    text = page.read_text()
    assert text.count("<img") == 15 * 6 * 3
    assert "<script" not in text
    assert not {"http:", "https:"} & set(text.split("//"))
    document = json.loads(run(file, "digits", "--html", page, "--images", 30, "--json").stdout)
    assert document["page"] == str(page)
    assert len(document["kinds"]) == 15
    assert all(len(kind["strengths"]) == 5 for kind in document["kinds"])


def test_another_page_is_not_overwritten(file, tmp_path, monkeypatch, capsys):
    page = tmp_path / "page.html"
    page.write_text("something else")
    monkeypatch.setattr("sys.argv", ["misread", "stress", str(file), "digits", "--html", str(page)])
    with pytest.raises(SystemExit):
        main()
    assert "--force" in capsys.readouterr().err
    assert page.read_text() == "something else"
