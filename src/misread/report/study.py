"""What a report of a study draws from: detectors, folds, and the steps beside them."""

from typing import Any

from misread.analysis.findings import (
    Finding,
    NotApplicable,
    better_model,
    confused_pair,
    doubtful_labels,
    error_sink,
    hidden_by_imbalance,
    missed_positives,
    percent,
    promise_on_test,
    quoted,
)
from misread.analysis.pairs import most_confused
from misread.report.detectors import detector_tests
from misread.report.evidence import Absent, Evidence, interval, one_in
from misread.report.steps import ladder
from misread.results.names import WANTED_PRECISION

__all__ = ["StudyEvidence"]


class StudyEvidence(Evidence):
    """The result of a study, whose models answered every training image while it was held out."""

    def findings(self) -> list[Finding | NotApplicable]:
        """Every check that a study allows."""
        found: list[Finding | NotApplicable] = []
        if self.has_confusion:
            found += [
                error_sink(self.confusion, self.names),
                confused_pair(self.confusion, self.names),
            ]
        for detector in self.detectors[:1]:
            point = detector.curve.at(detector.default)
            found += [
                missed_positives(point, self.positive, detector.title),
                hidden_by_imbalance(point, self.positive),
            ]
            chosen = detector.curve.for_precision(WANTED_PRECISION)
            if chosen and detector.test_curve:
                test = detector.test_curve.at(chosen.threshold)
                found.append(promise_on_test(WANTED_PRECISION, test, detector.title))
        found += [
            better_model(test, first.title, second.title) for first, second, test in detector_tests(self)[:1]
        ]
        verdicts = self.result.values.get("suspects.verdicts")
        if verdicts is not None:
            found.append(doubtful_labels(verdicts["label error"], sum(verdicts.values())))
        return found

    def cards(self) -> list[dict[str, Any]]:
        """The best model on the test images, the opened one out of fold, and what the threshold promised."""
        cards: list[dict[str, Any]] = []
        try:
            last = ladder(self)["rungs"][-1]
            cards.append({"title": "Read right, test set", "note": last["title"], **_share(last)})
        except Absent:
            pass
        if self.has_confusion:
            n = len(self.labels)
            right = interval(n - int((self.labels != self.predictions).sum()), n)
            cards.append({"title": "Read right, out of fold", "note": self.title, **_share(right)})
        for detector in self.detectors[:1]:
            chosen = detector.curve.for_precision(WANTED_PRECISION)
            if chosen and detector.test_curve:
                test = detector.test_curve.at(chosen.threshold)
                tp, fp, fn = test.true_positives, test.false_positives, test.false_negatives
                cards += [
                    {
                        "title": "Precision, test set",
                        "note": f"{detector.title}, threshold chosen for {percent(WANTED_PRECISION)}",
                        **_share(interval(tp, tp + fp)),
                    },
                    {
                        "title": "Recall there",
                        "note": "share of the positives that are found",
                        **_share(interval(tp, tp + fn)),
                    },
                ]
        return cards

    def verdict(self) -> dict[str, str]:
        """One sentence that says how good it is, and one that says what is misread."""
        cards = self.cards()
        if not cards:
            return {"verdict": "What this run found", "lead": ""}
        first = cards[0]
        wrong = 1 - first["value"]
        verdict = f"{first['value']:.1%} read right"
        if wrong > 0:
            verdict += f": {one_in(wrong)} is misread"
        if not self.has_confusion:
            return {"verdict": verdict, "lead": ""}
        pairs = most_confused(self.confusion, 1)
        if not pairs:
            return {"verdict": verdict, "lead": f"{self.title} makes no error out of fold."}
        true, predicted = (quoted(self.names[code]) for code in (pairs[0].true, pairs[0].predicted))
        n, errors = len(self.labels), int((self.labels != self.predictions).sum())
        lead = (
            f"{self.title}, the model whose errors are opened below, misreads {errors:,} of {n:,} images held out "
            f"in turn; most often it takes {true} for {predicted}."
        )
        return {"verdict": verdict, "lead": lead}


def _share(share: dict[str, Any]) -> dict[str, Any]:
    return {key: share[key] for key in ("value", "low", "high", "k", "n")}
