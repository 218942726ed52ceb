"""Curves from how far answers were ahead to the chance that they are right, each kind fitted in its own way."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.isotonic import isotonic_regression

__all__ = ["KINDS", "Grouped"]

_GROUPS = 512
_KNOTS = 129

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Grouped:
    """Answers in the order of their leads, in groups of about as many: mean lead, number right, number of all."""

    leads: Floats
    right: Floats
    counts: Floats

    @classmethod
    def of(cls, right: NDArray[np.bool_], leads: Floats) -> Self:
        """Group answers by whether they were right and how far ahead."""
        order = np.argsort(leads, kind="stable")
        ahead, truth = leads[order], right[order].astype(np.float64)
        cuts = np.linspace(0, len(ahead), min(_GROUPS, len(ahead)) + 1).astype(np.intp)[:-1]
        starts = np.unique(np.searchsorted(ahead, ahead[cuts], side="left"))  # equal leads stay together
        counts = np.diff(np.append(starts, len(ahead))).astype(np.float64)
        sums = np.add.reduceat(ahead, starts)
        return cls(sums / counts, np.add.reduceat(truth, starts), counts)

    @property
    def scale(self) -> float:
        """A lead that is neither small nor large here."""
        spread = float(np.average(np.abs(self.leads), weights=self.counts))
        return spread if spread > 0 else 1.0

    def grid(self) -> Floats:
        """Some of the leads, all where they are few."""
        places = np.linspace(0, len(self.leads) - 1, min(_KNOTS, len(self.leads))).round().astype(np.intp)
        return self.leads[np.unique(places)]


def _venn_abers(grouped: Grouped) -> tuple[Floats, Floats]:
    """At every knot, isotonic regression with one more right answer there, and with one more wrong one."""
    knots = grouped.grid()
    below = _pools(grouped.right, grouped.counts)
    above = _pools((grouped.counts - grouped.right)[::-1], grouped.counts[::-1])

    def with_one_more(place: int, one: float) -> float:
        """What isotonic regression gives there: the place and all pools beside it that are out of order."""
        right, count = grouped.right[place] + one, grouped.counts[place] + 1
        n_below, n_above = place, len(grouped.counts) - 1 - place
        while True:
            if n_below and below[n_below - 1][1] * count >= right * below[n_below - 1][2]:
                n_below, more, many = below[n_below - 1]
            elif n_above and above[n_above - 1][1] * count >= (count - right) * above[n_above - 1][2]:
                n_above, wrong, many = above[n_above - 1]
                more = many - wrong
            else:
                return float(right / count)
            right, count = right + more, count + many

    places = np.searchsorted(grouped.leads, knots)
    low, high = np.array([[with_one_more(place, one) for place in places.tolist()] for one in (0.0, 1.0)])
    return knots, np.maximum.accumulate(high / (1 - low + high))


def _pools(right: Floats, counts: Floats) -> list[tuple[int, float, float]]:
    """The last pool of isotonic regression on the first one, two, three... groups: start, right ones, all."""
    pools: list[tuple[int, float, float]] = []
    for start, (sure, count) in enumerate(zip(right.tolist(), counts.tolist(), strict=True)):
        first = start
        while first and pools[first - 1][1] * count >= sure * pools[first - 1][2]:
            first, more, many = pools[first - 1]
            sure, count = sure + more, count + many
        pools.append((first, sure, count))
    return pools


def _rising(right: Floats, counts: Floats) -> Floats:
    return np.asarray(isotonic_regression(right / counts, sample_weight=counts, y_min=0, y_max=1))


def _isotonic(grouped: Grouped) -> tuple[Floats, Floats]:
    """The centre of every level part of the isotonic curve."""
    curve = _rising(grouped.right, grouped.counts)
    starts = np.append(0, np.flatnonzero(np.diff(curve) > 0) + 1)
    counts = np.add.reduceat(grouped.counts, starts)
    return np.add.reduceat(grouped.leads * grouped.counts, starts) / counts, curve[starts]


def _temperature(grouped: Grouped) -> tuple[Floats, Floats]:
    """``1 / (1 + exp(-lead / T))``."""
    return _logistic(grouped, lambda unit: unit[None])


def _beta(grouped: Grouped) -> tuple[Floats, Floats]:
    """Log odds ``a log p - b log(1 - p) + c`` of the lead through a logistic curve, p; a and b at least 0."""
    return _logistic(
        grouped, lambda unit: np.array([-np.logaddexp(0, -unit), np.logaddexp(0, unit)]), shifted=True
    )


def _logistic(grouped: Grouped, terms: Callable[[Floats], Floats], shifted: bool = False) -> tuple[Floats, Floats]:
    """The likeliest log odds that are a sum of terms of the lead, each times a positive number, and of a shift."""
    there, total = terms(grouped.leads / grouped.scale), grouped.counts.sum()

    def odds(w: Floats, there: Floats) -> Floats:
        return np.asarray(np.exp(w[: len(there)]) @ there + (w[-1] if shifted else 0))

    def loss(w: Floats) -> tuple[float, Floats]:
        """The mean log loss and its gradient."""
        said = odds(w, there)
        lost = grouped.right @ np.logaddexp(0, -said) + (grouped.counts - grouped.right) @ np.logaddexp(0, said)
        slopes = grouped.counts * expit(said) - grouped.right
        gradient = np.exp(w[: len(there)]) * (there @ slopes)
        return lost / total, (np.append(gradient, slopes.sum()) if shifted else gradient) / total

    n = len(there) + shifted
    found: Any = minimize(loss, np.zeros(n), jac=True, method="L-BFGS-B", bounds=[(-20.0, 20.0)] * n)
    knots = np.unique(np.concatenate([grouped.grid(), np.linspace(grouped.leads[0], grouped.leads[-1], _KNOTS)]))
    return knots, np.asarray(expit(odds(found.x, terms(knots / grouped.scale))))


KINDS: dict[str, Callable[[Grouped], tuple[Floats, Floats]]] = {
    "venn-abers": _venn_abers,
    "beta": _beta,
    "temperature": _temperature,
    "isotonic": _isotonic,
}
"""What each kind of curve is made by, from answers in the order of their leads: knots and chances."""
