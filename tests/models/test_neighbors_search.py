"""The exact search against distances computed the slow, obvious way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from joblib import parallel_config

from misread.errors import ParameterError
from misread.kernels import neighbors as kernels
from misread.kernels.neighbors_tiles import LANES
from misread.models import neighbors_search
from misread.models.neighbors_search import NeighborSearch, as_small_integers


def brute_force(images, queries, k):
    """Squared distances in int64, nearest first, the lower index first among equals."""
    rows = [((images.astype(np.int64) - q.astype(np.int64)) ** 2).sum(axis=1) for q in queries]
    distances = np.array(rows).reshape(len(queries), len(images))
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distances, order, axis=1), order


@pytest.fixture
def always_screen(monkeypatch):
    """Use the screen however little there is to gain."""
    for name in ("_FEW_IMAGES", "_FEW_QUERIES", "_NEIGHBOR_SHARE"):
        monkeypatch.setattr(neighbors_search, name, 1)


def check(images, queries, k, n_jobs=None):
    expected = brute_force(images, queries, k)
    found = NeighborSearch(images).nearest(queries, k, n_jobs)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


def screened(images, queries, k):
    """Check with the screen, and that it was indeed used, unless it was not made for what is asked."""
    search = NeighborSearch(images)
    expected = brute_force(images, queries, k)
    found = search.nearest(queries, k)
    beyond = queries.dtype != np.uint8 and queries.max() > search._furthest
    assert search._screen is not None or beyond
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


def blobs(rng, n, features, top=255):
    """Images around a few centres, as real ones are, with values at both ends."""
    centres = rng.integers(0, top + 1, (7, features))
    noise = rng.normal(0, top / 12, (n, features))
    return np.clip(centres[rng.integers(0, 7, n)] + noise, 0, top).astype(np.uint8 if top < 256 else np.uint16)


ADVERSARIAL = {
    "blobs": lambda rng: blobs(rng, 1500, 784),
    "few features": lambda rng: blobs(rng, 700, 3),
    "exactly 63 features": lambda rng: blobs(rng, 400, 63),
    "64 features, values to 240": lambda rng: (rng.integers(0, 17, (900, 64)) * 15).astype(np.uint8),
    "one pixel": lambda rng: rng.integers(0, 256, (500, 1)).astype(np.uint8),
    "4096 features": lambda rng: blobs(rng, 200, 4096),
    "random noise": lambda rng: rng.integers(0, 256, (600, 200)).astype(np.uint8),
    "black and white": lambda rng: (rng.integers(0, 2, (600, 100)) * 255).astype(np.uint8),
    "all equal": lambda rng: np.full((300, 100), 7, np.uint8),
    "all zero": lambda rng: np.zeros((300, 100), np.uint8),
    "all white": lambda rng: np.full((130, 65), 255, np.uint8),
    "duplicates": lambda rng: np.repeat(blobs(rng, 40, 90), 25, axis=0),
    "duplicates, shuffled": lambda rng: blobs(rng, 20, 90)[rng.integers(0, 20, 700)],
    "constant features": lambda rng: np.hstack([np.full((500, 300), 255, np.uint8), blobs(rng, 500, 20)]),
    "zero rows": lambda rng: np.where(rng.random((400, 1)) < 0.5, 0, blobs(rng, 400, 80)).astype(np.uint8),
    "one far image": lambda rng: np.vstack([np.zeros((299, 256), np.uint8), np.full((1, 256), 255, np.uint8)]),
    "noisy pixels to 354": lambda rng: blobs(rng, 600, 784, 354),
    "16 bits": lambda rng: blobs(rng, 500, 100, 32_767),
    "one image": lambda rng: blobs(rng, 1, 100),
    "65 images": lambda rng: blobs(rng, 65, 100),
}


@pytest.mark.parametrize("name", ADVERSARIAL)
@pytest.mark.parametrize("k", [1, 5, None])
def test_screen_is_exact(name, k, always_screen):
    rng = np.random.default_rng(3)
    images = ADVERSARIAL[name](rng)
    fresh = images[rng.integers(0, len(images), 13)].astype(np.int64) + rng.integers(-9, 10, (13, images.shape[1]))
    fresh = np.clip(fresh, 0, np.iinfo(images.dtype).max if images.dtype == np.uint8 else 32_767)
    queries = np.vstack([images[:10], fresh, np.zeros_like(fresh[:1])]).astype(images.dtype)
    screened(images, queries, min(k or len(images), len(images)))


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_default_choice_is_exact(name):
    rng = np.random.default_rng(4)
    images = ADVERSARIAL[name](rng)
    check(images, images[-40:], min(6, len(images)))
    check(images, images[:2], len(images))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_screen_is_exact_on_anything(data):
    n, features = data.draw(st.integers(1, 150)), data.draw(st.integers(2, 90))
    top = data.draw(st.sampled_from([1, 3, 255, 354, 32_767]))
    kind = np.uint8 if top < 256 else np.uint16
    images = data.draw(arrays.arrays(kind, (n, features), elements=st.integers(0, top), fill=st.integers(0, top)))
    queries = data.draw(arrays.arrays(kind, (4, features), elements=st.integers(0, top), fill=st.integers(0, top)))
    k = data.draw(st.integers(1, n))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_FEW_IMAGES", "_FEW_QUERIES", "_NEIGHBOR_SHARE"):
            patch.setattr(neighbors_search, name, 1)
        screened(images, queries, k)


@pytest.mark.parametrize(
    ("image_top", "query_top"), [(255, 354), (255, 60_000), (354, 255), (65_535, 255), (65_535, 65_535)]
)
def test_mixed_kinds_and_large_values(image_top, query_top, always_screen):
    rng = np.random.default_rng(5)
    images, queries = blobs(rng, 300, 130, image_top), blobs(rng, 30, 130, query_top)
    check(images, queries, 7)


def test_queries_far_outside_the_images(always_screen):
    rng = np.random.default_rng(6)
    images = (blobs(rng, 300, 200) // 32).astype(np.uint8)
    screened(images, blobs(rng, 20, 200), 5)
    screened(images, np.full((20, 200), 255, np.uint8), 5)
    screened(images.astype(np.uint16), blobs(rng, 20, 200, 1000) // 4, 5)


def test_distances_beyond_32_bits():
    images = np.zeros((3, 700_000), np.uint8)
    images[1] = 255
    images[2, :-5] = 255
    squared, indices = NeighborSearch(images).nearest(np.full((1, 700_000), 255, np.uint8), 3)
    np.testing.assert_array_equal(squared, [[0, 5 * 255**2, 700_000 * 255**2]])
    np.testing.assert_array_equal(indices, [[1, 2, 0]])
    wide = np.zeros((2, 40), np.uint16)
    wide[1] = 65_535
    np.testing.assert_array_equal(NeighborSearch(wide).nearest(wide[:1], 2)[0], [[0, 40 * 65_535**2]])


@pytest.mark.parametrize("features", [1, 15, 16, 17, 31, 33, 63, 64, 65, 79, 80, 128, 143])
def test_every_row_length(features):
    rng = np.random.default_rng(features)
    images = rng.integers(0, 256, (30, features)).astype(np.uint8)
    check(images, images[:5], 30)


def test_threads_do_not_change_the_result():
    rng = np.random.default_rng(8)
    images, queries = blobs(rng, 3000, 100), blobs(rng, 1100, 100)
    search = NeighborSearch(images)
    alone = search.nearest(queries, 5, n_jobs=1)
    for jobs in (2, 3):
        np.testing.assert_array_equal(search.nearest(queries, 5, n_jobs=jobs), alone)
        np.testing.assert_array_equal(NeighborSearch(images).nearest(queries, 5, n_jobs=jobs), alone)


@pytest.mark.parametrize("backend", ["loky", "threading", "sequential"])
def test_tasks_share_memory_whatever_the_backend(backend):
    rng = np.random.default_rng(8)
    images, queries = blobs(rng, 1100, 40), blobs(rng, 600, 40)
    with parallel_config(backend=backend, n_jobs=2 if backend != "sequential" else 1):
        check(images, queries, 3)


@pytest.mark.parametrize("top", [255, 354, 32_767])
def test_the_embedding_never_stretches(top):
    rng = np.random.default_rng(9)
    images = blobs(rng, 256, 300, top)
    images[:5] = top
    images[5:9] = 0
    screen = NeighborSearch(images)._build(1)
    vectors = screen.tiles.transpose(0, 2, 1, 3).reshape(-1, LANES)[: len(images)].astype(np.int64)
    apart = np.sqrt(((vectors[:, None] - vectors[None]) ** 2).sum(axis=2))
    truth = np.sqrt(((images[:, None].astype(np.int64) - images[None].astype(np.int64)) ** 2).sum(axis=2))
    assert (apart <= screen.scale * truth + kernels.SLACK).all()
    assert np.abs(vectors).max() <= 32_005
    np.testing.assert_array_equal(screen.halves.ravel()[:256], -((vectors**2).sum(axis=1) // 2))
    # Not only safe but useful: most of a distance survives.
    far = ~np.eye(len(images), dtype=bool) & (truth > 0)
    assert np.median(apart[far] / (screen.scale * truth[far])) > 0.8


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.array([[0, 255]], np.uint8), np.uint8),
        (np.array([[0, 255]], np.int64), np.uint8),
        (np.array([[0.0, 255.0]]), np.uint8),
        (np.array([[0.0, 256.0]], np.float32), np.uint16),
        (np.array([[0, 65_535]], np.uint64), np.uint16),
        (np.array([[True, False]]), np.uint8),
        (np.array([[0, 65_536]]), None),
        (np.array([[-1, 5]]), None),
        (np.array([[0.5, 1.0]]), None),
        (np.vstack([np.zeros((99, 2)), [[0.0, 1e-300]]]), None),
        (np.array([[np.nan, 1.0]]), None),
        (np.array([[np.inf, 1.0]]), None),
        (np.array([[1j, 1.0]]), None),
        ([[1, 2]], None),
    ],
)
def test_what_counts_as_small_integers(values, kind):
    result = as_small_integers(values)
    if kind is None:
        assert result is None
    else:
        assert result.dtype == kind
        np.testing.assert_array_equal(result, values)


def test_uint8_is_not_copied():
    images = np.zeros((20, 4, 4), np.uint8)
    assert np.shares_memory(as_small_integers(images.reshape(20, -1)), images)
    assert np.shares_memory(NeighborSearch(images.reshape(20, -1)).images, images)


def test_clear_errors():
    search = NeighborSearch(np.zeros((5, 3), np.uint8))
    with pytest.raises(ParameterError, match="uint8 or uint16"):
        NeighborSearch(np.zeros((5, 3)))
    with pytest.raises(ParameterError, match="reshape"):
        NeighborSearch(np.zeros((5, 3, 3), np.uint8))
    with pytest.raises(ParameterError, match=r"\(n_queries, 3\)"):
        search.nearest(np.zeros((5, 4), np.uint8), 1)
    with pytest.raises(ParameterError, match="between 1 and 5"):
        search.nearest(np.zeros((5, 3), np.uint8), 6)
    squared, indices = search.nearest(np.zeros((0, 3), np.uint8), 2)
    assert squared.shape == indices.shape == (0, 2)
