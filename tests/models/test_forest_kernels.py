"""The parts of the forest's kernels, each against a slow and obvious reference."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier

from misread.kernels import forest, splitter, tree_builder

COUNTS = 2**24 - 1


def make_node(seed: int, n: int, n_classes: int, levels: int) -> tuple[np.ndarray, ...]:
    """Pixels, entries, values, classes and weights of a random node."""
    rng = np.random.default_rng(seed)
    pixels = rng.choice(256, levels, replace=False).astype(np.uint8)[rng.integers(0, levels, 2 * n)]
    rows = np.sort(rng.choice(2 * n, n, replace=False))
    codes = rng.integers(0, n_classes, 2 * n).astype(np.uint8)
    counts = np.zeros(2 * n, np.int64)
    counts[rows] = rng.integers(1, 9, n)
    entries = tree_builder.enlist(codes, counts)
    return pixels, entries, pixels[rows], codes[rows], counts[rows]


def slow_best_cut(
    values: np.ndarray,
    codes: np.ndarray,
    weights: np.ndarray,
    n_classes: int,
    leaf: int,
    weight_leaf: float,
    best: float,
) -> tuple[float, int]:
    """Every cut in scikit-learn's arithmetic, without screening."""
    found = -1
    levels = np.unique(values)
    for k in range(len(levels) - 1):
        left = values <= levels[k]
        sides = []
        for side in (left, ~left):
            sums = np.bincount(codes[side], weights=weights[side], minlength=n_classes)
            w = float(sums.sum())
            q = 0.0
            for s in sums:
                q += float(s) * float(s)
            sides.append((w, 1.0 - q / (w * w), side.sum()))
        (w_l, gini_l, n_l), (w_r, gini_r, n_r) = sides
        proxy = -w_r * gini_r - w_l * gini_l
        if min(n_l, n_r) >= leaf and min(w_l, w_r) >= weight_leaf and proxy > best:
            best, found = proxy, k
    return best, found


@pytest.mark.parametrize("n_classes", [2, 3, 11])
@pytest.mark.parametrize("levels", [2, 5, 256])
@pytest.mark.parametrize("n", [2, 17, 600])
@pytest.mark.parametrize(("leaf", "weight_leaf"), [(1, 0.0), (5, 0.0), (1, 31.0)])
def test_best_cut(n_classes: int, levels: int, n: int, leaf: int, weight_leaf: float) -> None:
    histogram = np.zeros(512 * n_classes, np.uint32)
    seen = np.zeros(256, np.uint8)
    listed = np.empty(257, np.int64)
    scratch, sizes = np.empty(n_classes, np.int64), np.empty(256, np.int64)
    best = expected = -np.inf
    for seed in range(12):
        pixels, entries, values, codes, weights = make_node(seed, n, n_classes, levels)
        totals = np.bincount(codes, weights=weights, minlength=n_classes).astype(np.int64)
        splitter.fill_histogram(pixels, 1, 0, entries, n_classes, histogram, seen)
        n_values = splitter.list_seen(seen, seen.view(np.uint64), listed)
        np.testing.assert_array_equal(listed[:n_values], np.unique(values))
        first, end = splitter.admissible_cuts(pixels, 1, 0, entries, listed, n_values, leaf, sizes)
        best, cut = splitter.best_cut(histogram, listed, n_values, first, end, totals, scratch, weight_leaf, best)
        expected, expected_cut = slow_best_cut(values, codes, weights, n_classes, leaf, weight_leaf, expected)
        assert (best, cut) == (expected, expected_cut)
        assert not histogram.any()
        assert not seen.any()
        if seed % 4 == 3:
            best = expected = -np.inf


@given(st.integers(0, 2**31 - 1), st.integers(0, 50), st.integers(1, 1000))
def test_draw(seed: int, low: int, width: int) -> None:
    state = np.array([seed], np.int64)
    s = seed or 1
    for _ in range(20):
        s ^= (s << 13) % 2**32
        s ^= s >> 17
        s ^= (s << 5) % 2**32
        assert splitter.draw(state, low, low + width) == low + s % 2**31 % width


@pytest.mark.parametrize("seed", range(5))
def test_partition_and_constants(seed: int) -> None:
    pixels, entries, values, codes, weights = make_node(seed, 100, 3, 1 + 3 * seed)
    assert splitter.is_constant(pixels, 1, 0, entries) == (len(np.unique(values)) == 1)
    before = entries.copy()
    goes_left = values <= 128
    left = np.empty(3, np.int64)
    n_left = tree_builder.partition(pixels, entries, 128, np.empty(100, np.uint64), left)
    np.testing.assert_array_equal(entries[:n_left], before[goes_left])
    np.testing.assert_array_equal(entries[n_left:], before[~goes_left])
    np.testing.assert_array_equal(left, np.bincount(codes[goes_left], weights=weights[goes_left], minlength=3))


def test_enlist_holds_large_rows_classes_and_counts() -> None:
    codes = np.array([0, 255, 3], np.uint8)
    entries = tree_builder.enlist(codes, np.array([0, COUNTS, 1]))
    assert entries.dtype == np.uint64
    assert [(int(e) >> 32, int(e) >> 24 & 255, int(e) & COUNTS) for e in entries] == [(1, 255, COUNTS), (2, 3, 1)]


@pytest.mark.parametrize("shape", [(1, 1), (64, 64), (65, 3), (200, 131)])
def test_transpose(shape: tuple[int, int]) -> None:
    rows = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    columns = np.empty(shape[::-1], np.uint8)
    forest.transpose(rows, columns)
    np.testing.assert_array_equal(columns, rows.T)


def test_gini() -> None:
    rng = np.random.default_rng(0)
    X = np.zeros((1000, 1))
    for _ in range(50):
        y = rng.integers(0, rng.integers(2, 20), 1000)
        tree = DecisionTreeClassifier().fit(X, y).tree_
        assert splitter.gini(np.bincount(y), 1000.0) == tree.impurity[0]
