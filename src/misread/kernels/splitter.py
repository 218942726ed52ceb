"""The best split of one node of a classification tree on 8-bit features, exactly as scikit-learn finds it.

scikit-learn (`sklearn/tree/_splitter.pyx: node_split_best`) sorts a node's samples along each drawn feature and
walks over the distinct values. A pixel has 256 values, so here a histogram of the classes per value replaces the
sort. All sums are of whole numbers below 2^53, which float64 holds exactly in any order; the few operations
that do round (the Gini impurity and the proxy that ranks cuts) are done in scikit-learn's order, so that even
ties fall the same way.

A sample of the tree is one uint64 *entry*: row number (32 bits), class (8 bits), bootstrap count (24 bits).
"""

from typing import NamedTuple, Self

import numpy as np
from numba import uint64

from misread.kernels.jit import inner, part

__all__ = [
    "COUNT_BITS",
    "MAX_CLASSES",
    "ROW_SHIFT",
    "Scratch",
    "admissible_cuts",
    "best_cut",
    "draw",
    "fill_histogram",
    "gini",
    "is_constant",
    "list_seen",
    "split_node",
]

COUNT_BITS = 24
MAX_CLASSES = 256
ROW_SHIFT = 32
_COUNT_MASK = (1 << COUNT_BITS) - 1
_CLASS_MASK = MAX_CLASSES - 1
_MARGIN = 1e-14


class Scratch(NamedTuple):
    """Arrays that the splitting of a tree's nodes writes to."""

    totals: np.ndarray  # (n_classes,) weight of each class in the node
    left: np.ndarray  # (n_classes,) and left of a cut
    features: np.ndarray  # (n_features,) a permutation of the features, which goes on from node to node
    constants: np.ndarray  # (n_features,) features that are known to be constant
    state: np.ndarray  # (1,) of the random generator
    histogram: np.ndarray  # (256 * 2 * n_classes,) zeros between nodes
    seen: np.ndarray  # (256,) whether each value occurs, zeros between nodes
    seen_words: np.ndarray  # (256 / 8,) the same memory, eight values a word
    values: np.ndarray  # (256 + 1,) those seen
    sizes: np.ndarray  # (256,) number of samples of each value

    @classmethod
    def of(cls, n_features: int, n_classes: int, seed: int) -> Self:
        """For a tree."""
        seen = np.zeros(256, np.uint8)
        return cls(
            totals=np.empty(n_classes, np.int64),
            left=np.empty(n_classes, np.int64),
            features=np.arange(n_features),
            constants=np.empty(n_features, np.int64),
            state=np.array([seed]),
            histogram=np.zeros(256 * 2 * n_classes, np.uint32),
            seen=seen,
            seen_words=seen.view(np.uint64),
            values=np.empty(256 + 1, np.int64),
            sizes=np.empty(256, np.int64),
        )


@part()
def draw(state: np.ndarray, low: int, high: int) -> int:
    """Draw an integer from [low, high) with scikit-learn's xorshift generator (`our_rand_r`, `rand_int`)."""
    s = state[0] if state[0] != 0 else 1
    s ^= (s << 13) & 0xFFFFFFFF
    s ^= s >> 17
    s ^= (s << 5) & 0xFFFFFFFF
    state[0] = s
    return low + (s & 0x7FFFFFFF) % (high - low)


@inner()
def gini(counts: np.ndarray, weight: float) -> float:
    """Gini impurity of class counts that add up to `weight`, rounded as `Gini.node_impurity` rounds it."""
    squares = 0
    for c in range(counts.size):
        squares += counts[c] * counts[c]
    return 1.0 - squares / (weight * weight)


@inner()
def is_constant(pixels: np.ndarray, step: int, offset: int, entries: np.ndarray) -> bool:
    """Whether all entries have one value; the value of row r is `pixels[r * step + offset]`."""
    first = pixels[(entries[0] >> uint64(ROW_SHIFT)) * uint64(step) + uint64(offset)]
    for i in range(1, entries.size):
        if pixels[(entries[i] >> uint64(ROW_SHIFT)) * uint64(step) + uint64(offset)] != first:
            return False
    return True


