"""Counts of strokes, against a slow and obvious reference."""

import numpy as np
import pytest

from misread.kernels.strokes import N_STROKE_COUNTS, stroke_counts


def _runs(line):
    return int(np.count_nonzero(np.diff(np.concatenate([[0], line.astype(int)])) == 1))


def reference(image, ink, faint, full):
    height, width = image.shape
    value = image / 255
    change = np.abs(np.diff(value, axis=0)).sum() + np.abs(np.diff(value, axis=1)).sum()
    inked = image > ink
    rim = np.ones(image.shape, bool)
    rim[1:-1, 1:-1] = False
    found = [
        value.mean(),
        change / (height + width),
        2 * value.sum() / max(change, 1) / np.sqrt(height * width),
        inked.mean(),
        ((image > faint) & (image <= full)).mean(),
        (image > full).mean(),
        value.max(),
        np.count_nonzero(inked & rim) / (2 * (height + width)),
    ]
    falling = [np.diagonal(inked, k) for k in range(1 - height, width)]
    rising = [np.diagonal(inked[::-1], k) for k in range(1 - height, width)]
    for lines in (list(inked), list(inked.T), falling, rising):
        runs = np.array([_runs(line) for line in lines])
        found += [runs.mean(), runs.max(), (runs == 0).mean(), (runs >= 2).mean(), (runs >= 3).mean()]
    return found


@pytest.mark.parametrize("shape", [(8, 8), (5, 9), (12, 7), (1, 6), (28, 28)])
def test_counts_are_those_of_the_reference(shape):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (20, *shape), np.uint8)
    images[0], images[1] = 0, 255
    images[2:10][images[2:10] < 180] = 0
    counts = np.empty((20, N_STROKE_COUNTS), np.float32)
    stroke_counts(images, 102, 40, 216, counts)
    np.testing.assert_allclose(counts, [reference(one, 102, 40, 216) for one in images], rtol=2e-5, atol=1e-6)
