"""What a report of a study draws from: the hero's held-out answers, and the steps beside them."""

from typing import Any

import numpy as np

from misread.analysis.error_findings import error_findings
from misread.analysis.findings import (
    Finding,
    NotApplicable,
    better_model,
    doubtful_labels,
    hidden_by_imbalance,
    mended_by_copies,
    missed_positives,
    promise_on_test,
)
from misread.evaluation.comparison import mcnemar
from misread.report.evidence import Evidence, interval, read_right
from misread.results.names import OPENED, SHIFTED, title_of

__all__ = ["StudyEvidence"]


class StudyEvidence(Evidence):
    """The result of a study, whose models answered every training image while it was held out."""

    def findings(self) -> list[Finding | NotApplicable]:
        """Every check that a study allows."""
        found = error_findings(self.confusion, self.names) if self.has_confusion else []
        for hero in self.detectors[:1]:
            point = hero.curve.at(hero.default)
            found += [
                missed_positives(point, self.positive, hero.title),
                hidden_by_imbalance(point, self.positive, hero.title),
            ]
            chosen = hero.curve.for_precision(self.wanted_precision)
            if chosen and hero.test_curve:
                test = hero.test_curve.at(chosen.threshold)
                found.append(promise_on_test(self.wanted_precision, test, hero.title, promised=False))
        found += [self._ahead(), *self._mended()]
        verdicts = self.result.values.get("suspects.verdicts")
        if verdicts is not None:
            found.append(
                doubtful_labels(
                    verdicts["label error"],
                    sum(verdicts.values()),
                    len(self.labels),
                    self.doubter,
                    expected=self.result.values.get("suspects.expected"),
                )
            )
        return found

    def others(self) -> list[str]:
        """The models that answered the same held-out images as the hero, the best of them first."""
        arrays = self.result.arrays
        right = {
            key: int(np.count_nonzero(arrays[f"{key}.predictions"] == self.labels))
            for key in OPENED
            if key != self.key and f"{key}.predictions" in arrays
        }
        return sorted(right, key=right.__getitem__, reverse=True)

    def cards(self) -> list[dict[str, Any]]:
        """The hero on held-out images and on the test set, what shifted copies add, and the next best."""
        arrays, test = self.result.arrays, self.test_labels
        shown = [
            ("Read right, held out", self.title, f"{self.key}.predictions", self.labels),
            ("Read right, test set", self.title, f"{self.key}.test_predictions", test),
        ]
        if self.key == "knn":
            shown.append(("With shifted copies", SHIFTED, "knn.augmented_predictions", test))
        shown += [
            ("The next best, held out", title_of(key, self.result.values), f"{key}.predictions", self.labels)
            for key in self.others()[:1]
        ]
        return [
            {"title": title, "note": note, **interval(int(np.count_nonzero(arrays[name] == truth)), len(truth))}
            for title, note, name, truth in shown
            if name in arrays and truth is not None
        ]

    def verdict(self) -> dict[str, str]:
        """One sentence that says how good the hero is, and one that says what it misreads."""
        cards = self.cards()
        if not cards or not self.has_confusion:
            return {"verdict": "What this run found", "lead": ""}
        verdict = read_right(cards[0]["k"], cards[0]["n"])
        n, errors = len(self.labels), int((self.labels != self.predictions).sum())
        others = self.others()
        best = (
            f", the best of {len(others) + 1} models by held-out images,"
            if others and self.key != "chosen"
            else ""
        )
        lead = f"{self.title}{best} misreads {errors:,} of {n:,} images held out in turn"
        return {"verdict": verdict, "lead": f"{lead}{self.most_often()}."}

    def _ahead(self) -> Finding | NotApplicable:
        """The hero against the next best, in all classes."""
        others = self.others()
        if not self.has_confusion or not others:
            return NotApplicable("M1", "no other model answered the same images")
        other = self.result.arrays[f"{others[0]}.predictions"]
        level = 1 - 0.05 / len(others)
        test = mcnemar(self.predictions == self.labels, other == self.labels, confidence=level)
        return better_model(test, self.title, title_of(others[0], self.result.values), looked_at=len(others))

    def _mended(self) -> list[Finding | NotApplicable]:
        arrays, test = self.result.arrays, self.test_labels
        if test is None or not {"knn.tuned_predictions", "knn.augmented_predictions"} <= arrays.keys():
            return []
        after, before = (arrays[f"knn.{name}_predictions"] == test for name in ("augmented", "tuned"))
        return [mended_by_copies(mcnemar(after, before), OPENED["knn"])]