@inner()
def fill_histogram(
    pixels: np.ndarray,
    step: int,
    offset: int,
    entries: np.ndarray,
    n_classes: int,
    histogram: np.ndarray,
    seen: np.ndarray,
) -> None:
    """Add the entries' weights to cells [value, half, class] of a flat histogram, and mark the values seen.

    Every other entry goes to the other half, so that a run of equal pixels need not wait for its own additions.
    """
    half = uint64(0)
    for i in range(entries.size):
        entry = entries[i]
        value = uint64(pixels[(entry >> uint64(ROW_SHIFT)) * uint64(step) + uint64(offset)])
        seen[value] = 1
        label = (entry >> uint64(COUNT_BITS)) & uint64(_CLASS_MASK)
        histogram[(value + value + half) * uint64(n_classes) + label] += np.uint32(entry & uint64(_COUNT_MASK))
        half ^= uint64(1)


@inner()
def list_seen(seen: np.ndarray, words: np.ndarray, values: np.ndarray) -> int:
    """Write the values seen to `values` in rising order, clear the marks, and return how many there are.

    `words` is the memory of `seen` (uint8) as uint64.
    """
    n = 0
    for word in range(words.size):
        if words[word] != 0:
            for value in range(8 * word, 8 * word + 8):
                values[n] = value
                n += seen[value]
            words[word] = 0
    return n


@inner()
def admissible_cuts(
    pixels: np.ndarray,
    step: int,
    offset: int,
    entries: np.ndarray,
    values: np.ndarray,
    n_values: int,
    min_samples_leaf: int,
    sizes: np.ndarray,
) -> tuple[int, int]:
    """First cut and end of the cuts (k: after value k) that leave `min_samples_leaf` samples on both sides."""
    if min_samples_leaf <= 1:
        return 0, n_values - 1
    for value in range(sizes.size):
        sizes[value] = 0
    for i in range(entries.size):
        sizes[pixels[(entries[i] >> uint64(ROW_SHIFT)) * uint64(step) + uint64(offset)]] += 1
    first = n_values
    end = 0
    n_left = 0
    for k in range(n_values):
        n_left += sizes[values[k]]
        if n_left >= min_samples_leaf and entries.size - n_left >= min_samples_leaf:
            first = min(first, k)
            end = k + 1
    return first, end


@inner()
def best_cut(
    histogram: np.ndarray,
    values: np.ndarray,
    n_values: int,
    first: int,
    end: int,
    totals: np.ndarray,
    left: np.ndarray,
    min_weight_leaf: float,
    best_proxy: float,
) -> tuple[float, int]:
    """Walk over the histogram for a cut better than `best_proxy`, and clear it on the way.

    Parameters
    ----------
    histogram : ndarray of shape (256 * 2 * n_classes,), uint32
        Cells of `fill_histogram`; all zero on return.
    values : ndarray, int64
        The `n_values` values that occur, in rising order; cut k is between value k and the next.
    first, end : int
        The cuts to look at.
    totals, left : ndarray of shape (n_classes,), int64
        Class weights of the node; scratch for those left of the cut.
    min_weight_leaf, best_proxy : float
        Least weight of a side; the highest proxy so far.

    Returns
    -------
    (float, int)
        The highest proxy and its cut, -1 if none here is higher.

    Notes
    -----
    scikit-learn ranks cuts by -w_r (1 - q_r / w_r^2) - w_l (1 - q_l / w_l^2), where w is a side's weight and q its
    sum of squared class weights. Over the reals that is q_l / w_l + q_r / w_r - w. In float64 each side errs by
    less than 2^-52 of its weight (the roundings of two numbers up to 1 and of one product) and their difference
    by 2^-53 of w more, so a cut whose q_l / w_l + q_r / w_r - w is below best_proxy - 1e-14 w cannot come out
    above best_proxy. That comparison, multiplied by w_l w_r, needs no division, and its own rounding (a few
    2^-53 of w) is inside the margin too. Only the few cuts that pass are computed in scikit-learn's way.
    """
    n_classes = totals.size
    weight = 0
    left_weight = np.int64(0)
    left_squares = 0
    right_squares = 0
    for c in range(n_classes):
        left[c] = 0
        weight += totals[c]
        right_squares += totals[c] * totals[c]
    margin = weight * (1.0 - _MARGIN)
    floor = best_proxy + margin
    best = -1
    for k in range(n_values):
        cell = uint64(values[k]) * uint64(2 * n_classes)
        for c in range(n_classes):
            other = cell + uint64(n_classes)
            moved = np.int64(histogram[cell]) + np.int64(histogram[other])
            histogram[cell] = 0
            histogram[other] = 0
            left_weight += moved
            left_squares += moved * (2 * left[c] + moved)
            right_squares -= moved * (2 * (totals[c] - left[c]) - moved)
            left[c] += moved
            cell += uint64(1)
        w_l = float(left_weight)
        w_r = float(weight - left_weight)
        q_l = float(left_squares)
        q_r = float(right_squares)
        if q_l * w_r + q_r * w_l > floor * (w_l * w_r) and first <= k < end:
            proxy = -w_r * (1.0 - q_r / (w_r * w_r)) - w_l * (1.0 - q_l / (w_l * w_l))
            if proxy > best_proxy and w_l >= min_weight_leaf and w_r >= min_weight_leaf:
                best_proxy = proxy
                floor = best_proxy + margin
                best = k
    return best_proxy, best


