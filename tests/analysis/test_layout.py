import numpy as np
import pytest

from misread.analysis import layout
from misread.analysis.layout import lay_out
from misread.data import load
from misread.recipes.study.layout import nearly_the_same

data = load("digits").train


@pytest.mark.parametrize("n", [1, 3, 12])
def test_few_images_have_a_place_each(n: int) -> None:
    places = lay_out(data.images[:n], 42)
    assert places.shape == (n, 2)
    assert ((places >= 0) & (places <= 1)).all()


def test_images_of_a_class_stand_together_and_the_rest_among_those_laid_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(layout, "N_LANDMARKS", 200)
    images, labels = data.images[:500], data.labels[:500]
    places = lay_out(images, 42)
    np.testing.assert_array_equal(places, lay_out(images, 42))
    apart = np.linalg.norm(places[:, None] - places, axis=2)
    np.fill_diagonal(apart, np.inf)
    assert np.mean(labels[apart.argmin(axis=1)] == labels) > 0.8


def test_what_is_nearly_a_copy_is_found() -> None:
    X = np.full((3, 4), 100, np.uint8)
    pairs = nearly_the_same(X, np.array([0.0, 29.9, 30.1]), np.array([7, 8, 9]))
    assert pairs.tolist() == [[0, 7], [1, 8]]
