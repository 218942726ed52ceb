"""Connected parts of an image: how large they are, and what is along their borders, counted in two passes."""

import numpy as np

from misread.kernels.jit import kernel

__all__ = [
    "AREA",
    "BORDER",
    "BOX",
    "EDGE",
    "INK",
    "N_COUNTS",
    "OUTSIDE",
    "RIM",
    "look_around_parts",
    "weigh_parts",
]

BOX = slice(0, 4)
AREA, RIM, BORDER, EDGE, OUTSIDE, INK = range(4, 10)
N_COUNTS = 10
"""Columns of `counts`: top, left, bottom and right; pixels of the part, of it at the rim of the image, of its
border, of its border where levels differ enough, outside along it, and of these what is ink of other polarity."""


@kernel()
def weigh_parts(numbers: np.ndarray, above: np.ndarray, counts: np.ndarray, mass: np.ndarray) -> None:
    """Count the pixels of each part, find its box, and sum what is above the ground.

    Parameters
    ----------
    numbers : ndarray of int32, shape (height, width)
        The part of each pixel, from 1; 0 for none.
    above : ndarray of float32, shape (height, width)
    counts : ndarray of int64, shape (n_parts, N_COUNTS)
        Zeros; boxes, areas and pixels at the rim are written.
    mass : ndarray of float64, shape (n_parts,)
        Zeros; sums of `above`, row by row.
    """
    height, width = numbers.shape
    for y in range(height):
        for x in range(width):
            part = numbers[y, x] - 1
            if part < 0:
                continue
            box = counts[part]
            if box[AREA] == 0:
                box[0], box[1] = y, x
            box[1] = min(box[1], x)
            box[2], box[3] = y + 1, max(box[3], x + 1)
            box[AREA] += 1
            box[RIM] += y == 0 or x == 0 or y == height - 1 or x == width - 1
            mass[part] += above[y, x]


@kernel()
def look_around_parts(
    numbers: np.ndarray,
    opposite: np.ndarray,
    steps: np.ndarray,
    least_ink: np.ndarray,
    least_step: np.ndarray,
    counts: np.ndarray,
) -> None:
    """Count the border of each part and what lies along it; pixels touch by their corners, too.

    Parameters
    ----------
    numbers : ndarray of int32, shape (height + 2, width + 2)
        With a rim of 0.
    opposite, steps : ndarray of float32, shape (height, width)
        How much each place is ink of the other polarity, and how much levels differ around it.
    least_ink, least_step : ndarray of float64, shape (n_parts,)
        From where on they count.
    counts : ndarray of int64, shape (n_parts, N_COUNTS)
        Borders, edges, outsides and ink are written.
    """
    height, width = numbers.shape[0] - 2, numbers.shape[1] - 2
    for y in range(height):
        above, here, below = numbers[y], numbers[y + 1], numbers[y + 2]
        # The lowest and highest number of each of the three columns around a pixel: left, middle, right.
        low_left, high_left = np.int32(0), max(above[0], here[0], below[0])
        low, high = min(above[1], here[1], below[1]), max(above[1], here[1], below[1])
        for x in range(width):
            one, two, three = above[x + 2], here[x + 2], below[x + 2]
            low_right, high_right = min(one, two, three), max(one, two, three)
            lowest, highest = min(low_left, low, low_right), max(high_left, high, high_right)
            if lowest == 0 and highest > 0:
                own = here[x + 1]
                if own > 0:
                    counts[own - 1, BORDER] += 1
                    counts[own - 1, EDGE] += steps[y, x] >= least_step[own - 1]
                else:
                    counts[highest - 1, OUTSIDE] += 1
                    counts[highest - 1, INK] += opposite[y, x] >= least_ink[highest - 1]
            low_left, high_left, low, high = low, high, low_right, high_right
