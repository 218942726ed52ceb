"""The SGD kernel against scikit-learn's loop written out in plain Python, on data made to break screens."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from misread.kernels import screen as screens
from misread.kernels import sgd as kernels
from misread.kernels.codes import encode_floats, pixel_screen
from misread.kernels.packed import n_grouped, packed_dot
from misread.kernels.rows import Rows, by_patch, read_row
from misread.kernels.sgd import Rule, fit_hinge, shuffle_order


def xorshift_order(order, seed):
    """Shuffle `order` as sklearn.utils._random does, from `seed`."""
    order, state = list(order), seed or 1
    for i in range(len(order) - 1):
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
        j = i + (state % 2**31) % (len(order) - i)
        order[i], order[j] = order[j], order[i]
    return order


def slow_fit(
    X,
    label,
    weight,
    seed,
    *,
    alpha,
    margin,
    tol,
    n_iter_no_change,
    max_iter,
    objective,
    shuffle=True,
    start=None,
):
    """Weights, intercept and epochs of scikit-learn's fit, one operation after the other.

    `X` is a list of rows of floats, `label` holds 1.0 and -1.0.
    """
    n_samples, n_features = len(X), len(X[0])
    w, common, intercept, sq_norm = start or [0.0] * n_features, 1.0, 0.0, 0.0
    t0 = 1.0 / (math.sqrt(1.0 / math.sqrt(alpha)) * alpha)
    t, best, stalled, order = 1.0, math.inf, 0, range(n_samples)
    for epoch in range(max_iter):  # noqa: B007
        total = 0.0
        order = xorshift_order(order, seed) if shuffle else order
        for i in order:
            score = 0.0
            for w_j, x in zip(w, X[i], strict=True):
                score += w_j * x
            score = score * common + intercept
            eta = 1.0 / (alpha * (t0 + t - 1))
            z = score * label[i]
            violated = z <= margin
            total += margin - z if violated else 0.0
            if objective:
                total += alpha * (0.5 * math.sqrt(sq_norm) ** 2)
            factor = max(0.0, 1.0 - eta * alpha)
            common *= factor
            sq_norm *= factor * factor
            if common < 1e-9:
                w, common = [w_j * common for w_j in w], 1.0
            update = eta * label[i] * weight[i] if violated else 0.0
            if update != 0.0:
                w = [w_j + x * (update / common) for w_j, x in zip(w, X[i], strict=True)]
                squares = 0.0
                for w_j in w:
                    squares += w_j * w_j
                sq_norm = squares * (common * common)
                intercept += update
            t += 1
        if objective:
            stalls = total / n_samples > best - tol
            total /= n_samples
        else:
            stalls = total > best - tol * n_samples
        stalled = stalled + 1 if stalls else 0
        best = min(best, total)
        if stalled >= n_iter_no_change:
            break
    return [w_j * common for w_j in w], intercept, epoch + 1


def fast_fit(rows, label, weight, seed, *, alpha, shuffle=True, start=None, **options):
    rule = Rule(
        alpha=alpha,
        first_step=1.0 / (math.sqrt(1.0 / math.sqrt(alpha)) * alpha),
        l2=True,
        fit_intercept=True,
        intercept_decay=1.0,
        **options,
    )
    coef = np.array(start or np.zeros(rows.screen.offset.size))
    order = shuffle_order(len(label), seed) if shuffle else np.arange(len(label), dtype=np.int32)
    intercept, epochs, finite = fit_hinge(rows, rule, label, weight, order, coef, 0.0)
    assert finite
    return coef, intercept, epochs


def check(rows, X, label, weight, seed, **options):
    coef, intercept, epochs = fast_fit(rows, label, weight, seed, **options)
    expected = slow_fit(X.tolist(), label.tolist(), weight.tolist(), seed, **options)
    assert (coef.tolist(), intercept, epochs) == expected


OPTIONS = st.fixed_dictionaries(
    {
        "alpha": st.sampled_from([1e-6, 1e-4, 1e-2, 1.0, 30.0]),
        "margin": st.sampled_from([0.0, 1.0]),
        "tol": st.sampled_from([-np.inf, 0.0, 1e-3, 0.1]),
        "n_iter_no_change": st.integers(1, 3),
        "max_iter": st.integers(1, 12),
        "objective": st.booleans(),
        "shuffle": st.booleans(),
    }
)
STARTS = st.floats(-1e3, 1e3) | st.sampled_from([0.0, 1.0, -1.0])
PIXELS = st.one_of(st.just(0), st.just(255), st.integers(0, 255))
IMAGES = st.tuples(st.integers(1, 14), st.integers(1, 20)).flatmap(
    lambda shape: arrays.arrays(np.uint8, shape, elements=PIXELS, fill=st.sampled_from([0, 255, 7]))
)


def rows_of_pixels(pixels, *scaler):
    return Rows.of_pixels(pixels, np.arange(pixels.shape[1]), *scaler)


def draw_labels(data, n):
    label = data.draw(arrays.arrays(np.float64, n, elements=st.sampled_from([-1.0, 1.0])))
    weight = data.draw(arrays.arrays(np.float64, n, elements=st.sampled_from([1.0, 1.0, 0.0, 0.3, 17.5])))
    return label, weight, data.draw(st.integers(0, 2**31 - 1))


@settings(max_examples=150, deadline=None)
@given(IMAGES, OPTIONS, st.data())
def test_raw_pixels_give_the_reference_bit_for_bit(pixels, options, data):
    label, weight, seed = draw_labels(data, len(pixels))
    check(rows_of_pixels(pixels), pixels.astype(float), label, weight, seed, **options)


@settings(max_examples=150, deadline=None)
@given(IMAGES, OPTIONS, st.data())
def test_any_start_gives_the_reference_bit_for_bit(pixels, options, data):
    start = data.draw(st.lists(STARTS, min_size=pixels.shape[1], max_size=pixels.shape[1]))
    options = {**options, "objective": False, "start": start}
    check(rows_of_pixels(pixels), pixels.astype(float), *draw_labels(data, len(pixels)), **options)


def test_folding_the_common_factor_rounds_the_weights_anew():
    pixels = np.array([[200, 0], [0, 200]], np.uint8)
    for alpha in (1.0, 0.99999, 30.0):
        options = {**RULE, "alpha": alpha, "objective": False, "tol": -np.inf, "max_iter": 3}
        for seed in range(4):
            label, start = np.array([1.0, -1.0]), [1.0, -1.0]
            check(rows_of_pixels(pixels), pixels.astype(float), label, np.ones(2), seed, **options, start=start)


@settings(max_examples=100, deadline=None)
@given(IMAGES, OPTIONS, st.data())
def test_standardised_pixels_give_the_reference_bit_for_bit(pixels, options, data):
    label, weight, seed = draw_labels(data, len(pixels))
    mean, scale = pixels.mean(axis=0), pixels.std(axis=0)
    scale[scale == 0.0] = 1.0
    X = (pixels - mean) / scale
    check(rows_of_pixels(pixels, mean, scale), X, label, weight, seed, **options)
    check(Rows.of_floats(X), X, label, weight, seed, **options)


@settings(max_examples=100, deadline=None)
@given(
    arrays.arrays(
        np.float64,
        st.tuples(st.integers(1, 10), st.integers(1, 6)),
        elements=st.floats(-1e6, 1e6) | st.sampled_from([0.0, -0.0, 1e-300, 1e20, -1e20, 5e-324]),
    ),
    OPTIONS,
    st.data(),
)
def test_any_floats_give_the_reference_bit_for_bit(X, options, data):
    label, weight, seed = draw_labels(data, len(X))
    check(Rows.of_floats(X), X, label, weight, seed, **options)


RULE = {"alpha": 1e-4, "margin": 1.0, "tol": 1e-3, "n_iter_no_change": 5, "max_iter": 30}


@pytest.mark.parametrize("objective", [False, True])
@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((9, 5), np.uint8),
        np.full((9, 5), 255, np.uint8),
        np.arange(12, dtype=np.uint8).reshape(12, 1),
        np.tile(np.array([[0, 255, 9]], np.uint8), (8, 1)),
        np.random.default_rng(0).integers(0, 2, (40, 4096)).astype(np.uint8) * 255,
        np.repeat(np.random.default_rng(1).integers(0, 256, (7, 64)).astype(np.uint8), 6, axis=0),
    ],
    ids=["zero", "full", "one pixel", "all equal", "4096 features", "duplicates"],
)
def test_degenerate_images(pixels, objective):
    label = np.where(np.arange(len(pixels)) % 3 == 0, 1.0, -1.0)
    options = {**RULE, "objective": objective, "max_iter": 4 if pixels.shape[1] > 1000 else 30}
    check(rows_of_pixels(pixels), pixels.astype(float), label, np.ones(len(pixels)), 7, **options)


@pytest.mark.parametrize("objective", [False, True])
def test_many_epochs_with_memory_on_and_off(objective):
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (60, 30)).astype(np.uint8)
    label = np.where(pixels[:, 3] > 128.0, 1.0, -1.0)
    mean, scale = pixels.mean(axis=0), pixels.std(axis=0)
    options = {**RULE, "objective": objective, "tol": -np.inf, "max_iter": 200}
    rows = rows_of_pixels(pixels, mean, scale)
    check(rows, (pixels - mean) / scale, label, np.ones(60), 11, **options)


@settings(max_examples=200, deadline=None)
@given(IMAGES, st.booleans(), st.data())
def test_the_screen_bounds_the_sequential_sum(pixels, as_floats, data):
    magnitude = data.draw(st.sampled_from([1e-12, 1.0, 1e12]))
    elements = st.floats(-1, 1) | st.sampled_from([0.0, 1.0, -1.0])
    coef = magnitude * data.draw(arrays.arrays(np.float64, pixels.shape[1], elements=elements))
    scale = np.linspace(0.3, 40.0, pixels.shape[1])
    mean = np.linspace(-5.0, 300.0, pixels.shape[1])
    X = (pixels - mean) / scale
    screen = encode_floats(X) if as_floats else pixel_screen(pixels, np.arange(len(mean)), mean, scale)
    q = np.zeros(n_grouped(len(coef)), np.int16)
    squares = screens.sum_products(coef, coef)
    unit, base, spill = screens.bound_weights(coef, squares, screen, 1.0, np.zeros(len(coef)), q)
    moved = screens.distance(coef, np.zeros(len(coef)))
    assert moved >= math.sqrt(math.fsum(coef * coef))
    for i, row in enumerate(X):
        exact = 0.0
        for w, x in zip(coef, row, strict=True):
            exact += w * x
        quick = base + unit * packed_dot(screen.packed, i, q)
        error = screens.HALF_UNIT * unit * screen.mass[i] + spill
        underflow = 1e-280
        assert abs(quick - exact) <= error + underflow
        assert abs(exact) <= moved * screen.norm[i] * (1 + 1e-12)


@pytest.mark.parametrize("as_floats", [False, True])
def test_rows_that_use_rare_columns_are_not_screened(as_floats):
    rng = np.random.default_rng(5)
    pixels = rng.integers(0, 256, (1000, 12)).astype(np.uint8)
    pixels[:, [2, 7]] = 0
    pixels[[3, 500], 2], pixels[[500, 900], 7] = (9, 200), 255
    mean, scale = pixels.mean(axis=0), pixels.std(axis=0)
    X = (pixels - mean) / scale
    screen = encode_floats(X) if as_floats else pixel_screen(pixels, np.arange(len(mean)), mean, scale)
    assert np.flatnonzero(screen.gain == 0).tolist() == [2, 7]
    assert np.flatnonzero(np.isinf(screen.mass)).tolist() == [3, 500, 900]
    rows = Rows.of_floats(X) if as_floats else rows_of_pixels(pixels, mean, scale)
    label = np.where(pixels[:, 0] > 100.0, 1.0, -1.0)
    check(rows, X, label, np.ones(1000), 11, **{**RULE, "objective": False, "max_iter": 12})


def test_columns_with_few_values_are_lifted_back_too():
    pixels = np.zeros((5000, 3), np.uint8)
    pixels[::7, 0], pixels[::700, 1], pixels[4321, 2] = 180, np.arange(8) * 20, 77
    X = (pixels - pixels.mean(axis=0)) / pixels.std(axis=0)
    assert encode_floats(X).slack < 1e-9


def test_the_largest_sums_fit_in_32_bits():
    for n_features in (1, 784, 4096, 70_000):
        pixels = np.full((1, n_features), 255, np.uint8)
        screen = pixel_screen(pixels, np.arange(n_features), np.zeros(n_features), np.ones(n_features))
        q = np.full(n_grouped(n_features), screen.largest_weight, np.int16)
        assert packed_dot(screen.packed, 0, q) == 255 * n_features * screen.largest_weight


@pytest.mark.parametrize("density", [0.0, 0.0005, 0.2, 1.0])
def test_packed_rows_give_their_codes_and_products(density):
    rng = np.random.default_rng(8)
    pixels = rng.integers(1, 256, (40, 5003)).astype(np.uint8) * (rng.random((40, 5003)) < density)
    columns = rng.permutation(5003)[:5001]
    rows = Rows.of_pixels(pixels, columns)
    packed, q, values = rows.screen.packed, np.zeros(n_grouped(5001), np.int16), np.empty(n_grouped(5001))
    q[:5001] = rng.integers(-1500, 1500, 5001)
    for i, row in enumerate(pixels[:, columns]):
        assert read_row(rows, i, np.ones(5001), values) == row.sum()
        assert values[:5001].tolist() == row.tolist()
        assert packed_dot(packed, i, q) == row.astype(int) @ q[:5001].astype(int)
    assert packed.memory.ctypes.data % 64 == 0


def test_columns_in_patches_change_no_bit():
    rng = np.random.default_rng(6)
    pixels = rng.integers(0, 256, (50, 81)).astype(np.uint8)
    label, weight = np.where(pixels[:, 40] > 128, 1.0, -1.0), np.ones(50)
    columns = by_patch(np.arange(81), 81)
    assert columns[:8].tolist() == [0, 1, 9, 10, 18, 19, 27, 28]
    assert by_patch(np.arange(80), 80).tolist() == list(range(80))
    coef, intercept, epochs = fast_fit(Rows.of_pixels(pixels, columns), label, weight, 3, **RULE, objective=True)
    expected = slow_fit(pixels.tolist(), label.tolist(), weight.tolist(), 3, **RULE, objective=True)
    assert (coef[np.argsort(columns)].tolist(), intercept, epochs) == expected


def test_standardised_pixels_are_lifted_back_to_their_codes():
    pixels = np.random.default_rng(0).integers(0, 256, (500, 12)).astype(np.uint8)
    pixels[:, 5] //= 3
    mean, scale = pixels.mean(axis=0), pixels.std(axis=0)
    screen = encode_floats((pixels - mean) / scale)
    assert screen.slack < 1e-9


def test_an_undecided_epoch_starts_again_with_exact_losses(monkeypatch):
    outcomes = []
    descend = kernels._descend

    def first_undecided(*arguments):
        outcomes.append(arguments[-1])
        return (3, kernels.UNDECIDED) if not arguments[-1] else descend(*arguments)

    monkeypatch.setattr(kernels, "_descend", first_undecided)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (30, 9)).astype(np.uint8)
    label = np.where(rng.random(30) < 0.5, 1.0, -1.0)
    for objective in (False, True):
        options = {**RULE, "objective": objective}
        check(rows_of_pixels(pixels), pixels.astype(float), label, np.ones(30), 5, **options)
    assert outcomes == [False, True, False, True]


@pytest.mark.parametrize(
    ("total", "doubt", "expected"),
    [(10.0, 0.0, 1), (9.0, 0.5, 0), (9.6, 0.5, -1), (np.inf, 0.5, -1), (np.nan, 1.0, -1)],
)
def test_a_comparison_is_made_only_beyond_doubt(total, doubt, expected):
    assert kernels._compare(total, doubt, 10.0, 0.1, 0.2) == expected


@pytest.mark.parametrize("seed", [0, 1, 42, 2**31 - 2])
def test_the_shuffle_is_scikit_learns(seed):
    assert shuffle_order(101, seed).tolist() == xorshift_order(range(101), seed)
