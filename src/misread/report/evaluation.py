"""What a report draws from when one model was evaluated: the names that `misread.recipes.evaluate` gives."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.analysis.error_findings import error_findings
from misread.analysis.findings import (
    Finding,
    NotApplicable,
    hidden_by_imbalance,
    missed_positives,
    promise_on_test,
)
from misread.analysis.words import quoted, share
from misread.evaluation.rejection import RejectionCurve
from misread.evaluation.scores import certainties, leads
from misread.evaluation.thresholds import ThresholdCurve
from misread.report.evidence import Absent, Detector, Evidence, read_right
from misread.results.study import StudyResult

__all__ = ["EvaluationEvidence"]

NO_SCORES = "only the answers are known, not their scores"

HEADLINES = {
    "classification": (("accuracy", "Read right"),),
    "detector": (("precision", "Precision"), ("recall", "Recall"), ("accuracy", "Accuracy")),
    "multilabel": (("all_right", "All labels right"),),
    "denoising": (),
}


class EvaluationEvidence(Evidence):
    """The evaluation of one model on test images, asked for by what a section needs.

    Read are `labels.test`, `model.scores`, `model.predictions`, the out-of-fold evidence that the model file
    carries (`model.held_out.truth`, `model.held_out.scores`), and `gallery.*` with test images.
    """

    kind = "evaluation"
    labels_name = "labels.test"

    def __init__(self, result: StudyResult) -> None:
        super().__init__(result)
        self.model: dict[str, Any] = result.manifest["model"]
        self.key, self.title = "model", str(self.model["model"])
        self.images = "images" if "judged" in result.manifest else "test images"
        self.where = f"on the {self.images}"
        self.wanted_accuracy = self.promised or self.wanted_accuracy

    @property
    def promised(self) -> float | None:
        """The precision that the model's operating point was chosen for."""
        point = self.model.get("operating_point")
        return float(point["target"]) if point and point["aim"] == "precision" else None

    @property
    def wanted_precision(self) -> float:
        """What was promised, or else the next step above what the model has by itself."""
        return self.promised or super().wanted_precision

    @property
    def has_confusion(self) -> bool:
        """Whether the model tells classes apart."""
        return self.model["task"] == "classification" and super().has_confusion

    @cached_property
    def predictions(self) -> NDArray[np.int64]:
        """Classes that the model gives to the test images."""
        if self.model["task"] != "classification":
            raise Absent("this model does not tell classes apart")
        return super().predictions

    @cached_property
    def detectors(self) -> list[Detector]:
        """The model, if it detects: thresholds are chosen on its out-of-fold scores, tried on the test images."""
        arrays = self.result.arrays
        if self.model["task"] != "detector" or "model.scores" not in arrays:
            return []
        truth, test_scores = self.labels == self.names.index(self.positive), arrays["model.scores"][:, 0]
        if "model.held_out.scores" not in arrays and "judged" not in self.result.manifest:
            return []
        scores = arrays.get("model.held_out.scores", test_scores)
        curve = ThresholdCurve.from_scores(arrays.get("model.held_out.truth", truth), scores)
        return [
            Detector(
                "model",
                self.title,
                float(self.result.manifest["threshold"]),
                scores,
                test_scores,
                curve,
                ThresholdCurve.from_scores(truth, test_scores),
            )
        ]

    def rejection_curves(self) -> tuple[RejectionCurve, RejectionCurve | None]:
        """Of the out-of-fold margins that a model file carries, and of the images that are judged."""
        right, refused = self.labels == self.predictions, self.result.arrays.get("model.refused", False)
        judged = RejectionCurve.from_margins(right, certainties(leads(self.scores, self.predictions), refused))
        if "judged" in self.result.manifest:
            return judged, None
        held_out = RejectionCurve.from_margins(
            self.array("model.held_out.truth"), self.array("model.held_out.scores")
        )
        return held_out, judged

    def gallery_parts(self, index: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Of a detector, the exact scores of the stored images; of a classifier, as in a study."""
        if self.model["task"] == "classification":
            return super().gallery_parts(index)
        return {"score": self.scores[index, 0]}

    def gallery_ranks(self, index: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
        """None: a test image is no threshold of the out-of-fold curve, so the page goes by its score."""
        return {}

    def absent_explorer(self) -> str:
        """Why there is no threshold to explore."""
        if self.model["task"] == "detector":
            return self._why("model.held_out.scores")
        return "this model is no detector"

    def findings(self) -> list[Finding | NotApplicable]:
        """Every check that one model on test images allows."""
        if self.has_confusion:
            return error_findings(self.confusion, self.names)
        found: list[Finding | NotApplicable] = []
        for detector in self.detectors:
            assert detector.test_curve is not None
            point = detector.test_curve.at(detector.default)
            found += [
                missed_positives(point, self.positive, detector.title),
                hidden_by_imbalance(point, self.positive, detector.title),
            ]
            if self.promised is not None:
                found.append(promise_on_test(self.promised, point, detector.title))
        return found

    def cards(self) -> list[dict[str, Any]]:
        """The headline numbers of the evaluation, as it counted them."""
        shares = [
            (
                title,
                self.title + self._beside(name) + self._as_given(name),
                self.result.values.get(f"model.{name}"),
            )
            for name, title in HEADLINES[self.model["task"]]
        ]
        answered = self.result.values.get("model.answered")
        if answered:
            shares += [
                ("Sure of", "by its operating point", answered["coverage"]),
                ("Right where sure", self.title, answered["precision"]),
            ]
        unlike = self.result.values.get("model.unlike")
        shares += [("Called unlike", "unlike all that it learnt", unlike)] * (unlike is not None)
        return [
            {
                "title": f"{title}, {self.images}",
                "note": note,
                **{key: share[key] for key in ("value", "low", "high")},
                "k": share["count"],
                "n": share["of"],
            }
            for title, note, share in shares
            if share and share["value"] is not None
        ]

    def _beside(self, name: str) -> str:
        """What always saying no gets, beside the accuracy of a detector."""
        if self.model["task"] != "detector" or name != "accuracy" or self.positive not in self.names:
            return ""
        always_no = float(np.mean(self.labels != self.names.index(self.positive)))
        return f"; always 'no': {share(always_no, 2)}"

    def _as_given(self, name: str) -> str:
        """A headline number by the labels as they were before some of them were corrected."""
        share = (self.result.values.get("model.as_given") or {}).get(name)
        return (
            f"; {share['value']:.1%} by the labels before correction"
            if share and share["value"] is not None
            else ""
        )

    def verdict(self) -> dict[str, str]:
        """One sentence that says how good the model is, and one that says what it misreads."""
        cards = self.cards()
        if self.has_confusion and cards:
            verdict = read_right(cards[0]["k"], cards[0]["n"])
            n, errors = len(self.labels), int((self.labels != self.predictions).sum())
            lead = f"{self.title} misreads {errors:,} of {n:,} {self.images}"
            return {"verdict": verdict, "lead": f"{lead}{self.most_often()}."}
        said = ", ".join(
            f"{card['title'].removesuffix(f', {self.images}').lower()} {card['value']:.1%}" for card in cards
        )
        subject = f"Is it {quoted(self.positive)}? {self.title}" if self.positive else self.title
        return {"verdict": f"{subject}: {said}" if said else subject, "lead": ""}

    def split(self) -> str:
        """What was judged on, in words."""
        learnt = self.model.get("dataset", {})
        trained = f"; trained on {learnt['n_train']:,} of {learnt['name']}" if learnt.get("n_train") else ""
        n_test = self.result.manifest["dataset"]["n_test"]
        return f"{n_test:,} {self.images}{trained}{self.corrections()}"

    def _why(self, name: str) -> str:
        if name.startswith("model.held_out."):
            return "the model file carries no out-of-fold scores to choose a threshold on"
        if name.startswith(("gallery.", "model.", "labels.")):
            return NO_SCORES if name == "model.scores" else super()._why(name)
        if "judged" in self.result.manifest and name.startswith("suspects."):
            return "labels are doubted where scores and images are given"
        return "part of a study (misread study DATA), not of the evaluation of one model"