@part()
def split_node(
    pixels: np.ndarray,
    step: int,
    stride: int,
    entries: np.ndarray,
    n_known: int,
    max_features: int,
    min_samples_leaf: int,
    min_weight_leaf: float,
    scratch: Scratch,
) -> tuple[int, int, int, int]:
    """Draw features as scikit-learn draws them, and find the best cut.

    Parameters
    ----------
    pixels : ndarray, uint8
        Row r's value of feature f is `pixels[r * step + f * stride]`.
    step, stride : int
        See there.
    entries : ndarray of shape (n,), uint64
        The node's samples.
    n_known : int
        The first so many features are known to be constant here; those found are added.
    max_features, min_samples_leaf, min_weight_leaf
        As in scikit-learn's splitter.
    scratch : Scratch
        With the node's totals.

    Returns
    -------
    (int, int, int, int)
        Feature, the pixel values below and above the cut (-1 if there is none), and the number of features that
        are known to be constant now.
    """
    totals, left, features, constants = scratch.totals, scratch.left, scratch.features, scratch.constants
    histogram, seen, values = scratch.histogram, scratch.seen, scratch.values
    remaining = features.size
    n_constant = n_known
    visited = 0
    drawn = 0
    best_proxy = -np.inf
    best_feature = -1
    best_below = -1
    best_above = -1
    while remaining > n_constant and (visited < max_features or visited <= n_constant - n_known + drawn):
        visited += 1
        j = draw(scratch.state, drawn, remaining - n_constant + n_known)
        if j < n_known:
            features[drawn], features[j] = features[j], features[drawn]
            drawn += 1
            continue
        j += n_constant - n_known
        feature = features[j]
        offset = feature * stride
        if is_constant(pixels, step, offset, entries):
            features[j], features[n_constant] = features[n_constant], features[j]
            n_constant += 1
            continue
        remaining -= 1
        features[remaining], features[j] = features[j], features[remaining]
        fill_histogram(pixels, step, offset, entries, totals.size, histogram, seen)
        n_values = list_seen(seen, scratch.seen_words, values)
        first, end = admissible_cuts(
            pixels, step, offset, entries, values, n_values, min_samples_leaf, scratch.sizes
        )
        best_proxy, k = best_cut(
            histogram, values, n_values, first, end, totals, left, min_weight_leaf, best_proxy
        )
        if k >= 0:
            best_feature, best_below, best_above = feature, values[k], values[k + 1]
    for i in range(n_known):
        features[i] = constants[i]
    for i in range(n_known, n_constant):
        constants[i] = features[i]
    return best_feature, best_below, best_above, n_constant
