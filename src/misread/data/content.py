"""Images by their content: what stays the same when a folder grows, is renamed or is put in another order."""

import hashlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["hash_in_digits", "image_hashes"]


def image_hashes(images: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """A hash of the pixels of each image.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, height, width)

    Returns
    -------
    ndarray of uint64, shape (n,)
        Evenly spread over all numbers; copies of an image share theirs, other images do but by a chance of one
        in 2**64 for each pair.
    """
    digests = b"".join(hashlib.blake2b(image.tobytes(), digest_size=8).digest() for image in images)
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def hash_in_digits(value: int | np.uint64) -> str:
    """Write a hash as files hold it: 16 hexadecimal digits.

    Examples
    --------
    >>> hash_in_digits(255)
    '00000000000000ff'
    """
    return f"{int(value):016x}"
