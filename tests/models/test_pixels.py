"""What an estimator is asked: checked as scikit-learn does, but for pixels that cannot be wrong."""

import numpy as np
import pytest
from sklearn.utils import validation

from misread.data import load
from misread.models import pixels
from misread.models.zoo import make


@pytest.fixture(params=["knn", "sgd"])
def fitted(request):
    train = load("digits").train
    return make(request.param).fit(train.X[:200], train.labels[:200])


def test_pixels_are_not_looked_through_and_the_answers_are_the_same(fitted, monkeypatch):
    X = load("digits").test.X[:20]
    expected = fitted.predict(X.astype(np.uint8)[::-1].tolist())[::-1]

    def must_not(*args, **kwargs):
        raise AssertionError

    monkeypatch.setattr(pixels, "validate_data", must_not)
    assert (fitted.predict(X) == expected).all()


@pytest.mark.parametrize(
    "wrong", [np.zeros((0, 64), np.uint8), np.zeros((2, 63), np.uint8), np.zeros(64, np.uint8)]
)
def test_what_is_wrong_is_said_by_scikit_learn(fitted, wrong):
    with pytest.raises(ValueError, match=r"sample|features|1D") as ours:
        fitted.predict(wrong)
    with pytest.raises(ValueError, match=r"sample|features|1D") as theirs:
        validation.validate_data(fitted, wrong, reset=False)
    assert str(ours.value) == str(theirs.value)
