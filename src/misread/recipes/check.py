"""A gate for continuous integration: does a model keep what is asked of it, and is it no worse than another?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import numpy as np

from misread import html
from misread.data.words import composed
from misread.errors import ParameterError
from misread.evaluation.answers import Answers
from misread.evaluation.intervals import clopper_pearson
from misread.evaluation.paired import Pair
from misread.recipes.compare import paired
from misread.recipes.sources import Source

__all__ = ["MOST_NAMED", "Checked", "Requirement", "check_source"]

MOST_NAMED = 20


@dataclass(frozen=True)
class Requirement:
    """One thing that was asked.

    Attributes
    ----------
    name : str
        Such as 'accuracy' or 'precision of 5'.
    passed : bool
    text : str
        What was wanted and what was found, in a sentence.
    details : dict
        The numbers, as JSON values.
    """

    name: str
    passed: bool
    text: str
    details: dict[str, Any]


@dataclass(frozen=True, repr=False)
class Checked:
    """All that was asked of a model.

    Attributes
    ----------
    requirements : tuple of Requirement
    newly_wrong : tuple of str
        Names of the images that the other model reads right and this one does not.
    remarks : tuple of str
    """

    requirements: tuple[Requirement, ...]
    newly_wrong: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything was kept."""
        return all(one.passed for one in self.requirements)

    def __repr__(self) -> str:
        kept = sum(one.passed for one in self.requirements)
        return f"<Checked: {'passed' if self.passed else 'FAILED'}, {kept} of {len(self.requirements)} kept>"

    def _repr_html_(self) -> str:
        """Every requirement in a sentence, in a notebook."""
        rows = [("ok" if one.passed else "FAILED", one.text) for one in self.requirements]
        return html.block(repr(self)[1:-1], html.table(rows))

    def as_json(self) -> dict[str, Any]:
        """All of it, as JSON values."""
        return {
            "passed": self.passed,
            "requirements": [vars(one) for one in self.requirements],
            "newly_wrong": list(self.newly_wrong),
            "remarks": list(self.remarks),
        }

    def as_junit(self, title: str) -> str:
        """The same as JUnit's XML, a test case for each requirement."""
        failed = sum(not one.passed for one in self.requirements)
        counts = {"tests": str(len(self.requirements)), "failures": str(failed)}
        suites = ElementTree.Element("testsuites", counts)
        suite = ElementTree.SubElement(
            suites, "testsuite", {"name": _printable(f"misread check {title}"), **counts}
        )
        for one in self.requirements:
            case = ElementTree.SubElement(
                suite, "testcase", {"classname": "misread.check", "name": _printable(one.name)}
            )
            if not one.passed:
                failure = ElementTree.SubElement(case, "failure", {"message": _printable(one.text)})
                if one.name.startswith("not worse"):
                    failure.text = _printable("\n".join(self.newly_wrong))
            ElementTree.SubElement(case, "system-out").text = _printable(one.text)
        ElementTree.indent(suites)
        return ElementTree.tostring(suites, "unicode", xml_declaration=True) + "\n"


