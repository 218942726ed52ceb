"""Stochastic gradient descent for the hinge loss, with scikit-learn's floating-point results to the last bit.

scikit-learn visits the samples in a fixed pseudo-random order and, at each, forms the score as a sequential
sum of ``float64`` products. Only a sample whose margin is violated (score times label at most 1, or 0 for the
perceptron) changes the weights or adds to the loss, and few are. Three bounds, the cheapest first, tell most of
the others apart without that sum:

1. Memory: the score of every sample at some earlier time, and how far the weights have moved since:
   ``|<w, x> - <w_then, x>| <= |w - w_then| |x|`` (Cauchy-Schwarz).
2. The screen: an exact integer product of 8-bit codes and 16-bit weights (see `screen`).
3. The same ``float64`` products added in any order, off from the sequential sum by at most ``2 m 2**-53`` (and a
   little) times the sum of their magnitudes, which is at most ``|w| |x|``.

A sample that all three leave open gets the sequential sum itself. An update is scikit-learn's own arithmetic,
operation for operation. The losses enter nothing but the stopping rule; they are summed with a bound of their
error, and should an epoch's comparison ever fall within it, the fit starts again with every loss exact.
"""

from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from misread.kernels.codes import HALF_ULP, TINY, Floats, Screen, aligned
from misread.kernels.jit import inner, part
from misread.kernels.packed import Packed, Weights, n_grouped, packed_dot, prefetch_packed, prefetch_start
from misread.kernels.prefetch import prefetch_row
from misread.kernels.rows import Rows, read_row, sequential_sum
from misread.kernels.screen import (
    HALF_UNIT,
    bound_weights,
    distance,
    move_weights,
    sum_products,
)

__all__ = ["Rule", "fit_hinge", "shuffle_order"]

SMALLEST_SCALE = 1e-9  # scikit-learn folds the weights' common factor into them below this
AHEAD = 12  # rows between asking for one and using it
ROUNDING = 1e-12  # relative; thousands of times the rounding of the few operations after a sum
SCORE, MASS, SIGNED_NORM, WEIGHT = 0, 1, 2, 3  # columns of `facts`; the norm has the sign of the label
FINISHED, NOT_FINITE, UNDECIDED = 0, 1, 2
STATE = np.dtype(
    [
        (name, np.float64)
        for name in (
            *("intercept", "common", "t", "sq_norm"),  # the weights are common * coef
            *("total", "doubt"),  # of the epoch's loss
            *("squares", "unit", "base", "spill"),  # of the weights; see screen.bound_weights
            *("remembering", "old_unit", "old_spill", "moved", "visits", "misses"),
        )
    ]
)


class Rule(NamedTuple):
    """What to minimise, and when to stop."""

    alpha: float
    first_step: float  # t0 of the 'optimal' learning rate 1 / (alpha (t0 + t - 1))
    margin: float  # 1 for the hinge loss, 0 for the perceptron's
    l2: bool
    fit_intercept: bool
    intercept_decay: float
    tol: float  # minus infinity: do not stop early
    n_iter_no_change: int
    max_iter: int
    objective: bool  # stop by the loss and penalty, not by the loss alone


class Work(NamedTuple):
    """Arrays that one fit writes to."""

    facts: Floats  # (n, 4), half a cache line each
    order: NDArray[np.int32]  # (n,)
    spare: NDArray[np.int32]  # (n,)
    row: Floats  # (m,) the sample in hand, and room for a whole group
    reference: Floats  # (m,) the weights whose scores are remembered
    per_unit: Floats  # (m,)
    q: Weights  # (m,) and zeros

    @classmethod
    def of(cls, screen: Screen, label: Floats, weight: Floats) -> Self:
        """For a fit of samples with these labels and weights."""
        n, m = len(label), len(screen.offset)
        facts = aligned((n, 4), np.float64)
        facts[:, SCORE], facts[:, MASS], facts[:, WEIGHT] = 0.0, screen.mass, weight
        facts[:, SIGNED_NORM] = np.copysign(screen.norm, label)
        return cls(
            facts=facts,
            order=np.arange(n, dtype=np.int32),
            spare=np.empty(n, np.int32),
            row=np.empty(n_grouped(m)),
            reference=np.empty(m),
            per_unit=np.zeros(m),
            q=np.zeros(n_grouped(m), np.int16),
        )


