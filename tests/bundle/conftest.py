"""Small models for the tests of the model file."""

import importlib.util
from pathlib import Path

import pytest

from misread.bundle import Bundle, Manifest, load
from misread.data import Dataset
from misread.models.zoo import make

GOLDEN = Path(__file__).parent / "golden"


def _golden_script():
    spec = importlib.util.spec_from_file_location("write_golden", Path(__file__).parent / "write_golden.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def golden() -> Path:
    """The folder of the golden files."""
    return GOLDEN


@pytest.fixture
def valid(golden) -> Path:
    """One of them."""
    return golden / "sgd-scaled.misread"


@pytest.fixture(scope="session")
def few() -> Dataset:
    """A hundred digits to train on, twenty to test on."""
    return _golden_script().few()


@pytest.fixture(scope="session")
def small(golden) -> Bundle:
    """A linear classifier with an operating point."""
    return load(golden / "sgd-scaled.misread")


@pytest.fixture(scope="session")
def bundle_of(few):
    """Make a bundle of any estimator, fitted on a few digits."""

    def build(model, *, positive: str | None = None, **manifest) -> Bundle:
        estimator = make(model) if isinstance(model, str) else model
        codes = few.train.labels
        y = codes if positive is None else codes == few.class_names.index(positive)
        task = "classification" if positive is None else "detector"
        described = Manifest(task, str(model)[:20], few.class_names, few.shape, positive=positive, **manifest)
        return Bundle(described, estimator.fit(few.train.X, y), few.train.images, codes)

    return build
