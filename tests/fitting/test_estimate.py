"""About how long training takes: networks on small images, too, and every twin."""

import pytest

from misread.fitting.estimate import expected_seconds
from misread.fitting.hold_out import holds_out_enough
from misread.models.zoo import ZOO, make


@pytest.mark.parametrize(("model", "least", "most"), [("convnet", 3.5, 13), ("convnet-ensemble", 8, 32)])
def test_networks_on_the_digits(model, least, most):
    """Measured on two busy cores: 6.5 s and 16 s. Steps cost something however small the images are."""
    assert least < ZOO[model].seconds(1_437, 64) < most
    assert expected_seconds(model, 1_437, 64) == ZOO[model].seconds(1_437, 64)


@pytest.mark.parametrize("model", sorted(ZOO))
def test_mnist_is_what_was_measured(model):
    assert ZOO[model].seconds(60_000, 784) == pytest.approx(ZOO[model].mnist_seconds, abs=4)


@pytest.mark.parametrize("model", sorted(ZOO))
@pytest.mark.parametrize("n", [300, 5_000, 60_000])
@pytest.mark.parametrize("task", ["classification", "multilabel", "denoising"])
def test_twins_count_where_they_are_trained(model, n, task):
    alone = task == "denoising" or holds_out_enough(make(model), n, task)
    once = ZOO[model].seconds(n, 784)
    assert (expected_seconds(model, n, 784, task) > once) is not alone