def shuffle_order(n_samples: int, seed: int) -> NDArray[np.int32]:
    """The permutation that scikit-learn's shuffle applies, with `seed`, before each epoch.

    A Fisher-Yates shuffle driven by Marsaglia's 32-bit xorshift. The seed is the same every epoch, so the
    order of epoch e + 1 is ``order[shuffle]`` of the order of epoch e.
    """
    order = np.arange(n_samples, dtype=np.int32)
    _shuffle(order, seed)
    return order


@inner()
def _shuffle(order: NDArray[np.int32], seed: int) -> None:
    state = np.uint32(seed)
    if state == 0:
        state = np.uint32(1)
    for i in range(order.size - 1):
        state ^= np.uint32(state << np.uint32(13))
        state ^= np.uint32(state >> np.uint32(17))
        state ^= np.uint32(state << np.uint32(5))
        j = i + np.int64(state & np.uint32(0x7FFFFFFF)) % (order.size - i)
        order[i], order[j] = order[j], order[i]


@inner()
def _is_beyond(score: float, error: float, label: float, common: float, intercept: float, margin: float) -> bool:
    """Whether a score known to `error` surely leaves the margin unviolated."""
    score, error = common * score, common * error
    rounding = ROUNDING * (abs(score) + abs(intercept) + 1.0)
    return (score + intercept) * label - error - rounding > margin


@inner()
def _is_beyond_from_memory(
    facts: Floats, i: int, common: float, intercept: float, state: Any, margin: float
) -> bool:
    if state.remembering == 0.0:
        return False
    norm = abs(facts[i, SIGNED_NORM])
    error = HALF_UNIT * state.old_unit * facts[i, MASS] + state.old_spill
    label = np.copysign(1.0, facts[i, SIGNED_NORM])
    return _is_beyond(facts[i, SCORE], error + state.moved * norm, label, common, intercept, margin)


@part()
def _is_beyond_by_screen(
    packed: Packed, q: Weights, facts: Floats, i: int, common: float, intercept: float, state: Any, margin: float
) -> bool:
    score = state.base + state.unit * packed_dot(packed, i, q)
    error = HALF_UNIT * state.unit * facts[i, MASS] + state.spill
    label = np.copysign(1.0, facts[i, SIGNED_NORM])
    return _is_beyond(score, error, label, common, intercept, margin)


@part()
def _margin_at(
    rows: Rows,
    i: int,
    coef: Floats,
    work: Work,
    common: float,
    intercept: float,
    state: Any,
    margin: float,
    exact: bool,
) -> tuple[float, float]:
    """Label times score with a bound of its error (mostly zero or tiny), surely on its side of `margin`.

    The values of row `i` are left in ``work.row``.
    """
    facts, row = work.facts, work.row
    label = np.copysign(1.0, facts[i, SIGNED_NORM])
    total = read_row(rows, i, coef, row)
    if not exact:
        z = (total * common + intercept) * label
        magnitude = (np.sqrt(state.squares) + TINY) * abs(facts[i, SIGNED_NORM])
        error = common * (2 * coef.size + 16) * HALF_ULP * magnitude
        error += 8 * HALF_ULP * (abs(total * common) + abs(intercept)) + 1e-300
        if z - error > margin or z + error <= margin:
            return z, error
    return (sequential_sum(rows, coef, row) * common + intercept) * label, 0.0


