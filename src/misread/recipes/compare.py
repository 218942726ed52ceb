"""Two models, image by image: what the second fixed, what it broke, what both misread."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.bundle import OperatingPointRecord
from misread.errors import ParameterError
from misread.evaluation.answers import UNKNOWN, Answers
from misread.evaluation.comparison import PairedTest
from misread.evaluation.paired import Pair, matched
from misread.evaluation.reliability import expected_calibration_error
from misread.recipes.metrics import promise_kept, share
from misread.recipes.sources import Source
from misread.results.comparison import Changed, Comparison
from misread.results.provenance import made_by

__all__ = ["compare_sources", "paired"]


def compare_sources(
    first: Source, second: Source, *, by_name: bool = False, confidence: float = 0.95, command: str = ""
) -> Comparison:
    """Compare two models on the images that both answered.

    Parameters
    ----------
    first, second : Source
    by_name : bool
        Recognise images by their names though their content is known: for models that see them in different sizes.
    confidence : float in (0, 1), default 0.95
        Of the intervals, and of calling one better.
    command : str
        What to write down as the command.

    Returns
    -------
    Comparison

    Raises
    ------
    AnswersError
        If they share no image with a label.
    ParameterError
        If the confidence is out of range.
    """
    if not 0 < confidence < 1:
        raise ParameterError(f"confidence must lie between 0 and 1, such as 0.95, got {confidence}")
    pair = paired(first, second, by_name=by_name)
    test = pair.test(confidence)
    values = {
        "n": len(pair.first),
        "matched_by": pair.matched_by,
        "difference": _difference(test, confidence),
        "p_value": test.p_value,
        "fixed": len(pair.fixed),
        "broken": len(pair.broken),
        "both_wrong": len(pair.both_wrong),
        "models": [_model(first, pair.first, pair.rows[0]), _model(second, pair.second, pair.rows[1])],
        "classes": [
            {
                "name": one.name,
                "n": one.test.n,
                "fixed": one.fixed,
                "broken": one.broken,
                "both_wrong": one.both_wrong,
                "difference": _difference(one.test, confidence),
                "p_value": one.test.p_value,
            }
            for one in pair.by_class(confidence)
        ],
    }
    changed = {kind: _changed(pair, getattr(pair, kind), first, second) for kind in KINDS}
    remarks = tuple(dict.fromkeys((*first.remarks, *second.remarks, *pair.remarks)))
    manifest = {"command": command, "first": first.manifest, "second": second.manifest, **made_by()}
    return Comparison(values, pair.first.class_names, **changed, remarks=remarks, manifest=manifest)


KINDS = ("fixed", "broken", "both_wrong")


def paired(first: Source, second: Source, *, by_name: bool = False) -> Pair:
    """The two tables row by row; of a detector and a classifier, as two detectors of that class."""
    one, other = first.answers, second.answers
    for positive in {one.positive, other.positive} - {None}:
        assert positive is not None
        one, other = one.as_detector(positive), other.as_detector(positive)
    return matched(one, other, by_name=by_name)


def _difference(test: PairedTest, confidence: float) -> dict[str, float]:
    return {"value": test.difference, "low": test.low, "high": test.high, "confidence": confidence}


def _model(source: Source, answers: Answers, rows: NDArray[np.intp]) -> dict[str, Any]:
    """What one model is worth on the images that are compared, which are these rows of its own table."""
    right = int(np.count_nonzero(answers.right))
    own = _labelled_as(source.answers.take(rows), answers)
    table = None if source.probabilities is None else source.probabilities[rows]
    return {
        "title": source.title,
        "accuracy": share(right, len(answers)),
        "promise": _promise(own, source.promise),
        "calibration_error": _calibration(own, table),
        "microseconds": source.microseconds,
        "bytes": source.n_bytes,
    }


def _labelled_as(own: Answers, compared: Answers) -> Answers:
    """The rows of a table that have a label in the comparison, which may know it of the other table alone."""
    if own.positive == compared.positive:
        names = [
            own.class_names.index(name) if name in own.class_names else UNKNOWN for name in compared.class_names
        ]
        own = own.labelled(np.array(names)[compared.labels])
    return own


def _promise(own: Answers, promise: dict[str, Any] | None) -> dict[str, Any] | None:
    """What an operating point aimed at, and what it reaches on these images."""
    if promise is None or own.threshold is None or own.scores is None:
        return None
    point = OperatingPointRecord(own.threshold, promise["aim"], promise["target"], None, "")
    return promise_kept(own.take(own.is_labelled), point)


def _calibration(own: Answers, table: NDArray[np.float64] | None) -> float | None:
    """Expected calibration error of probabilities, where the model gives such."""
    if table is None and own.scale == "probabilities":
        table = own.scores
    known = own.is_labelled
    return (
        None if table is None or not known.any() else expected_calibration_error(table[known], own.labels[known])
    )


def _changed(pair: Pair, rows: NDArray[np.intp], first: Source, second: Source) -> Changed:
    return Changed(
        tuple(str(name) for name in pair.first.names[rows]),
        pair.labels[rows],
        pair.first.predictions[rows],
        pair.second.predictions[rows],
        _images(pair, rows, first, second),
    )


def _images(pair: Pair, rows: NDArray[np.intp], first: Source, second: Source) -> NDArray[np.uint8] | None:
    """Images of some rows, as one of the two sources has them; None where not all are at hand."""
    for source, table in ((second, pair.second), (first, pair.first)):
        if source.images is None:
            continue
        held = np.arange(len(source.answers)) if source.rows is None else source.rows
        place = {name: position for position, name in enumerate(source.answers.names[held].tolist())}
        wanted = [place.get(name) for name in table.names[rows].tolist()]
        if all(position is not None for position in wanted):
            return source.images[np.array(wanted, np.intp)]
    return None
