"""What the sections of a report draw from: results by name, or the reason why there are none."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.analysis.confusion import confusion_counts
from misread.analysis.findings import Finding, NotApplicable
from misread.analysis.pairs import most_confused
from misread.analysis.words import images_of, quoted, share
from misread.data.content import hash_in_digits
from misread.data.corrected import in_words
from misread.evaluation.intervals import clopper_pearson
from misread.evaluation.rejection import RejectionCurve, margins
from misread.evaluation.scores import class_table, leads
from misread.evaluation.thresholds import ThresholdCurve
from misread.results.names import DETECTORS, doubter_of, opened_in, title_of
from misread.results.study import StudyResult

__all__ = ["Absent", "Detector", "Evidence", "interval", "read_right"]


FEW = 100
"""Of fewer images a share in percent says more than is known."""
STEPS_OF_PRECISION = (0.9, 0.95, 0.98, 0.99, 0.995, 0.999)


class Absent(Exception):  # noqa: N818 - a section without data is no error
    """A section has nothing to show; the message says why."""


@dataclass(frozen=True, eq=False)
class Detector:
    """One model that scores 'is it the positive class?'."""

    key: str
    title: str
    default: float
    scores: NDArray[np.float64]
    test_scores: NDArray[np.float64] | None
    curve: ThresholdCurve
    test_curve: ThresholdCurve | None


class Evidence:
    """A result, asked for by what a section needs; each kind of result says its own story.

    Attributes
    ----------
    kind : {'study', 'evaluation'}
    key, title, where : str
        What the names of the results of the hero begin with, the one model whose errors are opened; what it is
        called, and on which images it made them.
    wanted_accuracy : float
        What the reject option starts with.
    """

    kind = "study"
    where = "out of fold"
    wanted_accuracy = 0.999
    labels_name = "labels.train"

    def __init__(self, result: StudyResult) -> None:
        self.result = result
        self.key = opened_in(result.values, result.arrays) or "sgd_scaled"
        self.title = title_of(self.key, result.values)
        self.names: list[str] = list(result.class_names)
        self.positive: str = result.manifest.get("positive", "")

    def array(self, name: str) -> NDArray[Any]:
        """A stored array, or Absent."""
        if name not in self.result.arrays:
            raise Absent(self._why(name))
        return self.result.arrays[name]

    def value(self, name: str) -> Any:
        """A stored value, or Absent."""
        if self.result.values.get(name) is None:
            raise Absent(self._why(name))
        return self.result.values[name]

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """Class codes of the images that are judged: in a study those of training, held out in turn."""
        return self.array(self.labels_name)

    @cached_property
    def test_labels(self) -> NDArray[np.int64] | None:
        """Class codes of the test images, or None when there are none."""
        labels = self.result.arrays.get("labels.test")
        return labels if labels is not None and len(labels) else None

    @cached_property
    def image_columns(self) -> dict[str, list[str]]:
        """Hash and name of the images that are judged, where they are stored."""
        arrays, of_test = self.result.arrays, self.labels_name == "labels.test"
        columns = {}
        for name in ("hash", "name"):
            plural = "hashes" if name == "hash" else "names"
            column = arrays.get(f"model.{plural}" if of_test else f"{plural}.train")
            if column is not None:
                columns[name] = list(map(hash_in_digits if name == "hash" else str, column.tolist()))
        return columns

    @cached_property
    def predictions(self) -> NDArray[np.int64]:
        """Of the model whose errors are opened; in a study out of fold."""
        return self.array(f"{self.key}.predictions")

    @property
    def scores(self) -> NDArray[np.float64]:
        """Those that the predictions come from."""
        return self.array(f"{self.key}.scores")

    @property
    def has_confusion(self) -> bool:
        """Whether predictions of classes are stored."""
        return f"{self.key}.predictions" in self.result.arrays

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """Rows true, columns predicted."""
        return confusion_counts(self.labels, self.predictions, len(self.names))

    @property
    def wanted_precision(self) -> float:
        """What the threshold explorer starts with: the next step above what the hero has by itself."""
        hero = self.detectors[0] if self.detectors else None
        own = hero.curve.at(hero.default).precision if hero else 0.0
        return next((step for step in STEPS_OF_PRECISION if step > own), STEPS_OF_PRECISION[-1])

    @cached_property
    def detectors(self) -> list[Detector]:
        """The models that can be asked for the positive class, the hero first, then those it is compared with."""
        if self.positive not in self.names:
            return []
        code = self.names.index(self.positive)
        arrays = self.result.arrays
        found = [
            self._detector(key, title, default, arrays[f"{key}.scores"], arrays.get(f"{key}.test_scores"), code)
            for key, title, default in DETECTORS
            if f"{key}.scores" in arrays
        ]
        scores = arrays.get(f"{self.key}.scores")
        if scores is not None:
            test = arrays.get(f"{self.key}.test_scores")
            score = _own if self.key.startswith("sgd") else _lead
            column = None if test is None else score(test, code)
            title = self.title + (", all classes" if self.title in [one.title for one in found] else "")
            found.insert(0, self._detector(self.key, title, 0.0, score(scores, code), column, code))
        return found

    @property
    def doubter(self) -> str:
        """The model that the doubted labels are contradicted by."""
        if self.kind != "study":
            return self.title
        return title_of(doubter_of("chosen.scores" in self.result.arrays), self.result.values)

    @property
    def positive_in_words(self) -> str:
        """What a positive image is: "5s", or "images of Shirt"."""
        return images_of(self.positive).removeprefix("the ")

    def rejection_curves(self) -> tuple[RejectionCurve, RejectionCurve | None]:
        """Out of fold, and on the test images where there are any."""
        curve = RejectionCurve.from_margins(self.labels == self.predictions, margins(self.scores))
        if self.test_labels is None or f"{self.key}.test_scores" not in self.result.arrays:
            return curve, None
        right = self.array(f"{self.key}.test_predictions") == self.test_labels
        return curve, RejectionCurve.from_margins(right, margins(self.array(f"{self.key}.test_scores")))

    def gallery_parts(self, index: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """What is known of stored images: the class read, its score, and its lead over the second class."""
        parts: dict[str, NDArray[Any]] = {"predicted": self.predictions[index]}
        if f"{self.key}.scores" not in self.result.arrays:
            return parts
        scores = self.scores
        chosen = scores[index]
        score = (chosen.max(axis=1) if chosen.ndim == 2 else np.abs(chosen)).astype(np.float32)
        return {**parts, "margin": margins(scores)[index].astype(np.float32), "score": score}

    def gallery_ranks(self, index: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
        """Place of the stored images among the thresholds of each detector."""
        return {one.key: np.searchsorted(one.curve.thresholds, one.scores[index]) for one in self.detectors}

    def cards(self) -> list[dict[str, Any]]:
        """The headline numbers."""
        raise NotImplementedError

    def verdict(self) -> dict[str, str]:
        """One sentence that says how good it is, and one that says what is misread."""
        raise NotImplementedError

    def most_often(self) -> str:
        """The commonest of its errors, to be added to their number; one error is no habit."""
        for pair in most_confused(self.confusion, 1):
            if pair.count > 1:
                true, read = images_of(self.names[pair.true]), quoted(self.names[pair.predicted])
                return f"; most often it takes {true} for {read}"
        return ""

    def findings(self) -> list[Finding | NotApplicable]:
        """Every check, applied."""
        raise NotImplementedError

    def absent_explorer(self) -> str:
        """Why there is no threshold to explore."""
        return "no detector scores are stored"

    def split(self) -> str:
        """Which images there were, in words."""
        dataset = self.result.manifest.get("dataset", {})
        counts = f"{dataset.get('n_train', 0):,} training and {dataset.get('n_test', 0):,} test images"
        return counts + self.corrections()

    def corrections(self) -> str:
        """What corrections of labels changed, to be added to what there was."""
        record = self.result.manifest.get("dataset", {}).get("corrections")
        return f"; corrected: {in_words(record)}" if record else ""

    def _detector(
        self,
        key: str,
        title: str,
        default: float,
        scores: NDArray[np.float64],
        test_scores: NDArray[np.float64] | None,
        code: int,
    ) -> Detector:
        test_curve = None
        if test_scores is not None and self.test_labels is not None:
            test_curve = ThresholdCurve.from_scores(self.test_labels == code, test_scores)
        curve = ThresholdCurve.from_scores(self.labels == code, scores)
        return Detector(key, title, default, scores, test_scores, curve, test_curve)

    def _why(self, name: str) -> str:
        step = name.split(".")[0]
        if step in self.result.skipped:
            return self.result.skipped[step]
        return f"the run folder holds no {name}"


def _own(scores: NDArray[np.float64], code: int) -> NDArray[np.float64]:
    """The score of a class against the rest, which says yes above 0."""
    return class_table(scores)[:, code]


def _lead(scores: NDArray[np.float64], code: int) -> NDArray[np.float64]:
    """How far a class is ahead of the best other one: above 0 where it is the answer, whatever the scores mean."""
    table = class_table(scores)
    return leads(table, np.full(len(table), code))


def interval(successes: int, trials: int) -> dict[str, float | int]:
    """A share with its exact 95% interval, as plain data."""
    low, high = clopper_pearson(successes, trials)
    share = successes / trials if trials else 0.0
    return {"value": share, "low": float(low), "high": float(high), "k": int(successes), "n": int(trials)}


def read_right(right: int, n: int) -> str:
    """How many of the images are read right, as a headline: of few images no more is said than their count."""
    if n < FEW:
        return f"{right:,} of {n:,} read right"
    wrong = 1 - right / n
    return f"{share(right / n)} read right" + (f": {_one_in(wrong)} misread" if wrong > 0 else "")


def _one_in(wrong: float) -> str:
    """A share of the images, as people say it."""
    return f"one image in {round(1 / wrong):,} is" if wrong < 0.4 else f"{share(wrong, 0)} of the images are"