@part()
def _manage_memory(packed: Packed, coef: Floats, work: Work, state: Any) -> None:
    """Note the present scores of all samples when the old ones have cost more dot products than that does.

    A sequential pass over the rows takes about two fifths of the time of visiting them in random order. If
    fewer samples than there are have been visited by then, memory does not pay yet, and is given up for a while.
    """
    n = len(work.facts)
    if 0.0 < state.visits < n:
        state.remembering, state.moved = 0.0, np.inf
        return
    for i in range(n):
        work.facts[i, SCORE] = state.base + state.unit * packed_dot(packed, i, work.q)
    for j in range(coef.size):
        work.reference[j] = coef[j]
    state.old_unit, state.old_spill = state.unit, state.spill
    state.moved = distance(coef, work.reference)
    state.visits = state.misses = 0.0


@part()
def _bound(coef: Floats, screen: Screen, work: Work, state: Any) -> None:
    state.unit, state.base, state.spill = bound_weights(
        coef, state.squares, screen, state.unit, work.per_unit, work.q
    )


@part()
def _run_epoch(
    rows: Rows, rule: Rule, order: NDArray[np.int32], coef: Floats, work: Work, state: Any, exact: bool
) -> None:
    """Visit every sample once."""
    packed, facts, margin, last = rows.screen.packed, work.facts, rule.margin, order.size - 1
    intercept, common, t, sq_norm = state.intercept, state.common, state.t, state.sq_norm
    total, doubt = 0.0, 0.0
    for k in range(order.size):
        far_ahead = int(order[min(k + 2 * AHEAD, last)])
        prefetch_row(facts, far_ahead)
        prefetch_start(packed, far_ahead)
        ahead = int(order[min(k + AHEAD, last)])
        if not _is_beyond_from_memory(facts, ahead, common, intercept, state, margin):
            prefetch_packed(packed, ahead)

        i = int(order[k])
        label = np.copysign(1.0, facts[i, SIGNED_NORM])
        z, error = np.inf, 0.0
        if not _is_beyond_from_memory(facts, i, common, intercept, state, margin):
            state.misses += 1.0
            if not _is_beyond_by_screen(packed, work.q, facts, i, common, intercept, state, margin):
                z, error = _margin_at(rows, i, coef, work, common, intercept, state, margin, exact)
            elif state.remembering != 0.0 and 5.0 * state.misses > 2.0 * order.size:
                state.visits += k
                _manage_memory(packed, coef, work, state)
                state.visits -= k

        eta = 1.0 / (rule.alpha * (rule.first_step + t - 1.0))
        t += 1.0
        violated = z <= margin
        if violated:
            total += margin - z
            doubt += error
        if rule.l2:
            if rule.objective:
                norm = np.sqrt(sq_norm)
                total += rule.alpha * (0.5 * (norm * norm))
            factor = 1.0 - eta * rule.alpha
            if not factor > 0.0:
                factor = 0.0
            common *= factor
            sq_norm *= factor * factor
            if common < SMALLEST_SCALE:
                for j in range(coef.size):
                    coef[j] *= common
                    work.q[j] = 0  # to be rounded anew
                common, state.remembering, state.moved = 1.0, 0.0, np.inf
                state.squares = sum_products(coef, coef)
                _bound(coef, rows.screen, work, state)
        update = eta * label * facts[i, WEIGHT] if violated else 0.0
        if update != 0.0:
            state.squares = move_weights(coef, work.row, update / common, work.per_unit, work.q)
            _bound(coef, rows.screen, work, state)
            if rule.objective:
                squares = sequential_sum(rows, coef, coef) if exact else state.squares
                sq_norm = squares * (common * common)
            if rule.fit_intercept:
                intercept += update * rule.intercept_decay
            state.misses -= 1.0
            if state.moved < np.inf:  # infinite until there are scores to remember
                state.moved = distance(coef, work.reference)
    state.visits += order.size
    state.intercept, state.common, state.t, state.sq_norm = intercept, common, t, sq_norm
    state.total, state.doubt = total, doubt


