"""Which way edges run, and where: the numeric loops of the oriented-gradient features."""

import numpy as np

from misread.kernels.jit import kernel, part

__all__ = ["orientation_planes", "pool_planes"]


@kernel()
def orientation_planes(images: np.ndarray, directions: np.ndarray, sharpness: float, planes: np.ndarray) -> None:
    """Strength of the edges that face each direction, at every pixel.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width)
    directions : ndarray of float32, shape (k, 2)
        Unit vectors (y, x).
    sharpness : float
        An edge counts for the directions within ``arccos(sharpness)`` of it.
    planes : ndarray of float32, shape (n, height, k, width)
        Filled with ``max(0, gradient @ direction - sharpness * |gradient|)``; the gradient is that of Sobel, with
        nothing around the image.
    """
    n, height, width = images.shape
    edged = np.zeros((height + 2, width + 2), np.float32)
    down, along = np.empty(width, np.float32), np.empty(width, np.float32)
    threshold = np.empty(width, np.float32)
    share, unit = np.float32(sharpness), np.float32(1 / (4 * 255))
    for i in range(n):
        for y in range(height):
            for x in range(width):
                edged[y + 1, x + 1] = images[i, y, x] * unit
        for y in range(height):
            above, middle, below = edged[y], edged[y + 1], edged[y + 2]
            for x in range(width):
                across = above[x + 2] - above[x] + below[x + 2] - below[x]
                along[x] = across + 2 * (middle[x + 2] - middle[x])
                lower = below[x] + below[x + 2] + 2 * below[x + 1]
                down[x] = lower - above[x] - above[x + 2] - 2 * above[x + 1]
                threshold[x] = share * np.sqrt(along[x] * along[x] + down[x] * down[x])
            for k in range(directions.shape[0]):
                dy, dx = directions[k, 0], directions[k, 1]
                for x in range(width):
                    planes[i, y, k, x] = max(dy * down[x] + dx * along[x] - threshold[x], np.float32(0))


@part()
def _add(weight: float, values: np.ndarray, sums: np.ndarray) -> None:
    """Add weighted values to sums: one long loop, which the compiler turns into vectors."""
    for j in range(sums.shape[0]):
        sums[j] += weight * values[j]


@kernel()
def pool_planes(planes: np.ndarray, rows: np.ndarray, columns: np.ndarray, floor: float, out: np.ndarray) -> None:
    """Sum the planes under overlapping windows, and even out contrast.

    Parameters
    ----------
    planes : ndarray of float32, shape (n, height, k, width)
    rows : ndarray of float32, shape (p, height)
    columns : ndarray of float32, shape (q, width)
        Weights of the windows along each axis.
    floor : float
        Added to a neighbourhood's mean energy, as a share of the image's, so that faint noise is not blown up.
    out : ndarray of float32, shape (n, p, q, k)
        Sums over the windows, divided by the root of the mean energy of the 3x3 windows around, then all of an
        image's brought to length 1.
    """
    n, height, n_planes, width = planes.shape
    p, q = rows.shape[0], columns.shape[0]
    lines = planes.reshape(n, height, n_planes * width)
    strip = np.empty(n_planes * width, np.float32)
    strips = np.empty((width, p * n_planes), np.float32)
    sums = np.empty((q, p * n_planes), np.float32)
    energy = np.empty((p, q))
    for i in range(n):
        for r in range(p):
            strip[:] = 0
            for y in range(height):
                if rows[r, y] > 0:
                    _add(rows[r, y], lines[i, y], strip)
            for k in range(n_planes):
                for x in range(width):
                    strips[x, r * n_planes + k] = strip[k * width + x]
        for c in range(q):
            sums[c] = 0
            for x in range(width):
                if columns[c, x] > 0:
                    _add(columns[c, x], strips[x], sums[c])
        energy[:] = 0
        for r in range(p):
            for c in range(q):
                for k in range(n_planes):
                    total = sums[c, r * n_planes + k]
                    out[i, r, c, k] = total
                    energy[r, c] += total * total
        mean = 0.0
        for r in range(p):
            for c in range(q):
                mean += energy[r, c]
        mean /= p * q
        if mean == 0:
            continue
        length = 0.0
        for r in range(p):
            for c in range(q):
                around, count = 0.0, 0
                for rr in range(max(r - 1, 0), min(r + 2, p)):
                    for cc in range(max(c - 1, 0), min(c + 2, q)):
                        around += energy[rr, cc]
                        count += 1
                scale = np.float32(1 / np.sqrt(around / count + floor * mean))
                for k in range(n_planes):
                    out[i, r, c, k] *= scale
                length += energy[r, c] * scale * scale
        scale = np.float32(1 / np.sqrt(length))
        for r in range(p):
            for c in range(q):
                for k in range(n_planes):
                    out[i, r, c, k] *= scale
