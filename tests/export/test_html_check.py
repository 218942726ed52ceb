"""`--check`: the page is asked in a browser before it is written."""

import shutil

import pytest

from misread.bundle import Bundle, Manifest
from misread.data import load
from misread.errors import ModelFileError
from misread.export import export_html
from misread.export.html import page, write
from misread.models.zoo import make
from misread.recipes.unlike import telling_unlike

pytest.importorskip("playwright")


@pytest.fixture(autouse=True)
def _chromium():
    if shutil.which("chromium") is None:
        pytest.skip("needs the program chromium: apt-get install chromium")


def test_the_page_itself_is_asked(bundle_of, some, tmp_path):
    agreement = export_html(bundle_of("sgd-scaled"), tmp_path / "m.html", some.test.images, check=True)
    assert agreement.n_held_out == 100
    assert agreement.checked_with.startswith("Chromium ")
    assert (tmp_path / "m.html").stat().st_size < 150_000


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
def test_on_mnist_pages_keep_to_their_size(tmp_path):
    pytest.importorskip("torch")
    mnist = load("mnist")
    for name, params, most in (
        ("sgd-scaled", {"max_iter": 2, "tol": None}, 150_000),
        ("convnet", {"epochs": 1}, 500_000),
    ):
        model = make(name, params=params).fit(mnist.train.X[:2_000], mnist.train.labels[:2_000])
        about = Manifest("classification", name, mnist.class_names, mnist.shape, fit="mnist")
        bundle = Bundle(about, model, mnist.train.images[:200], mnist.train.labels[:200])
        bundle = telling_unlike(bundle, mnist.train)
        export_html(bundle, tmp_path / f"{name}.html", mnist.test.images[:200])
        assert (tmp_path / f"{name}.html").stat().st_size <= most
