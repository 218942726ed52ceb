"""Register tiles against plain NumPy, on this processor's widest vectors and on narrow ones."""

import numpy as np
import pytest
from numba import njit

from misread.kernels import neighbors_tiles as tiles
from misread.kernels.neighbors_tiles import LANES, ROWS


@pytest.fixture(params=["this processor", "narrow vectors"])
def vectors(request, monkeypatch):
    if request.param == "narrow vectors":
        monkeypatch.setattr(tiles, "_vectors_at_once", lambda: 1)


def packed(columns):
    """Columns (LANES, 2 * pairs) as the tiles read them: (pairs, LANES, 2)."""
    return np.ascontiguousarray(columns.reshape(LANES, -1, 2).transpose(1, 0, 2))


@pytest.fixture(params=[1, 3, 32])
def tile(request):
    rng = np.random.default_rng(request.param)
    largest = int(np.sqrt(2**30 / (2 * request.param)))
    largest = min(largest, 32_005)
    rows, columns = (rng.integers(-largest, largest + 1, (n, 2 * request.param), np.int16) for n in (ROWS, LANES))
    rows[0], columns[0] = largest, largest
    rows[1], columns[1] = -largest, largest
    return rows, columns


def test_products(vectors, tile):
    @njit
    def run(rows, lanes, out):
        tiles.tile_products(rows.ctypes.data, rows.strides[0], lanes.ctypes.data, lanes.shape[0], out.ctypes.data)

    rows, columns = tile
    out = np.empty((ROWS, LANES), np.int32)
    run(rows, packed(columns), out)
    np.testing.assert_array_equal(out, rows.astype(np.int64) @ columns.T.astype(np.int64))


def test_hits(vectors, tile):
    @njit
    def run(rows, lanes, start, limits, out):
        return tiles.tile_hits(
            rows.ctypes.data,
            rows.strides[0],
            lanes.ctypes.data,
            lanes.shape[0],
            start.ctypes.data,
            limits.ctypes.data,
            out.ctypes.data,
        )

    rows, columns = tile
    rng = np.random.default_rng(1)
    start = rng.integers(-(2**28), 2**28, LANES).astype(np.int32)
    sums = start + rows.astype(np.int64) @ columns.T.astype(np.int64)
    limits = np.median(sums, axis=1).astype(np.int32)
    limits[2] = sums[2, 5]  # equal is a hit
    limits[3] = np.iinfo(np.int32).max
    out = np.empty(ROWS, np.uint64)
    seen = run(rows, packed(columns), start, limits, out)
    found = (out[:, None] >> np.arange(LANES, dtype=np.uint64)) & np.uint64(1)
    np.testing.assert_array_equal(found.astype(bool), sums >= limits[:, None])
    assert bool(seen) == bool((sums >= limits[:, None]).any())


@pytest.mark.parametrize("count", [0, 16, 48, 64, 80, 784, 4096, 512_000])
def test_squares_of_bytes(count):
    @njit
    def run(left, right):
        return tiles.squares_of_bytes(left.ctypes.data, right.ctypes.data, left.size)

    rng = np.random.default_rng(count)
    left, right = (rng.integers(0, 256, count, np.uint8) for _ in range(2))
    assert run(left, right) == ((left.astype(np.int64) - right) ** 2).sum()
    left[:], right[:] = 0, 255
    assert run(left, right) == 255**2 * count


def test_the_lowest_bit():
    @njit
    def run(mask):
        return tiles.lowest_bit(mask)

    for mask in (1, 6, 2**63, 2**63 + 2**40):
        assert run(np.uint64(mask)) == (mask & -mask).bit_length() - 1
