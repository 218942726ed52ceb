"""The numeric loops behind `misread.images.deform`: free functions on arrays, compiled, without the GIL."""

import numpy as np

from misread.kernels.jit import kernel

__all__ = ["fill_fields", "fill_poses", "translate", "warp"]

_LEAST_VARIANCE = 1e-9
_NARROW = 0.8**0.5  # of images as high as 1, those up to 0.8 wide are widened
_LEAST_STEP = 0.45  # a line is widened to no more than 1 / 0.45 of its width


@kernel()
def warp(
    images: np.ndarray, matrices: np.ndarray, offsets: np.ndarray, fields: np.ndarray, out: np.ndarray
) -> None:
    """Sample each image where ``matrix @ (y, x) + offset + field(y, x)`` points, bilinearly, 0 outside.

    Parameters
    ----------
    images, out : ndarray of uint8, shape (n, height, width)
    matrices : ndarray of float32, shape (n, 2, 2)
    offsets : ndarray of float32, shape (n, 2)
    fields : ndarray of float32, shape (n, 2, height, width), or (0, 2, 1, 1) for none
    """
    n, height, width = images.shape
    stride = width + 2
    border = np.zeros((height + 3, width + 3), np.uint8)
    # The four pixels around each place in one number, so that a place needs one scattered load.
    around = np.empty((height + 2) * stride, np.uint32)
    bent = fields.shape[0] > 0
    # Pixels are worked on in one long row, which vector instructions like.
    size = height * width
    flat, bends = out.reshape(n, size), fields.reshape(-1, 2, size if bent else 1)
    ys, xs = np.empty(size, np.float32), np.empty(size, np.float32)
    for k in range(size):
        ys[k], xs[k] = k // width, k % width
    places, found = np.empty(size, np.int32), np.empty(size, np.uint32)
    down, along = np.empty(size, np.float32), np.empty(size, np.float32)
    top, right, zero, one = np.float32(height + 1), np.float32(width + 1), np.float32(0), np.float32(1)
    byte, half, step = np.uint32(255), np.float32(0.5), np.int32(stride)
    for i in range(n):
        for y in range(height):
            for x in range(width):
                border[y + 1, x + 1] = images[i, y, x]
        for y in range(height + 2):
            above, below = border[y], border[y + 1]
            row = around[y * stride : (y + 1) * stride]
            for x in range(stride):
                upper = np.uint32(above[x]) | np.uint32(above[x + 1]) << np.uint32(8)
                lower = np.uint32(below[x]) | np.uint32(below[x + 1]) << np.uint32(8)
                row[x] = upper | lower << np.uint32(16)
        a, b, c, d = matrices[i, 0, 0], matrices[i, 0, 1], matrices[i, 1, 0], matrices[i, 1, 1]
        y0, x0 = offsets[i, 0] + one, offsets[i, 1] + one
        for k in range(size):
            down[k] = a * ys[k] + b * xs[k] + y0
            along[k] = c * ys[k] + d * xs[k] + x0
        if bent:
            bends_down, bends_along = bends[i, 0], bends[i, 1]
            for k in range(size):
                down[k] += bends_down[k]
                along[k] += bends_along[k]
        for k in range(size):
            y_in = min(max(down[k], zero), top)
            x_in = min(max(along[k], zero), right)
            iy, ix = np.int32(y_in), np.int32(x_in)
            down[k], along[k] = y_in - np.float32(iy), x_in - np.float32(ix)
            places[k] = iy * step + ix
        for k in range(size):
            found[k] = around[np.uint32(places[k])]
        levels = flat[i]
        for k in range(size):
            four = found[k]
            first, second = np.float32(four & byte), np.float32(four >> np.uint32(8) & byte)
            third, fourth = np.float32(four >> np.uint32(16) & byte), np.float32(four >> np.uint32(24))
            upper = first + along[k] * (second - first)
            lower = third + along[k] * (fourth - third)
            levels[k] = np.uint8(np.int32(upper + down[k] * (lower - upper) + half))


