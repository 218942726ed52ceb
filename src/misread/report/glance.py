"""The first screen: how good is it, what does it misread, and on what data."""

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
    top_findings,
)
from misread.analysis.pairs import most_confused
from misread.report.detectors import detector_tests
from misread.report.evaluation import EvaluationEvidence
from misread.report.evidence import WANTED_PRECISION, Absent, Evidence, interval, one_in
from misread.report.steps import ladder

__all__ = ["all_findings", "glance"]


def glance(evidence: Evidence) -> dict[str, Any]:
    """Verdict, headline numbers with intervals, three findings, and the facts of the run."""
    if isinstance(evidence, EvaluationEvidence):
        cards, verdict = evidence.cards(), evidence.verdict()
    else:
        cards = _cards(evidence)
        verdict = _verdict(evidence, cards)
    return {
        **verdict,
        "cards": cards,
        "findings": [vars(finding) for finding in top_findings(all_findings(evidence))],
        "facts": _facts(evidence),
    }


def all_findings(evidence: Evidence) -> list[Finding | NotApplicable]:
    """Every check, applied."""
    if isinstance(evidence, EvaluationEvidence):
        return evidence.findings()
    found: list[Finding | NotApplicable] = []
    if evidence.has_confusion:
        found += [
            error_sink(evidence.confusion, evidence.names),
            confused_pair(evidence.confusion, evidence.names),
        ]
    for detector in evidence.detectors[:1]:
        point = detector.curve.at(detector.default)
        found += [
            missed_positives(point, evidence.positive, detector.title),
            hidden_by_imbalance(point, evidence.positive),
        ]
        chosen = detector.curve.for_precision(WANTED_PRECISION)
        if chosen and detector.test_curve:
            test = detector.test_curve.at(chosen.threshold)
            found.append(promise_on_test(WANTED_PRECISION, test, detector.title))
    found += [
        better_model(test, first.title, second.title) for first, second, test in detector_tests(evidence)[:1]
    ]
    verdicts = evidence.result.values.get("suspects.verdicts")
    if verdicts is not None:
        found.append(doubtful_labels(verdicts["label error"], sum(verdicts.values())))
    return found


def _cards(evidence: Evidence) -> list[dict[str, Any]]:
    cards: list[dict[str, Any]] = []
    try:
        last = ladder(evidence)["rungs"][-1]
        cards.append({"title": "Read right, test set", "note": last["title"], **_share(last)})
    except Absent:
        pass
    if evidence.has_confusion:
        n = len(evidence.labels)
        right = interval(n - int((evidence.labels != evidence.predictions).sum()), n)
        cards.append({"title": "Read right, out of fold", "note": evidence.title, **_share(right)})
    for detector in evidence.detectors[:1]:
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


def _verdict(evidence: Evidence, cards: list[dict[str, Any]]) -> dict[str, str]:
    """One sentence that says how good it is, and one that says what is misread."""
    if not cards:
        return {"verdict": "What this run found", "lead": ""}
    first = cards[0]
    wrong = 1 - first["value"]
    verdict = f"{first['value']:.1%} read right"
    if wrong > 0:
        verdict += f": {one_in(wrong)} is misread"
    if not evidence.has_confusion:
        return {"verdict": verdict, "lead": ""}
    pairs = most_confused(evidence.confusion, 1)
    if not pairs:
        return {"verdict": verdict, "lead": f"{evidence.title} makes no error out of fold."}
    true, predicted = (quoted(evidence.names[code]) for code in (pairs[0].true, pairs[0].predicted))
    n, errors = len(evidence.labels), int((evidence.labels != evidence.predictions).sum())
    lead = (
        f"{evidence.title}, the model whose errors are opened below, misreads {errors:,} of {n:,} images held out "
        f"in turn; most often it takes {true} for {predicted}."
    )
    return {"verdict": verdict, "lead": lead}


def _share(share: dict[str, Any]) -> dict[str, Any]:
    return {key: share[key] for key in ("value", "low", "high", "k", "n")}


def _facts(evidence: Evidence) -> list[dict[str, str]]:
    manifest = evidence.result.manifest
    dataset = manifest.get("dataset", {})
    versions = ", ".join(f"{package} {version}" for package, version in manifest.get("versions", {}).items())
    seconds = sum(evidence.result.timings.values())
    took = f"{seconds:,.0f} s on {manifest.get('cpu_count', '?')} cores, {manifest.get('platform', '')}"
    if not evidence.result.timings:
        took = ""
    shape = " × ".join(str(side) for side in dataset.get("shape", []))
    facts = [
        ("Data", f"{dataset.get('name', '')}, {shape} pixels, {len(evidence.names)} classes"),
        ("Split", evidence.split()),
        ("Content hash", f"sha256 {dataset.get('sha256', '')}"),
        ("Source", str(dataset.get("source", ""))),
        ("Licence", str(dataset.get("licence", ""))),
        ("Detects", evidence.positive),
        ("Random state", str(manifest.get("seed", ""))),
        ("Time", took),
        ("Versions", versions),
    ]
    return [{"name": name, "text": text} for name, text in facts if text]
