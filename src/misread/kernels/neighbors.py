"""Exact nearest neighbours among images of small integers: embed, screen, measure.

Every image x becomes a vector v(x) of 64 small integers such that, for a known scale s and slack e,

    |v(x) - v(y)| <= s |x - y| + e        for all images x and y.        (1)

A query u screens 64 images per tile with exact int16 products: an image whose v lies further from it than
s sqrt(T) + e cannot be within the squared distance T. Only images that pass get their exact distance, in
integers, and T shrinks to the k-th distance found so far. No result depends on how good the embedding is, only
the time does.

Why (1) holds. Let m be any integer vector, W any integer matrix of at most 63 rows, and A = unit W with
unit <= 1 / sqrt(largest absolute row sum of W W'). That row sum bounds the spectral norm of W W', so A is a
contraction. The map

    f(x) = (A (x - m), sqrt(|x - m|^2 - |A (x - m)|^2))

never stretches: the root is |R (x - m)| with R = (I - A'A)^(1/2), so the squared distance of two images under f
is at most |A (x - y)|^2 + |R (x - y)|^2 = |x - y|^2. Also |f(x)| = |x - m|. Scaling by s stretches by s; pulling
a point from outside the ball of radius RADIUS to its surface is the projection on a convex set and never
stretches. Rounding moves each of the 64 coordinates by at most 1/2. W (x - m) is exact in int32; the sums of 64
float64 terms after it err by less than 80 * 2^-53 |x - m|^2 < 1e-14 |x - m|^2 under the root, so by less than
1e-7 |x - m| s <= 0.004 after it, and what else is rounded adds less than that. A point moves by less than
sqrt(64) * 0.51, and a difference of two by less than SLACK = 2 * 8 * 0.51 = e.

Why int32 is enough. |v| < 32,005, so by Cauchy-Schwarz every partial sum of u . v stays below 32,005^2 < 2^30,
and |v|^2 / 2 below 2^29. |u - v|^2 <= reach^2 is u . v - |v|^2 / 2 >= (|u|^2 - reach^2) / 2, which is tested with
the left side rounded up and the right side rounded down.
"""

from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from misread.kernels.jit import inner, part, read_only
from misread.kernels.neighbors_tiles import (
    LANES,
    ROWS,
    lowest_bit,
    row_address,
    squares_of_bytes,
    tile_hits,
    tile_products,
)

__all__ = [
    "NEVER",
    "RADIUS",
    "SLACK",
    "Pixels",
    "Scratch",
    "embed_images",
    "encode_columns",
    "mark_values",
    "search_images",
    "vote_columns",
]

RADIUS = 32_000.0
SLACK = 2 * 8 * 0.51
PAIRS = LANES // 2
BYTES_AT_ONCE = 512_000
TILES_IN_CACHE = 32
NEVER = -(2**31) + 1


class Pixels(NamedTuple):
    """Images of either kind in one type, so that a kernel is compiled once; the other kind's array has no rows."""

    bytes: NDArray[np.uint8]
    words: NDArray[np.uint16]

    @classmethod
    def of(cls, images: NDArray[Any]) -> Self:
        """Images of shape (n, n_features), uint8 or uint16; not copied."""
        rows = read_only(np.ascontiguousarray(images))
        none = rows[:0]
        if rows.dtype == np.uint8:
            return cls(rows, read_only(none.astype(np.uint16)))
        return cls(read_only(none.astype(np.uint8)), rows)