@part()
def _compare(total: float, doubt: float, best: float, best_doubt: float, allowance: float) -> int:
    """Whether ``total > best - allowance``: 1 or 0, or -1 if the doubts leave it open."""
    if doubt == 0.0 and best_doubt == 0.0:
        return 1 if total > best - allowance else 0
    if best == np.inf and np.isfinite(total + doubt):
        return 0
    gap = total - (best - allowance)
    reach = doubt + best_doubt + 8 * HALF_ULP * (abs(total) + abs(best) + allowance)
    if gap > reach:
        return 1
    return 0 if gap < -reach else -1


@inner()
def _is_finite(coef: Floats) -> bool:
    zero = 0.0
    for j in range(coef.size):
        zero += 0.0 * coef[j]
    return zero == 0.0


@inner()
def _descend(
    rows: Rows,
    rule: Rule,
    shuffle: NDArray[np.int32],
    coef: Floats,
    work: Work,
    state: Any,
    exact: bool,
) -> tuple[int, int]:
    """Run epochs until the rule says stop; return their number and how they ended."""
    n_samples, n_features, order, spare = shuffle.size, coef.size, work.order, work.spare
    state.squares = sum_products(coef, coef)
    _bound(coef, rows.screen, work, state)
    best, best_doubt, stalled, wait, next_try = np.inf, 0.0, 0, 1, 2
    for epoch in range(rule.max_iter):
        for k in range(n_samples):
            spare[k] = order[shuffle[k]]
        order, spare = spare, order
        if state.remembering == 0.0 and epoch >= next_try:
            state.remembering, state.moved, state.visits, state.misses = 1.0, np.inf, -np.inf, np.inf
            wait *= 2
            next_try = epoch + wait
        _run_epoch(rows, rule, order, coef, work, state, exact)
        if not (np.isfinite(state.intercept) and _is_finite(coef)):
            return epoch + 1, NOT_FINITE
        if rule.tol == -np.inf:
            continue
        total, doubt, allowance = state.total, state.doubt, rule.tol * n_samples
        if rule.objective and rule.l2 and not exact:
            doubt += total * (2 * n_features + 16 + 6 * state.t) * HALF_ULP  # of the norms
        if doubt > 0.0:
            doubt += 4 * (n_samples + 8) * HALF_ULP * total  # of summing
        if rule.objective:
            total, doubt, allowance = total / n_samples, doubt / n_samples, rule.tol
        stalls = _compare(total, doubt, best, best_doubt, allowance)
        if stalls < 0:
            return epoch + 1, UNDECIDED
        stalled = stalled + 1 if stalls else 0
        best, best_doubt = min(best, total), max(best_doubt, doubt)
        if stalled >= rule.n_iter_no_change:
            return epoch + 1, FINISHED
    return rule.max_iter, FINISHED


def fit_hinge(
    rows: Rows,
    rule: Rule,
    label: Floats,
    weight: Floats,
    shuffle: NDArray[np.int32],
    coef: Floats,
    intercept: float,
) -> tuple[float, int, bool]:
    """Fit one class against the rest.

    Parameters
    ----------
    rows, rule
        Samples of shape (n, m), and what to do with them.
    label : ndarray of shape (n,)
        1 for the class, -1 for the rest.
    weight : ndarray of shape (n,)
        Weight of each sample, its class's included.
    shuffle : ndarray of shape (n,)
        See :func:`shuffle_order`.
    coef : ndarray of shape (m,)
        Weights to start from; holds the fitted ones afterwards.
    intercept : float
        Intercept to start from.

    Returns
    -------
    intercept : float
    epochs : int
    finite : bool
        False if the weights overflowed.
    """
    start = coef.copy()
    for exact in (False, True):
        coef[:] = start
        state = np.zeros(1, STATE)
        state["common"] = state["t"] = state["unit"] = 1.0
        state["moved"] = np.inf
        state["intercept"], state["sq_norm"] = intercept, coef @ coef
        work = Work.of(rows.screen, label, weight)
        epochs, outcome = _descend(rows, rule, shuffle, coef, work, state[0], exact)
        if outcome != UNDECIDED:
            break
    coef *= state["common"]
    return float(state["intercept"][0]), epochs, outcome == FINISHED
