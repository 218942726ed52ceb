"""Ask a model about many images: on this machine, or in blocks on the workers of a cluster."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import chain
from typing import Any

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from numpy.typing import NDArray

from misread.bundle.model import Bundle
from misread.bundle.readings import Readings
from misread.data.asked import Asked
from misread.errors import FormatError
from misread.parallel import Shared, inner_threads, is_local

__all__ = ["BATCH", "Answered", "answer_all", "answer_batches", "at_a_time"]

BATCH = 512
_BATCHES_EACH = 4
_ROWS = 8_192


@dataclass(frozen=True, eq=False)
class Answered:
    """What was said of some images.

    Attributes
    ----------
    reasons : list of str
        Of every image, why it cannot be read; "" of those that can.
    images : ndarray of uint8, shape (n, height, width), or None
        Those that can, as the model saw them; None where there are none.
    answers : Readings or None
        Of these.
    """

    reasons: list[str]
    images: NDArray[np.uint8] | None = None
    answers: Readings | None = None


def at_a_time() -> int:
    """How many images `answer_batches` is to be given at a time: a batch, or some for every worker."""
    return BATCH if is_local() else BATCH * _BATCHES_EACH * effective_n_jobs()


def answer_batches(bundle: Shared, some: Sequence[Asked]) -> Iterator[tuple[Sequence[Asked], Answered]]:
    """Read images and ask the model that is shared about them; gives them batch by batch, in their order.

    On a cluster the workers read the files. What one of them cannot read is tried here, too: it may be that only
    this machine has it.
    """
    batches = [some[start : start + BATCH] for start in range(0, len(some), BATCH)]
    if is_local():
        yield from ((batch, _ask(bundle.value, batch)) for batch in batches)
        return
    for batch, told in zip(batches, Parallel()(delayed(_ask_there)(bundle, one) for one in batches), strict=True):
        _check(told.reasons, len(batch))
        yield batch, _ask(bundle.value, batch) if any(told.reasons) else told


def answer_all(bundle: Bundle, images: NDArray[np.uint8]) -> Readings:
    """What `Bundle.answer` says of prepared images; on a cluster the workers share them."""
    if is_local():
        return bundle.answer(images)
    shared = Shared(bundle, bundle.example_images.nbytes)
    blocks = [slice(start, start + _ROWS) for start in range(0, len(images), _ROWS)]
    parts = Parallel()(delayed(_answer_there)(shared, images, block) for block in blocks)
    _check([name for part in parts for name in part.names], len(images))
    return _together(parts)


def _ask(bundle: Bundle, some: Sequence[Asked]) -> Answered:
    greys, reasons = [], []
    for one in some:
        try:
            greys.append(bundle.prepare(one.read()))
            reasons.append("")
        except FormatError as error:
            reasons.append(str(error))
    if not greys:
        return Answered(reasons)
    images = np.stack(greys)
    return Answered(reasons, images, bundle.answer(images))


def _ask_there(bundle: Shared, some: Sequence[Asked]) -> Answered:
    with inner_threads(1):
        return _ask(bundle.value, some)


def _answer_there(bundle: Shared, images: NDArray[np.uint8], block: slice) -> Readings:
    with inner_threads(1):
        answers: Readings = bundle.value.answer(images[block])
        return answers


def _check(told: Sequence[Any], n_images: int) -> None:
    if len(told) != n_images:
        raise ValueError(f"workers answered about {len(told):,} images of {n_images:,}")


def _together(parts: Sequence[Readings]) -> Readings:
    joined: dict[str, Any] = {}
    for one in fields(Readings):
        values = [getattr(part, one.name) for part in parts]
        if one.name == "names":
            joined[one.name] = list(chain.from_iterable(values))
        else:
            joined[one.name] = None if values[0] is None else np.concatenate(values)
    return Readings(**joined)
