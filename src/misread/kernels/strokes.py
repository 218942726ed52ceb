"""How a line meets ink: runs counted along rows, columns and both diagonals, and what the ink is like."""

import numpy as np

from misread.kernels.jit import kernel

__all__ = ["N_STROKE_COUNTS", "stroke_counts"]

N_STROKE_COUNTS = 28
"""Numbers that describe an image."""


@kernel()
def stroke_counts(images: np.ndarray, ink: int, faint: int, full: int, out: np.ndarray) -> None:
    """Describe the ink of images by numbers that depend little on their size.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width)
    ink : int
        Grey levels above it are ink.
    faint, full : int
        Grey levels above the first and up to the second are grey; above the second, full.
    out : ndarray of float32, shape (n, 28)
        Mean level; change of level from pixel to pixel, and the level over it, which is how wide strokes are;
        shares of ink, grey and full pixels; the highest level; the share of ink in the outermost pixels. Then for
        rows, columns, falling and rising diagonals: mean and largest number of runs of ink on a line, and the
        shares of lines with none, with two or more, with three or more.
    """
    n, height, width = images.shape
    unit = np.float32(1 / 255)
    n_lines = (height, width, height + width - 1, height + width - 1)
    runs = np.empty(height + width, np.int64)
    for i in range(n):
        image = images[i]
        total, change, highest = np.float32(0), np.float32(0), np.float32(0)
        n_ink, n_grey, n_full, n_rim = 0, 0, 0, 0
        for y in range(height):
            for x in range(width):
                level = int(image[y, x])
                value = level * unit
                total += value
                highest = max(highest, value)
                if x > 0:
                    change += abs(value - image[y, x - 1] * unit)
                if y > 0:
                    change += abs(value - image[y - 1, x] * unit)
                n_ink += level > ink
                n_grey += (level > faint) and (level <= full)
                n_full += level > full
                n_rim += (level > ink) and (y == 0 or x == 0 or y == height - 1 or x == width - 1)
        n_pixels = height * width
        out[i, 0] = total / n_pixels
        out[i, 1] = change / (height + width)
        out[i, 2] = 2 * total / max(change, np.float32(1)) / np.sqrt(np.float32(n_pixels))
        out[i, 3] = n_ink / n_pixels
        out[i, 4] = n_grey / n_pixels
        out[i, 5] = n_full / n_pixels
        out[i, 6] = highest
        out[i, 7] = n_rim / (2 * (height + width))
        for way in range(4):
            runs[:] = 0
            for y in range(height):
                for x in range(width):
                    if image[y, x] <= ink:
                        continue
                    back_y, back_x, line = y, x - 1, y  # along a row
                    if way == 1:
                        back_y, back_x, line = y - 1, x, x
                    elif way == 2:
                        back_y, back_x, line = y - 1, x - 1, x - y + height - 1
                    elif way == 3:
                        back_y, back_x, line = y - 1, x + 1, x + y
                    outside = back_y < 0 or back_x < 0 or back_x >= width
                    if outside or image[back_y, back_x] <= ink:
                        runs[line] += 1
            count = n_lines[way]
            most, total_runs, none, two, three = 0, 0, 0, 0, 0
            for line in range(count):
                found = runs[line]
                most = max(most, found)
                total_runs += found
                none += found == 0
                two += found >= 2
                three += found >= 3
            place = 8 + 5 * way
            out[i, place] = total_runs / count
            out[i, place + 1] = most
            out[i, place + 2] = none / count
            out[i, place + 3] = two / count
            out[i, place + 4] = three / count
