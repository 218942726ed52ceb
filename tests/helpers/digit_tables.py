"""Sixty digits as tables of many kinds."""

import numpy as np
from sklearn.datasets import load_digits

N = 60
PIXELS = load_digits().images[:N].astype(np.uint8)
LABELS = load_digits().target[:N]
FLAT = PIXELS.reshape(N, 64)
NAMES = [f"pixel{index}" for index in range(64)]
WHOLE = "label in column 'label', 64 pixels as 8x8"


def save(path, rows, delimiter=",", ending="\n"):
    path.write_text("".join(delimiter.join(map(str, row)) + ending for row in rows), encoding="utf-8")
    return path


def same_digits(dataset, classes=tuple("0123456789")):
    """Whether these are the digits above, each with its class, in whatever order."""
    assert dataset.class_names == classes
    found = {
        (image.tobytes(), int(label))
        for split in (dataset.train, dataset.test)
        for image, label in zip(split.images, split.labels, strict=True)
    }
    return found == {(image.tobytes(), int(label)) for image, label in zip(PIXELS, LABELS, strict=True)}


def labelled(header=True, last=False, label=str, pixel=str, before=(), index=False):
    head = [*NAMES, "label"] if last else ["label", *NAMES]
    rows = [head] if header else []
    for number, (image, digit) in enumerate(zip(FLAT, LABELS, strict=True)):
        cells = [pixel(value) for value in image.tolist()]
        rows.append([*cells, label(digit)] if last else [label(digit), *cells])
        if index:
            rows[-1].insert(0, number)
    if header and index and before:
        rows[0] = [*before, *rows[0]]
    return rows


def scientific(value):
    return f"{float(value):.18e}"


def european(value):
    return f"{value},0"
