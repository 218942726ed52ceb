"""How good an exported model is that does not answer quite like ours: rounding has its price, and it is told."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.bundle import Bundle
from misread.errors import ModelFileError

__all__ = ["Measured", "measure"]


@dataclass(frozen=True)
class Measured:
    """Answers on images, counted.

    Attributes
    ----------
    n : int
        Images.
    same : int
        Answered like the model that it is from.
    right, right_before : int or None
        Answered rightly, by the exported model and by the model that it is from; None where nobody knows.
    on : {'test', 'training'}
        Which images these are.
    """

    n: int
    same: int
    right: int | None
    right_before: int | None
    on: str

    @classmethod
    def from_json(cls, document: Any) -> "Measured":
        """Read what `as_json` wrote.

        Raises
        ------
        ModelFileError
            If a value is missing or of another kind.
        """
        known = document if isinstance(document, dict) else {}
        n, same, right, before = (known.get(name) for name in ("n", "same", "right", "right_before"))
        counts = all(type(one) is int and 0 <= one < 2**53 for one in (n, same))
        shares = all(one is None or (type(one) is int and 0 <= one < 2**53) for one in (right, before))
        if not (counts and shares and (right is None) == (before is None) and n):
            raise ModelFileError("what it says of its accuracy makes no sense; the file is damaged")
        return cls(int(n), int(same or 0), right, before, str(known.get("on"))[:20])

    def as_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        return asdict(self)

    def in_words(self) -> list[str]:
        """Lines such as '9,132 of 10,000 test images read rightly; the model it is from 9,137'."""
        lines = [f"{self.same:,} of {self.n:,} {self.on} images answered like the model that it is from"]
        if self.right is not None:
            lines.append(f"{self.right:,} of these {self.n:,} answered rightly; that model {self.right_before:,}")
        return lines


def measure(
    bundle: Bundle, images: NDArray[np.uint8], truth: NDArray[np.int64] | None, theirs: NDArray[np.int64]
) -> Measured:
    """Count an exported model's answers on test images with a truth or, without one, on training images.

    Parameters
    ----------
    bundle : Bundle
        What it is from.
    images : ndarray of uint8, shape (n, height, width)
    truth : ndarray of int64, shape (n,), or None
        As labels of the model: class codes, or of a detector 0 and 1.
    theirs : ndarray of int64, shape (n,)
    """
    ours = bundle.answer(images).labels.astype(np.int64)
    same = int(np.count_nonzero(ours == theirs))
    if truth is None:
        return Measured(len(images), same, None, None, "training")
    right, before = (int(np.count_nonzero(one == truth)) for one in (theirs, ours))
    return Measured(len(images), same, right, before, "test")
