"""How likely an answer is right: a monotone curve from how far it is ahead, fitted on held-out answers.

Votes are no chances, and neither is the softmax of a score: five neighbours of five may be right in 99.3 of 100
cases. So every model's leads go through one curve, chosen among four kinds by how well each foretells answers that
it was not fitted on. The answer to which an image leads gets that chance; what is left goes to the other classes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from misread.errors import ParameterError
from misread.evaluation.curves import KINDS, Grouped
from misread.evaluation.intervals import clopper_pearson
from misread.evaluation.reliability import tempered
from misread.evaluation.scores import HALF, as_truth, logits

__all__ = [
    "LEAST",
    "USUAL_CEILING",
    "Calibration",
    "cross_calibrated",
    "curve_losses",
    "fit_calibration",
    "in_percent",
    "uncalibrated",
    "uncalibrated_logits",
]

LEAST = 40
"""Held-out answers without which nothing is said of chances."""
_APART = 1e-12
"""Of a usual lead: knots that are closer count as one; between denormal numbers a slope overflows."""
_FOLDS = 5
_RUNGS = (0.9, 0.99, 0.999, 0.9999)
USUAL_CEILING = 0.999
"""That of chances in files which do not say how many answers they rest on."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Calibration:
    """The chance that an answer is right, by its lead.

    Attributes
    ----------
    kind : {'venn-abers', 'beta', 'temperature', 'isotonic'}
        What the curve is; the one with the least held-out log loss.
    leads, chances : ndarray of float64, shape (n_knots,)
        The knots of the curve, rising; straight lines between them, level outside.
    temperature : float
        What scores are divided by before what is left is shared among the other classes.
    n : int
        How many held-out answers it is fitted on.
    ceiling : float
        From which chance on no more is said than 'over' it, for want of held-out answers: 0.9, 0.99 and so on.
    losses : dict of str to float
        The cross-validated log loss of every kind.
    """

    kind: str
    leads: Floats
    chances: Floats
    temperature: float
    n: int
    ceiling: float
    losses: dict[str, float]

    def chance(self, leads: ArrayLike) -> Floats:
        """Chances of answers that are ahead by `leads`, shape (n,)."""
        return np.interp(np.asarray(leads, np.float64), self.leads, self.chances)

    def table(self, logits: Floats, codes: NDArray[np.integer], leads: ArrayLike) -> Floats:
        """The chance of every class.

        Parameters
        ----------
        logits : ndarray of shape (n, n_classes)
            Scores whose softmax are probabilities of a kind, see `misread.evaluation.scores.logits`.
        codes : ndarray of int, shape (n,)
            The columns that were answered.
        leads : array-like of shape (n,)

        Returns
        -------
        ndarray of shape (n, n_classes)
            Rows add up to 1; no class is likelier than the one answered.

        Examples
        --------
        >>> curve = Calibration("beta", np.array([0.0, 2.0]), np.array([0.5, 0.75]), 1.0, 99, 0.9, {})
        >>> curve.table(np.array([[2.0, 0.0, 0.0]]), np.array([0]), [2.0]).tolist()
        [[0.75, 0.125, 0.125]]
        """
        n_classes = logits.shape[1]
        rows = np.arange(len(logits))
        chance = np.maximum(self.chance(leads), 1 / n_classes)
        others = np.array(logits, np.float64)
        others[rows, codes] = -np.inf
        shares = tempered(others, self.temperature)
        even, most = 1 / (n_classes - 1), shares.max(axis=1)
        # As much of an even share is mixed in as it takes for none of the others to be likelier than the answer.
        excess = np.maximum(most - chance / (1 - chance), 0) / np.maximum(most - even, 1e-12)
        mixed = np.minimum(excess, 1)[:, None]
        table = (shares * (1 - mixed) + even * mixed) * (1 - chance)[:, None]
        table[rows, codes] = chance
        return np.asarray(table)


def in_percent(chance: float, ceiling: float = USUAL_CEILING) -> str:
    """A chance in words: never 100%, and no more digits than the held-out answers can support.

    Examples
    --------
    >>> [in_percent(chance) for chance in (0.004, 0.714, 0.9912, 0.99993)]
    ['under 1%', '71%', '99.1%', 'over 99.9%']
    >>> in_percent(0.97, ceiling=0.9)
    'over 90%'
    """
    if chance >= ceiling:
        return f"over {100 * ceiling:.6g}%"
    if chance < 0.01:
        return "under 1%"
    decimals = next(digits for digits, rung in enumerate((0.99, *_RUNGS[2:], 1.0)) if chance < rung)
    return f"{100 * chance:.{decimals}f}%"