class Scratch(NamedTuple):
    """Arrays that one search writes to; see there."""

    products: NDArray[np.int32]  # (ROWS, LANES)
    counts: NDArray[np.int64]  # (n_queries,) neighbours held
    radii: NDArray[np.int64]  # (n_queries,) squared distance up to which an image may be one
    limits: NDArray[np.int32]  # (n_queries in whole ROWS,) product that such an image must reach
    masks: NDArray[np.uint64]  # (ROWS,) images of a tile that do

    @classmethod
    def of(cls, n_queries: int) -> Self:
        """For so many queries: nothing held, any image near enough, and none where there is no query."""
        return cls(
            products=np.empty((ROWS, LANES), np.int32),
            counts=np.zeros(n_queries, np.int64),
            radii=np.full(n_queries, 2**62, np.int64),
            limits=np.full(-(-n_queries // ROWS) * ROWS, 2**31 - 1, np.int32),
            masks=np.zeros(ROWS, np.uint64),
        )


@part()
def _count(images):
    return max(images.bytes.shape[0], images.words.shape[0])


@inner()
def _value(images, i, j):
    return np.int32(images.bytes[i, j]) if images.bytes.shape[0] else np.int32(images.words[i, j])


@inner()
def _squared_distance(queries, q, images, i):
    """Squared distance of two rows as an exact int64."""
    features = images.bytes.shape[1]
    done = 0
    total = np.int64(0)
    if queries.bytes.shape[0] and images.bytes.shape[0]:
        left, right = row_address(queries.bytes, q), row_address(images.bytes, i)
        while features - done >= 16:
            count = min((features - done) // 16 * 16, BYTES_AT_ONCE)
            total += squares_of_bytes(left + np.uintp(done), right + np.uintp(done), count)
            done += count
    for j in range(done, features):
        difference = np.int64(_value(queries, q, j) - _value(images, i, j))
        total += difference * difference
    return total


@inner()
def _keep_nearest(distances, indices, count, distance, index):
    """Offer a neighbour to a max-heap ordered by (distance, index); the number held after it."""
    size = distances.shape[0]
    if count < size:
        hole = count
        while hole > 0:
            parent = (hole - 1) // 2
            if distances[parent] > distance or (distances[parent] == distance and indices[parent] > index):
                break
            distances[hole], indices[hole] = distances[parent], indices[parent]
            hole = parent
        distances[hole], indices[hole] = distance, index
        return count + 1
    if distance < distances[0] or (distance == distances[0] and index < indices[0]):
        _sink(distances, indices, size, distance, index)
    return count


@inner()
def _sink(distances, indices, size, distance, index):
    """Replace the root of a heap of `size` entries."""
    hole = 0
    while True:
        child = 2 * hole + 1
        if child >= size:
            break
        other = child + 1
        if other < size and (
            distances[other] > distances[child]
            or (distances[other] == distances[child] and indices[other] > indices[child])
        ):
            child = other
        if distances[child] < distance or (distances[child] == distance and indices[child] < index):
            break
        distances[hole], indices[hole] = distances[child], indices[child]
        hole = child
    distances[hole], indices[hole] = distance, index


@inner()
def _sort_heap(distances, indices):
    for last in range(distances.shape[0] - 1, 0, -1):
        distance, index = distances[last], indices[last]
        distances[last], indices[last] = distances[0], indices[0]
        _sink(distances, indices, last, distance, index)


@inner()
def embed_images(images, mean, axes, unit, scale, centred, products, norms, out):
    """Write v(x), see the module, of each image into a row of `out`.

    Parameters
    ----------
    images : Pixels
    mean : ndarray of shape (n_features,), int32
        m of the module's proof.
    axes : ndarray of shape (ceil(n_features / 2), LANES, 2), int16
        W, packed by pairs of features; its last lane is zero.
    unit, scale : float
        Of the module's proof.
    centred : ndarray of zeros of shape (ROWS, n_features or one more), int16
        Scratch, as long as `axes`; so are `products` (ROWS, LANES), int32, and `norms` (ROWS,), float64.
    out : ndarray of shape (at least n_images, LANES), int16
    """
    n_images = _count(images)
    for start in range(0, n_images, ROWS):
        rows = min(ROWS, n_images - start)
        for row in range(rows):
            norm = np.int64(0)
            for j in range(mean.size):
                value = _value(images, start + row, j) - mean[j]
                centred[row, j] = value
                norm += value * value
            norms[row] = norm
        tile_products(
            row_address(centred, 0),
            centred.strides[0],
            row_address(axes, 0),
            axes.shape[0],
            row_address(products, 0),
        )
        for row in range(rows):
            size = np.sqrt(norms[row])
            stretch = scale if size * scale <= RADIUS else RADIUS / size
            rest = norms[row]
            for c in range(LANES - 1):
                coordinate = products[row, c] * unit
                rest -= coordinate * coordinate
                out[start + row, c] = np.int16(np.rint(coordinate * stretch))
            out[start + row, LANES - 1] = np.int16(np.rint(np.sqrt(max(rest, 0.0)) * stretch))


@inner()
def _limit(squared_norm, scale, radius):
    """The product a neighbour within the squared distance `radius` must reach (none can, if it is negative)."""
    if radius < 0:
        return np.int32(2**31 - 1)
    reach = scale * np.sqrt(float(radius)) * (1 + 1e-12) + SLACK
    limit = np.floor((squared_norm - reach * reach) / 2) - 1
    return np.int32(max(limit, float(NEVER + 1)))


@part()
def _seed_radii(queries, images, vectors, tiles, halves, step, scratch, distances, indices):
    """An upper bound of each query's k-th squared distance: k images that look near in every step-th tile."""
    k = distances.shape[1]
    products, counts, radii = scratch.products, scratch.counts, scratch.radii
    for start in range(0, counts.size, ROWS):
        rows = min(ROWS, counts.size - start)
        for tile in range(0, tiles.shape[0], step):
            tile_products(
                row_address(vectors, start),
                vectors.strides[0],
                row_address(tiles, tile),
                PAIRS,
                row_address(products, 0),
            )
            for row in range(rows):
                q = start + row
                for lane in range(LANES):
                    far = -np.int64(products[row, lane]) - halves[tile, lane]
                    if (counts[q] < k or far < distances[q, 0]) and halves[tile, lane] != NEVER:
                        counts[q] = _keep_nearest(distances[q], indices[q], counts[q], far, tile * LANES + lane)
        for q in range(start, start + rows):
            if counts[q] == k:
                radii[q] = 0
                for place in range(k):
                    radii[q] = max(radii[q], _squared_distance(queries, q, images, indices[q, place]))
            counts[q] = 0


@part()
def _pass_all(masks, n_queries, n_images):
    """Let up to ROWS queries meet up to LANES images, as `tile_hits` would if all were near."""
    everyone = np.uint64(2**64 - 1) >> np.uint64(max(LANES - n_images, 0))
    for row in range(ROWS):
        masks[row] = everyone if row < n_queries else np.uint64(0)
    return 1


@inner()
def search_images(queries, images, vectors, norms, scale, tiles, halves, step, scratch, distances, indices):
    """Find the nearest images of each query, by the screen or, without tiles, from all distances.

    Parameters
    ----------
    queries, images : Pixels
    vectors : ndarray of shape (n_queries in whole ROWS, LANES), int16
        v(u) of each query, zeros at the end.
    norms : ndarray of shape (n_queries,), int64
        |v(u)|^2.
    scale : float
        Of the module's proof.
    tiles : ndarray of shape (n_tiles, LANES / 2, LANES, 2), int16
        v(x), 64 images per tile, packed by pairs of coordinates; no tiles: no screen.
    halves : ndarray of shape (n_tiles, LANES), int32
        -floor(|v|^2 / 2); NEVER at places beyond the last image.
    step : int
        The first radius comes from every step-th tile.
    scratch : Scratch
    distances, indices : ndarray of shape (n_queries, k), int64
        Receive the squared distances and the image numbers, nearest first, the lower number first among equal
        distances.
    """
    n_queries, k = distances.shape
    n_images = _count(images)
    n_tiles = (n_images + LANES - 1) // LANES
    is_screened = tiles.shape[0] > 0
    counts, radii, limits, masks = scratch.counts, scratch.radii, scratch.limits, scratch.masks
    one = np.uint64(1)
    if is_screened:
        _seed_radii(queries, images, vectors, tiles, halves, step, scratch, distances, indices)
        for q in range(n_queries):
            limits[q] = _limit(norms[q], scale, radii[q])
    for block in range(0, n_tiles, TILES_IN_CACHE):
        for start in range(0, n_queries, ROWS):
            for tile in range(block, min(block + TILES_IN_CACHE, n_tiles)):
                if is_screened:
                    hits = tile_hits(
                        row_address(vectors, start),
                        vectors.strides[0],
                        row_address(tiles, tile),
                        PAIRS,
                        row_address(halves, tile),
                        row_address(limits, start),
                        row_address(masks, 0),
                    )
                else:
                    hits = _pass_all(masks, n_queries - start, n_images - tile * LANES)
                if hits == 0:
                    continue
                for row in range(ROWS):
                    mask = masks[row]
                    if mask == 0:
                        continue
                    q = start + row
                    while mask != 0:
                        image = tile * LANES + lowest_bit(mask)
                        mask &= mask - one
                        distance = _squared_distance(queries, q, images, image)
                        if distance <= radii[q]:
                            counts[q] = _keep_nearest(distances[q], indices[q], counts[q], distance, image)
                            if counts[q] == k:
                                # Images come in ascending order: one as far as the k-th loses the tie.
                                radii[q] = distances[q, 0] - 1
                    if is_screened:
                        limits[q] = _limit(norms[q], scale, radii[q])
    for q in range(n_queries):
        _sort_heap(distances[q], indices[q])


@inner()
def mark_values(columns, present):
    """Set `present[column, value]` for every value (uint8) that occurs in a column."""
    for i in range(columns.shape[0]):
        for column in range(columns.shape[1]):
            present[column, columns[i, column]] = True


@inner()
def encode_columns(columns, codes, out):
    """Replace every value (uint8) by `codes[column, value]`."""
    for i in range(columns.shape[0]):
        for column in range(columns.shape[1]):
            out[i, column] = codes[column, columns[i, column]]


@inner()
def vote_columns(codes, indices, weights, votes, out):
    """The class code (uint8) with the most weight among the neighbours, per query and column; ties to the lowest.

    Weights of a class are added in the order of the neighbours. `votes` is scratch: 256 zeros (float64).
    """
    for q in range(indices.shape[0]):
        for column in range(codes.shape[1]):
            for place in range(indices.shape[1]):
                votes[codes[indices[q, place], column]] += weights[q, place]
            best = codes[indices[q, 0], column]
            for place in range(1, indices.shape[1]):
                code = codes[indices[q, place], column]
                if votes[code] > votes[best] or (votes[code] == votes[best] and code < best):
                    best = code
            out[q, column] = best
            for place in range(indices.shape[1]):
                votes[codes[indices[q, place], column]] = 0.0
