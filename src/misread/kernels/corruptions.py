"""The numeric loops behind `misread.images.corrupt`: free functions on arrays, compiled, without the GIL."""

import numpy as np

from misread.kernels.jit import kernel

__all__ = ["add_lines", "mark_edges", "smear", "swap_near"]


@kernel()
def smear(images: np.ndarray, downs: np.ndarray, rights: np.ndarray, weights: np.ndarray, out: np.ndarray) -> None:
    """Write the weighted mean of the pixels that lie by the given steps from each one; edges go on outside.

    Parameters
    ----------
    images, out : ndarray of uint8, shape (n, height, width)
    downs, rights : ndarray of int64, shape (n, k)
        Steps of each image, in pixels.
    weights : ndarray of float32, shape (k,)
        They sum to 1.
    """
    n, height, width = images.shape
    edge = max(np.abs(downs).max(), np.abs(rights).max())
    framed = np.empty((height + 2 * edge, width + 2 * edge), np.float32)
    sums = np.empty((height, width), np.float32)
    for i in range(n):
        for y in range(framed.shape[0]):
            source = min(max(y - edge, 0), height - 1)
            for x in range(framed.shape[1]):
                framed[y, x] = images[i, source, min(max(x - edge, 0), width - 1)]
        sums[:] = 0
        for k in range(weights.size):
            down, right, weight = edge + downs[i, k], edge + rights[i, k], weights[k]
            for y in range(height):
                row, total = framed[y + down, right : right + width], sums[y]
                for x in range(width):
                    total[x] += weight * row[x]
        for y in range(height):
            for x in range(width):
                out[i, y, x] = np.uint8(min(sums[y, x] + np.float32(0.5), np.float32(255)))


@kernel()
def swap_near(images: np.ndarray, draws: np.ndarray, reach: int) -> None:
    """Exchange every second pixel, by chance, with one near it, from the last to the first.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width)
        Changed.
    draws : ndarray of uint8, shape (n, n_rounds, height, width)
        Random from 0 to ``2 * (2 * reach) ** 2 - 1``: whether, and with which pixel from `reach` before to
        ``reach - 1`` after.
    reach : int
    """
    n, height, width = images.shape
    span = 2 * reach
    for i in range(n):
        image = images[i]
        for k in range(draws.shape[1]):
            for y in range(height - reach, reach, -1):
                for x in range(width - reach, reach, -1):
                    draw = int(draws[i, k, y, x])
                    if draw & 1:
                        draw >>= 1
                        other_y, other_x = y - reach + draw // span, x - reach + draw % span
                        image[y, x], image[other_y, other_x] = image[other_y, other_x], image[y, x]


@kernel()
def add_lines(images: np.ndarray, segments: np.ndarray, reach: float) -> None:
    """Draw segments in white on uint8 images, fainter with the distance from them up and down.

    A segment covers the columns from the one that it begins in to the one that it ends before.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width)
        Changed.
    segments : ndarray of float64, shape (n, k, 4)
        Column and row where each begins, and where it ends. One that ends where it begins is none.
    reach : float
        At a distance d, ``1 + log(1 - d / reach)`` of white is added.
    """
    n, height, width = images.shape
    for i in range(n):
        for k in range(segments.shape[1]):
            left, top, right, bottom = segments[i, k]
            if not left < right:
                continue
            slope = (bottom - top) / (right - left)
            for x in range(max(int(np.floor(left)), 0), min(int(np.ceil(right)), width)):
                middle = top + slope * (x - left)
                for y in range(
                    max(int(np.ceil(middle - reach)), 0), min(int(np.floor(middle + reach)) + 1, height)
                ):
                    gone = abs(y - middle) / reach
                    added = 1 + np.log(1 - gone) if gone < 1 else 0.0
                    if added > 0:
                        images[i, y, x] = np.uint8(min(images[i, y, x] + 255 * added + 0.5, 255.0))


@kernel()
def mark_edges(images: np.ndarray, low: float, high: float, out: np.ndarray) -> None:
    """Mark Canny's edges of smoothed images: ridges of the gradient that are connected to a steep one.

    Parameters
    ----------
    images : ndarray of float32, shape (n, height, width)
    low, high : float
        A ridge has at least `low` of Sobel's gradient everywhere, and at least `high` somewhere.
    out : ndarray of uint8, shape (n, height, width)
        255 on edges, 0 elsewhere; the outermost pixels have none.

    Notes
    -----
    J. Canny, A computational approach to edge detection, IEEE PAMI 8 (1986); neighbours along the gradient are
    interpolated linearly, connection is by eight neighbours.
    """
    n, height, width = images.shape
    steep = np.empty((height, width), np.float64)
    down, along = np.empty((height, width), np.float64), np.empty((height, width), np.float64)
    stack = np.empty((height * width, 2), np.int64)
    for i in range(n):
        image, marks = images[i], out[i]
        for y in range(height):
            above, below = max(y - 1, 0), min(y + 1, height - 1)
            for x in range(width):
                left, right = max(x - 1, 0), min(x + 1, width - 1)
                a, b, c = (
                    np.float64(image[above, left]),
                    np.float64(image[above, x]),
                    np.float64(image[above, right]),
                )
                d, e = np.float64(image[y, left]), np.float64(image[y, right])
                f, g, h = (
                    np.float64(image[below, left]),
                    np.float64(image[below, x]),
                    np.float64(image[below, right]),
                )
                down[y, x] = (f - a) + 2 * (g - b) + (h - c)
                along[y, x] = (c - a) + 2 * (e - d) + (h - f)
                steep[y, x] = np.hypot(down[y, x], along[y, x])
                marks[y, x] = 0
        n_open = 0
        for y in range(1, height - 1):
            for x in range(1, width - 1):
                here = steep[y, x]
                if here < low or here == 0:
                    continue
                tall = abs(down[y, x]) >= abs(along[y, x])
                other = 1 if down[y, x] * along[y, x] >= 0 else -1
                if tall:
                    share, step_y, step_x, far_y, far_x = abs(along[y, x]) / abs(down[y, x]), 1, 0, 1, other
                else:
                    share, step_y, step_x, far_y, far_x = abs(down[y, x]) / abs(along[y, x]), 0, 1, other, 1
                after = share * steep[y + far_y, x + far_x] + (1 - share) * steep[y + step_y, x + step_x]
                before = share * steep[y - far_y, x - far_x] + (1 - share) * steep[y - step_y, x - step_x]
                if here >= after and here >= before:
                    marks[y, x] = 1
                    if here >= high:
                        marks[y, x] = 255
                        stack[n_open] = y, x
                        n_open += 1
        while n_open:
            n_open -= 1
            y0, x0 = stack[n_open]
            for y in range(y0 - 1, y0 + 2):
                for x in range(x0 - 1, x0 + 2):
                    if marks[y, x] == 1:
                        marks[y, x] = 255
                        stack[n_open] = y, x
                        n_open += 1
        for y in range(height):
            for x in range(width):
                if marks[y, x] == 1:
                    marks[y, x] = 0
