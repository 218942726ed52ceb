"""Images that were labelled after the data set was made, added to those for training."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from misread.data.corrections import Corrections, Decision
from misread.data.dataset import Dataset, Split, joined
from misread.data.unlabelled import KEPT_CORRECTIONS, Unlabelled, read_unlabelled
from misread.errors import DataError
from misread.images.fit import FITS
from misread.spelling import did_you_mean

__all__ = ["with_added"]


def with_added(dataset: Dataset, folder: Path, corrections: Corrections) -> Dataset:
    """Add the images of a folder that have a label to the training images; test images stay as they are.

    Parameters
    ----------
    dataset : Dataset
    folder : path
        Images without labels, such as a server keeps.
    corrections : Corrections
        What was said of them.

    Raises
    ------
    DataError
        If none has a label, a label is no class of the data set, or the images cannot be read or are of another
        size.
    """
    if not folder.is_dir():
        raise DataError(
            f"{folder}: no such folder; --add takes one with images, such as `misread serve --keep` fills"
        )
    if dataset.train.groups is not None:
        raise DataError(
            f"{folder}: nothing says of which group its images are; leave out --add, or --group-column and "
            "--group-level"
        )
    found = read_unlabelled(folder, dataset.shape, dataset.fit or FITS[0], dataset.invert, dataset.binary)
    decisions = corrections.decisions(dict(zip(found.names.tolist(), found.hashes.tolist(), strict=True)))
    rows, labels, left_out = _labelled(dataset, found, decisions)
    if not rows:
        raise DataError(
            f"{folder}: none of its {len(found):,} images can be added ({_in_words(left_out)}); label them with "
            f"`misread review {folder}`, then give --corrections {folder / KEPT_CORRECTIONS}"
        )
    more = Split(found.images[rows], np.array(labels, np.int64), found.names[rows], found.hashes[rows])
    said = f"added: {len(rows):,} images of {folder} to those for training"
    if left_out:
        said += f"; left out: {_in_words(left_out)}"
    return replace(
        dataset,
        train=joined([dataset.train, more]),
        source=f"{dataset.source}; and images in {folder}",
        notes=(*dataset.notes, *found.notes, said),
    )


def _labelled(
    dataset: Dataset, found: Unlabelled, decisions: Mapping[int | str, Decision]
) -> tuple[list[int], list[int], dict[str, int]]:
    """The rows that have a label, their class codes, and how many are left out, by the reason."""
    codes = {name: code for code, name in enumerate(dataset.class_names)}
    there = set(dataset.train.hashes.tolist()) | set(dataset.test.hashes.tolist())
    rows, labels = [], []
    left_out: dict[str, int] = {}
    for row, value in enumerate(found.hashes.tolist()):
        decision = decisions.get(value)
        if decision is None:
            reason = "without a label"
        elif value in there:
            reason = "copies of images that are there"
        elif decision.last.outcome is None:
            reason = "unclear, or of no class"
        else:
            label = decision.last.outcome
            if label not in codes:
                raise DataError(
                    f"{decision.last.where or decision.last.called}: {dataset.name} has no class {label!r}"
                    f"{did_you_mean(label, codes)}; it has {', '.join(dataset.class_names[:20])}"
                )
            there.add(value)
            rows.append(row)
            labels.append(codes[label])
            continue
        left_out[reason] = left_out.get(reason, 0) + 1
    return rows, labels, left_out


def _in_words(left_out: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in left_out.items())