def fit_calibration(
    right: ArrayLike, leads: ArrayLike, temperature: float = 1.0, groups: NDArray[np.str_] | None = None
) -> Calibration | None:
    """Choose the curve that foretells held-out answers best.

    Parameters
    ----------
    right : array-like of bool, shape (n,)
        Whether each held-out answer was right.
    leads : array-like of float, shape (n,)
        How far it was ahead.
    temperature : float
        For `Calibration.temperature`.
    groups : ndarray of str, shape (n,), optional
        The kind of curve is then chosen by how well it foretells answers to images of other groups.

    Returns
    -------
    Calibration or None
        None where there are fewer than `LEAST` answers.

    Notes
    -----
    V. Vovk, I. Petej and V. Fedorova, Large-scale probabilistic predictors with and without guarantees of
    validity, NIPS 2015 (Venn-Abers); M. Kull, T. Silva Filho and P. Flach, Beta calibration, AISTATS 2017;
    temperature on the lead is that of C. Guo and others, ICML 2017, for the two best classes; isotonic regression
    is centred (A. Oron and N. Flournoy 2017), so that it rises. No curve is above what its answers can support:
    (r + 1) / (m + 2), if r of the m best are right.
    """
    truth, ahead = as_truth(right), np.asarray(leads, np.float64)
    if truth.shape != ahead.shape or truth.ndim != 1 or not np.isfinite(ahead).all():
        raise ParameterError(f"{truth.shape} answers need as many finite leads, got {ahead.shape}")
    if len(truth) < LEAST:
        return None
    losses = curve_losses(truth, ahead, groups)
    return _fitted(min(losses, key=lambda name: losses[name]), truth, ahead, temperature, losses)


def cross_calibrated(
    calibration: Calibration,
    right: NDArray[np.bool_],
    leads: Floats,
    logits: Floats,
    codes: NDArray[np.integer],
    groups: NDArray[np.str_] | None = None,
) -> Floats:
    """What curves of the same kind say of these answers, each held out in one of five parts; groups whole.

    Parameters
    ----------
    calibration : Calibration
        Fitted on `right` and `leads`.
    right, leads, logits, codes, groups : ndarray
        As for `fit_calibration` and `Calibration.table`.

    Returns
    -------
    ndarray of shape (n, n_classes)
    """
    table = np.empty(logits.shape)
    for held in _parts(len(right), groups):
        curve = _fitted(calibration.kind, right[~held], leads[~held], calibration.temperature, {})
        table[held] = curve.table(logits[held], codes[held], leads[held])
    return table


def uncalibrated(scores: Floats, are_shares: bool) -> Floats:
    """What scores would be as chances if they were taken for them: votes as they are, others by their softmax.

    Parameters
    ----------
    scores : ndarray of shape (n, n_classes)
    are_shares : bool
        Whether they are votes, or other shares of 1.
    """
    return tempered(uncalibrated_logits(scores, are_shares))


def uncalibrated_logits(scores: Floats, are_shares: bool) -> Floats:
    """Scores whose softmax `uncalibrated` is; of two classes, half of how far the second is ahead, either way."""
    if are_shares:
        return logits(scores, HALF)
    return scores / 2 if scores.shape[1] == 2 else scores


def _parts(n: int, groups: NDArray[np.str_] | None) -> Iterator[NDArray[np.bool_]]:
    """Every answer in one of five parts, drawn by chance; groups whole, where there are as many as parts."""
    n_groups, of = n, np.arange(n)
    if groups is not None and len(np.unique(groups)) >= _FOLDS:
        names, of = np.unique(groups, return_inverse=True)
        n_groups = len(names)
    parts = (np.random.default_rng(0).permutation(n_groups) % _FOLDS)[of]
    yield from (parts == part for part in range(_FOLDS))


def _fitted(
    kind: str, truth: NDArray[np.bool_], ahead: Floats, temperature: float, losses: dict[str, float]
) -> Calibration:
    grouped = Grouped.of(truth, ahead)
    knots, chances = _knots(kind, grouped)
    return Calibration(
        kind,
        knots,
        _supported(grouped, np.maximum.accumulate(chances)),
        float(temperature),
        len(truth),
        _ceiling(grouped),
        losses,
    )


def _knots(kind: str, grouped: "Grouped") -> tuple[Floats, Floats]:
    """A curve's knots, so far apart that it has a slope between any two, and its chances there."""
    knots, chances = KINDS[kind](grouped)
    kept = np.append(True, np.diff(knots) > _APART * grouped.scale)
    return knots[kept], chances[kept]


def curve_losses(
    right: NDArray[np.bool_], leads: Floats, groups: NDArray[np.str_] | None = None
) -> dict[str, float]:
    """The log loss of every kind of curve on answers that it was not fitted on."""
    losses = dict.fromkeys(KINDS, 0.0)
    for held in _parts(len(right), groups):
        grouped = Grouped.of(right[~held], leads[~held])
        for name in KINDS:
            knots, chances = _knots(name, grouped)
            said = np.interp(leads[held], knots, _supported(grouped, chances))
            losses[name] -= float(np.log(np.where(right[held], said, 1 - said)).sum()) / len(right)
    return losses


def _above(grouped: Grouped) -> tuple[Floats, Floats]:
    """Right answers and all answers from every group on."""
    return np.cumsum(grouped.right[::-1])[::-1], np.cumsum(grouped.counts[::-1])[::-1]


def _supported(grouped: Grouped, chances: Floats) -> Floats:
    right, counts = _above(grouped)
    most = float(((right + 1) / (counts + 2)).max())
    return np.clip(chances, 1 / (grouped.counts.sum() + 2), most)


def _ceiling(grouped: Grouped) -> float:
    """The last of 90%, 99%, 99.9% and so on that answers from some lead on reach, 19 times in 20."""
    right, counts = _above(grouped)
    low, _ = clopper_pearson(right.astype(np.int64), counts.astype(np.int64), confidence=0.9)
    best = float(np.max(low))
    return max((rung for rung in _RUNGS if rung <= best), default=_RUNGS[0])
