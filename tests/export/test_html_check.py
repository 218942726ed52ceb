"""`--check`: the page is asked in a browser before it is written."""

import shutil
from dataclasses import replace

import pytest

from misread.bundle import Bundle
from misread.data import Split, load
from misread.errors import ModelFileError
from misread.export import export_html, html_of
from misread.export.html import page, write
from misread.recipes.train import train

pytest.importorskip("playwright")


@pytest.fixture(autouse=True)
def _chromium():
    if shutil.which("chromium") is None:
        pytest.skip("needs the program chromium: apt-get install chromium")


def test_the_page_itself_is_asked(bundle_of, some):
    bundle, told = _few(bundle_of("sgd-scaled")), list[tuple[int, int]]()
    content, agreement = html_of(
        bundle, some.test.images, check=True, on_asked=lambda *how_far: told.append(how_far)
    )
    assert agreement.n_held_out == 100
    assert agreement.checked_with.startswith("Chromium ")
    assert len(content) < 150_000
    assert told[-2:] == [(250, 300), (300, 300)]


def test_a_page_that_answers_otherwise_is_not_written(bundle_of, some, tmp_path, monkeypatch):
    def broken(modules, make=page._as_one):
        return make(modules).replace("label.push(answer.index)", "label.push((answer.index + 1) % 10)")

    monkeypatch.setattr(page, "_as_one", broken)
    with pytest.raises(ModelFileError, match=r"differently on 200 of 200 .* nothing was written"):
        export_html(_few(bundle_of("sgd")), tmp_path / "m.html", check=True)
    assert not list(tmp_path.iterdir())


def test_a_page_that_does_not_run_is_not_written(bundle_of, tmp_path, monkeypatch):
    monkeypatch.setattr(write, "as_page", lambda told, facts: "<!doctype html><script>throw Error('no')</script>")
    monkeypatch.setattr("misread.export.html.browser._START", 1_000)
    with pytest.raises(ModelFileError, match=r"does not run in Chromium"):
        export_html(_few(bundle_of("sgd")), tmp_path / "m.html", check=True)


def test_without_a_browser_check_is_one_line(bundle_of, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ModelFileError, match=r"there is no Chromium .* leave out --check"):
        export_html(_few(bundle_of("sgd")), tmp_path / "m.html", check=True)
    assert not list(tmp_path.iterdir())


def _few(bundle: Bundle) -> Bundle:
    return Bundle(bundle.manifest, bundle.estimator, bundle.example_images[:100], bundle.example_labels[:100])


@pytest.mark.mnist
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "params", "n_trained", "n_asked", "most"),
    [
        ("sgd-scaled", {"max_iter": 20, "tol": None}, 10_000, 10_000, 150_000),
        ("convnet", {"epochs": 1}, 2_000, 200, 500_000),
    ],
)
def test_on_mnist_pages_keep_to_their_size(name, params, n_trained, n_asked, most, tmp_path):
    if name == "convnet":
        pytest.importorskip("torch")
    mnist = load("mnist")
    parts = ((mnist.train, n_trained), (mnist.test, n_asked))
    some = [Split(split.images[:n], split.labels[:n]) for split, n in parts]
    bundle = train(name, replace(mnist, train=some[0], test=some[1]), params=params, precision=0.99)
    export_html(bundle, tmp_path / "m.html", some[1].images)
    assert (tmp_path / "m.html").stat().st_size <= most
