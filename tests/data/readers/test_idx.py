"""Reading IDX: what is right comes back exactly, what is wrong is our error and costs no memory."""

import gzip
import hashlib
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from misread.data.readers.idx import idx_header, idx_sha256, read_idx, write_idx
from misread.errors import DataError, FormatError

ARRAYS = st.one_of(
    npst.arrays(np.uint8, st.tuples(st.integers(1, 50))),
    npst.arrays(np.uint8, st.tuples(*[st.integers(1, 6)] * 3)),
)


@given(ARRAYS, st.sampled_from(["", ".gz"]))
def test_round_trip(tmp_path_factory, array, suffix):
    path = tmp_path_factory.mktemp("idx") / f"file{suffix}"
    write_idx(path, array)
    np.testing.assert_array_equal(read_idx(path, ndim=array.ndim), array)
    content = path.read_bytes()
    plain = gzip.decompress(content) if suffix else content
    assert idx_sha256(array) == hashlib.sha256(plain).hexdigest()


def test_layout_is_the_published_one(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"\0\0\x08\x03" + struct.pack(">III", 2, 1, 3) + bytes(range(6)))
    np.testing.assert_array_equal(read_idx(path, ndim=3), [[[0, 1, 2]], [[3, 4, 5]]])


@given(content=st.binary(max_size=64), ndim=st.sampled_from([1, 3]), compress=st.booleans())
def test_random_bytes_give_our_error_or_an_array(tmp_path_factory, content, ndim, compress):
    check_harmless(tmp_path_factory.mktemp("idx") / "x", gzip.compress(content) if compress else content, ndim)


@settings(max_examples=600)
@given(data=st.data(), compress=st.booleans())
def test_mutations_of_a_valid_file(tmp_path_factory, data, compress):
    array = np.arange(60, dtype=np.uint8).reshape(5, 4, 3)
    content = idx_header(array.shape) + array.tobytes()
    mutated = bytearray(gzip.compress(content, mtime=0) if compress else content)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(len(mutated) - 1, 0)))
        match data.draw(st.sampled_from(["set", "cut", "insert", "delete", "ones"])):
            case "set":
                mutated[at : at + 1] = data.draw(st.binary(min_size=1, max_size=1))
            case "cut":
                del mutated[at:]
            case "insert":
                mutated[at:at] = data.draw(st.binary(max_size=20))
            case "delete":
                del mutated[at : at + 3]
            case "ones":
                mutated[at : at + 4] = b"\xff" * 4
    check_harmless(tmp_path_factory.mktemp("idx") / "x", bytes(mutated), 3)


def check_harmless(path, content, ndim):
    path.write_bytes(content)
    tracemalloc.start()
    try:
        array = read_idx(path, ndim=ndim)
        assert array.ndim == ndim
        assert array.dtype == np.uint8
    except FormatError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 4_000_000


def images(*shape):
    return b"\0\0\x08\x03" + struct.pack(">III", *shape)


BOMB = gzip.compress(images(2, 2, 2) + bytes(50_000_000))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an IDX file"),
        (b"\0\0", "not an IDX file"),
        (b"<html>404</html>", "not an IDX file"),
        (gzip.compress(b"<html>404</html>"), "not an IDX file"),
        (b"\0\0\x0d\x03" + bytes(12), "type code 0x0d"),
        (b"\0\0\x08\x02" + bytes(12), "expected images"),
        (b"\0\0\x08\x01" + struct.pack(">I", 3) + b"abc", "holds labels, expected images"),
        (b"\0\0\x08\x03\0\0", "truncated inside its header"),
        (images(0, 28, 28), "holds no images"),
        (images(5, 0, 28), "holds no images"),
        (images(2**32 - 1, 2**32 - 1, 2**32 - 1) + b"x", "limit"),
        (images(4_000_000_000, 1, 1), "limit"),
        (images(2_000_000, 28, 28) + b"x", "more than the file can hold"),
        (gzip.compress(images(2_000_000, 28, 28) + b"x"), "more than the file can hold"),
        (images(2, 2, 2) + bytes(7), "more than the file can hold|truncated"),
        (gzip.compress(images(2, 2, 2) + bytes(7)), "truncated, 7 of the 8"),
        (gzip.compress(images(2, 2, 2) + bytes(8))[:-9], "truncated"),
        (images(2, 2, 2) + bytes(9), "holds more than the 8"),
        (gzip.compress(images(2, 2, 2) + bytes(8)) + b"trailing", "truncated or corrupt|more than"),
        (BOMB, "holds more than the 8"),
    ],
    ids=range(20),
)
def test_hostile_files(tmp_path, content, message):
    path = tmp_path / "x"
    path.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(FormatError, match=message):
        read_idx(path, ndim=3)
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()


def test_images_given_as_labels(tmp_path):
    write_idx(tmp_path / "x", np.zeros((2, 2, 2), np.uint8))
    with pytest.raises(FormatError, match="holds images, expected labels; are the files swapped"):
        read_idx(tmp_path / "x", ndim=1)


def test_missing_file_and_folder(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(DataError, match="cannot be read"):
            read_idx(path, ndim=3)