@kernel()
def translate(images: np.ndarray, moves: np.ndarray, out: np.ndarray) -> None:
    """Move each image by parts of a pixel, down and to the right, bilinearly, 0 outside.

    The shares of the four pixels around each place are the same all over an image: nothing is looked up.

    Parameters
    ----------
    images, out : ndarray of uint8, shape (n, height, width)
    moves : ndarray of float32, shape (n, 2)
    """
    n, height, width = images.shape
    half = np.float32(0.5)
    row, rows = np.zeros(width + 1, np.float32), np.empty((height + 1, width), np.float32)
    for i in range(n):
        y_from = -min(max(moves[i, 0], np.float32(-height - 1)), np.float32(height + 1))
        x_from = -min(max(moves[i, 1], np.float32(-width - 1)), np.float32(width + 1))
        top, left = int(np.floor(y_from)), int(np.floor(x_from))
        down, along = np.float32(y_from - top), np.float32(x_from - left)
        start = min(max(0, -left), width + 1)
        stop = max(start, min(width + 1, width - left))
        for y in range(height + 1):
            for x in range(width + 1):
                row[x] = 0
            if 0 <= y + top < height:
                seen, shown = images[i, y + top, start + left : stop + left], row[start:stop]
                for x in range(seen.size):
                    shown[x] = seen[x]
            for x in range(width):
                rows[y, x] = row[x] + along * (row[x + 1] - row[x])
        for y in range(height):
            for x in range(width):
                level = rows[y, x] + down * (rows[y + 1, x] - rows[y, x])
                out[i, y, x] = np.uint8(np.int32(level + half))


@kernel()
def fill_fields(coefficients: np.ndarray, rows: np.ndarray, columns: np.ndarray, fields: np.ndarray) -> None:
    """Write ``rows @ coefficient @ columns`` for both directions of every image.

    Parameters
    ----------
    coefficients : ndarray of float32, shape (n, 2, p, q)
    rows : ndarray of float32, shape (height, p)
    columns : ndarray of float32, shape (q, width)
    fields : ndarray of float32, shape (n, 2, height, width)
    """
    p, q = coefficients.shape[2:]
    height, width = fields.shape[2:]
    half = np.empty((p, width), np.float32)
    for i in range(fields.shape[0]):
        for axis in range(2):
            half[:] = 0
            for j in range(p):
                for k in range(q):
                    weight = coefficients[i, axis, j, k]
                    for x in range(width):
                        half[j, x] += weight * columns[k, x]
            for y in range(height):
                for x in range(width):
                    fields[i, axis, y, x] = 0
                for j in range(p):
                    weight = rows[y, j]
                    for x in range(width):
                        fields[i, axis, y, x] += weight * half[j, x]


@kernel()
def fill_poses(images: np.ndarray, slant: bool, aspect: bool, matrices: np.ndarray, offsets: np.ndarray) -> None:
    """Write the maps that bring each image into the same pose: its centre of ink to the middle, and what is asked.

    Blank images stay as they are; those one pixel high or wide keep their slant and aspect.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width)
    slant, aspect : bool
        What is taken out; see `misread.images.deform.normalise`.
    matrices, offsets : ndarray of float32, shapes (n, 2, 2) and (n, 2)
    """
    n, height, width = images.shape
    for i in range(n):
        mass, sum_y, sum_x, sum_yy, sum_xy, sum_xx = 0, 0, 0, 0, 0, 0
        for y in range(height):
            row_mass, row_x = 0, 0
            for x in range(width):
                row_mass += int(images[i, y, x])
                row_x += x * int(images[i, y, x])
                sum_xx += x * x * int(images[i, y, x])
            mass += row_mass
            sum_y += y * row_mass
            sum_x += row_x
            sum_yy += y * y * row_mass
            sum_xy += y * row_x
        matrices[i, 0, 0] = matrices[i, 1, 1] = 1
        matrices[i, 0, 1] = matrices[i, 1, 0] = 0
        offsets[i, 0] = offsets[i, 1] = 0
        if mass == 0:
            continue
        mean_y, mean_x = sum_y / mass, sum_x / mass
        variance_y = sum_yy / mass - mean_y * mean_y
        variance_x = sum_xx / mass - mean_x * mean_x
        lean, step_y, step_x = 0.0, 1.0, 1.0
        if slant and variance_y > _LEAST_VARIANCE:
            covariance = sum_xy / mass - mean_y * mean_x
            lean = covariance / variance_y
            variance_x -= lean * covariance
        if aspect and variance_y > _LEAST_VARIANCE and variance_x > _LEAST_VARIANCE:
            narrow = (variance_x / variance_y) ** 0.25
            step_x = min(max(narrow / _NARROW, _LEAST_STEP), 1.0)
            step_y = min(max(1 / (narrow * _NARROW), _LEAST_STEP), 1.0)
        middle_y, middle_x = (height - 1) / 2, (width - 1) / 2
        matrices[i, 0, 0], matrices[i, 1, 0], matrices[i, 1, 1] = step_y, lean * step_y, step_x
        offsets[i, 0] = mean_y - step_y * middle_y
        offsets[i, 1] = mean_x - step_x * middle_x - lean * step_y * middle_y
