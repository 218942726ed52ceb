"""A data set with corrections applied, which knows what was changed and what it was before."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.data.corrections import NONE, Corrections, Decision, several
from misread.data.dataset import Corrected, Dataset, Split
from misread.data.tally import Tally
from misread.data.words import composed
from misread.errors import DataError
from misread.spelling import did_you_mean

__all__ = ["contradictions", "correct", "hashes_of_names", "in_words"]

PARTS = {"train": "training", "test": "test"}


def correct(dataset: Dataset, corrections: Corrections) -> Dataset:
    """Apply corrections to a data set; the original is left as it is.

    An image gets the label that the last word on it says, if it has one that it was said to have had; images that
    nobody can tell, or of no class, are left out. All exact copies of an image with that label count as the image.

    Parameters
    ----------
    dataset : Dataset
    corrections : Corrections

    Returns
    -------
    Dataset
        With `corrected`, and notes of what was changed, of what was not and why, and of contradictions.

    Raises
    ------
    DataError
        If a label is no class of the data set, none of the corrections is of one of its images, or no training
        images are left.

    Examples
    --------
    >>> from misread import load
    >>> from misread.data.corrections import Correction
    >>> digits = load("digits")
    >>> one = Correction(None, "train/0", digits.class_names[digits.train.labels[0]], "7", "wrong")
    >>> fixed = correct(digits, Corrections((one,)))
    >>> digits.class_names[fixed.train.labels[0]], fixed.notes[-1]
    ('7', 'corrected: 1 training labels changed')
    """
    decisions = corrections.decisions(hashes_of_names(dataset))
    wanted = np.array([key for key in decisions if isinstance(key, int)], np.uint64)
    codes = {name: code for code, name in enumerate(dataset.class_names)}
    met: set[int] = set()
    odd: list[str] = []
    splits: dict[str, Any] = {}
    tallies: dict[str, Tally] = {}
    kept: dict[str, NDArray[np.intp]] = {}
    for part in PARTS:
        split: Split = getattr(dataset, part)
        rows = np.flatnonzero(np.isin(split.hashes, wanted))
        met.update(split.hashes[rows].tolist())
        splits[part], tallies[part], kept[part] = _applied(dataset, split, rows, decisions, codes, odd)
    unknown = [decision for key, decision in decisions.items() if key not in met]
    if decisions and not met:
        raise DataError(
            f"none of the {len(decisions):,} corrections is of an image of {dataset.name}; give the file that was "
            f"made for it (the first is of {unknown[0].last.called})"
        )
    if not len(splits["train"]):
        raise DataError(f"{dataset.name}: the corrections leave no training images")
    before, files = dataset, corrections.files
    if dataset.corrected is not None:
        before, files = dataset.corrected.original, (*dataset.corrected.files, *files)
        kept = {part: dataset.corrected.rows[part][rows] for part, rows in kept.items()}
        tallies = {part: tally + getattr(dataset.corrected, part) for part, tally in tallies.items()}
    corrected = Corrected(files, tallies["train"], tallies["test"], before, kept)
    said = [f"corrected: {in_words(corrected.as_json())}", *_remarks(corrections, decisions, unknown, odd)]
    return replace(dataset, **splits, notes=(*dataset.notes, *said), corrected=corrected)


def hashes_of_names(dataset: Dataset) -> dict[str, int]:
    """The hash of each image by its name; names of different images are left out."""
    found: dict[str, int] = {}
    twice = set()
    for split in (dataset.train, dataset.test):
        for name, value in zip(split.names.tolist(), split.hashes.tolist(), strict=True):
            if found.setdefault(composed(name.strip()), value) != value:
                twice.add(composed(name.strip()))
    return {name: value for name, value in found.items() if name not in twice}


def _applied(
    dataset: Dataset,
    split: Split,
    rows: NDArray[np.intp],
    decisions: Mapping[int | str, Decision],
    codes: Mapping[str, int],
    odd: list[str],
) -> tuple[Split, Tally, NDArray[np.intp]]:
    """One part with its corrections, and the rows that stay; labels that nobody spoke of go to `odd`."""
    labels, kept, tally = split.labels.copy(), np.ones(len(split), bool), Tally()
    for row in rows.tolist():
        decision = decisions[int(split.hashes[row])]
        last, has = decision.last, dataset.class_names[labels[row]]
        if last.outcome is not None and last.outcome not in codes:
            raise DataError(
                f"{last.where or last.called}: {dataset.name} has no class {last.outcome!r}"
                f"{did_you_mean(last.outcome, codes)}; it has {', '.join(dataset.class_names[:20])}"
            )
        if has == last.outcome:
            tally.confirmed += 1
        elif not {has, ""} & decision.givens:
            odd.append(f"{split.names[row]} (labelled {has}, not {last.given})")
        elif last.outcome is not None:
            labels[row] = codes[last.outcome]
            tally.relabelled += 1
        else:
            kept[row] = False
            tally.none += last.verdict == NONE
            tally.unclear += last.verdict != NONE
    if not tally.changed:
        return split, tally, np.arange(len(split))
    changed = replace(split, labels=labels, source_hashes=split.hashes)
    return (changed if kept.all() else changed.take(kept)), tally, np.flatnonzero(kept)


def in_words(record: Mapping[str, Any]) -> str:
    """What corrections changed, by what `Corrected.as_json` gave.

    Examples
    --------
    >>> in_words({"train": {"relabelled": 2, "unclear": 1}, "test": {"confirmed": 3}})
    '2 training labels changed, 1 training images left out (unclear)'
    """
    changes = [Tally(**record.get(part, {})).in_words(kind) for part, kind in PARTS.items()]
    return ", ".join(filter(None, changes)) or "no label is another than before"


def _remarks(
    corrections: Corrections,
    decisions: Mapping[int | str, Decision],
    unknown: list[Decision],
    odd: list[str],
) -> list[str]:
    """What was not done, and what was said twice."""
    said = []
    if corrections.unjudged:
        said.append(f"corrections: {corrections.unjudged:,} lines have no label and no verdict yet")
    if unknown:
        names = several([one.last.called for one in unknown])
        said.append(f"corrections: {len(unknown):,} of {len(decisions):,} are of no image here: {names}")
    if odd:
        said.append(f"corrections: {len(odd):,} images keep a label that nobody spoke of: {several(odd)}")
    return said + contradictions(decisions)


def contradictions(decisions: Mapping[int | str, Decision]) -> list[str]:
    """Which images were judged in different ways, in words; nothing where none was."""
    found = []
    for decision in decisions.values():
        others = decision.contradicted
        if others:
            words = ", ".join(f"{one.outcome or one.verdict}{f' by {one.by}' if one.by else ''}" for one in others)
            last = decision.last
            by = f" by {last.by}" if last.by else ""
            found.append(f"{last.called} ({words}, then {last.outcome or last.verdict}{by})")
    if not found:
        return []
    return [
        f"corrections: {len(found):,} images were judged in different ways, and the last word counts: "
        f"{several(found)}"
    ]