def check_source(
    source: Source,
    *,
    accuracy: float | None = None,
    precision: Mapping[str, float] | None = None,
    recall: Mapping[str, float] | None = None,
    not_worse_than: Source | None = None,
    by_name: bool = False,
    confidence: float | None = None,
) -> Checked:
    """Check a model's answers against what is asked of them.

    Parameters
    ----------
    source : Source
    accuracy : float in (0, 1], optional
        At least this share of the images is read right.
    precision, recall : mapping of class name to float in (0, 1], optional
        At least this share of the images read as the class are of it, or of those that are of it are read as it.
    not_worse_than : Source, optional
        Fails when the paired exact McNemar test, two-sided at the confidence, finds this other model better: an
        equal model then fails in one run of forty at most, at 0.95.
    by_name : bool
        Recognise images of the two by their names alone.
    confidence : float in (0.5, 1), optional
        How sure the paired test has to be, 0.95 by default. Where it is given, shares have to be reached by their
        one-sided lower bounds, too, not only by what was counted.

    Raises
    ------
    ParameterError
        If nothing is asked, a number is out of range, or a class is unknown.
    AnswersError
        If there are no labels, or no image is shared.
    """
    if accuracy is None and not precision and not recall and not_worse_than is None:
        raise ParameterError("nothing is asked; give --accuracy, --precision, --recall or --not-worse-than")
    if confidence is not None and not 0.5 < confidence < 1:
        raise ParameterError(f"confidence must lie between 0.5 and 1, such as 0.95, got {confidence}")
    answers = source.answers.take(source.answers.is_labelled)
    if not len(answers):
        raise ParameterError("there is no image with a label to check the model on")
    asked = []
    if accuracy is not None:
        right = int(np.count_nonzero(answers.right))
        asked.append(_share("accuracy", right, len(answers), accuracy, confidence))
    for what, wanted in (("precision", precision), ("recall", recall)):
        for name, target in (wanted or {}).items():
            asked.append(_of_class(answers, what, name, target, confidence))
    newly_wrong: tuple[str, ...] = ()
    remarks = source.remarks
    if not_worse_than is not None:
        pair = paired(not_worse_than, source, by_name=by_name)
        asked.append(_not_worse(pair, not_worse_than.title, confidence or 0.95))
        newly_wrong = tuple(str(name) for name in pair.second.names[pair.broken])
        remarks = (*remarks, *pair.remarks)
    return Checked(tuple(asked), newly_wrong, remarks)


def _not_worse(pair: Pair, old: str, confidence: float) -> Requirement:
    test, chance = pair.test(confidence), pair.chance_of_worse()
    points = 100 * test.difference
    found = f"{abs(points):.2f} points {'better' if points > 0 else 'worse'} than {old}"
    found = found if points else f"as many right as {old}"
    text = (
        f"{found} ({100 * confidence:g}% interval {100 * test.low:+.2f} to "
        f"{100 * test.high:+.2f}): fixed {len(pair.fixed):,}, broke {len(pair.broken):,} of {len(pair.first):,}; "
        f"chance of that if it were as good: {chance:.2g}"
    )
    details = {
        "difference": test.difference,
        "low": test.low,
        "high": test.high,
        "fixed": len(pair.fixed),
        "broken": len(pair.broken),
        "n": len(pair.first),
        "p_value": chance,
        "confidence": confidence,
    }
    return Requirement(f"not worse than {old}", chance >= (1 - confidence) / 2, text, details)


def _of_class(answers: Answers, what: str, name: str, target: float, confidence: float | None) -> Requirement:
    name = composed(name)
    if name not in answers.class_names:
        raise ParameterError(f"there is no class {name!r}; the classes are {', '.join(answers.class_names[:12])}")
    code = answers.class_names.index(name)
    of = answers.predictions == code if what == "precision" else answers.labels == code
    count = int(np.count_nonzero(of & answers.right))
    return _share(f"{what} of {name}", count, int(np.count_nonzero(of)), target, confidence)


def _share(name: str, count: int, of: int, target: float, confidence: float | None) -> Requirement:
    """Whether a share reaches its target; with a confidence, whether its one-sided lower bound does."""
    if not 0 < target <= 1:
        raise ParameterError(f"{name} must be more than 0 and at most 1, such as 0.99, got {target}")
    low = (
        float(clopper_pearson(count, of, confidence=2 * confidence - 1)[0])
        if confidence and confidence > 0.5
        else None
    )
    details = {"count": count, "of": of, "target": target, "lower_bound": low, "confidence": confidence}
    if not of:
        return Requirement(name, False, f"{name}: nothing to count, at least {target:.2%} was asked", details)
    value = count / of
    passed = value >= target if low is None else low >= target
    bound = "" if low is None else f", surely {low:.2%} (confidence {confidence:g})"
    verb = "is" if passed else "should be"
    text = f"{name} is {value:.2%}{bound} ({count:,} of {of:,}); it {verb} at least {target:.2%}"
    return Requirement(name, passed, text, {**details, "value": value})


def _printable(text: str) -> str:
    """Text that XML can hold."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)
