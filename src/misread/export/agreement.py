"""Whether an exported model answers as ours does: image by image, before anything is written."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.bundle import Bundle
from misread.errors import ModelFileError, ParameterError
from misread.evaluation.scores import leads

__all__ = [
    "ROUNDED_CHANCE",
    "TOLERANCE",
    "Agreement",
    "Ask",
    "OnAsked",
    "Outputs",
    "agree",
    "images_to_compare",
    "our_answers",
]

TOLERANCE = 1e-5
"""How far a probability may be from ours, and a score, as a share of the largest."""

ROUNDED_CHANCE = 0.02
"""How far a probability may be from ours where weights were rounded: a steep curve makes much of little."""

N_RANDOM = 100
N_EXAMPLES = 500
BATCH = 250

Outputs = dict[str, NDArray[Any]]
Ask = Callable[[NDArray[np.uint8]], Outputs]
OnAsked = Callable[[int, int], None]
"""Told how many of how many images were answered."""


@dataclass(frozen=True)
class Agreement:
    """On how many images an exported model gave the same answers.

    Attributes
    ----------
    n_held_out, n_examples, n_random : int
        Images that the model was not trained on, training images, and images of noise.
    probabilities_differ : float
        The largest difference of a probability; 0 where there are none.
    checked_with : str
        What ran the exported model.
    """

    n_held_out: int
    n_examples: int
    n_random: int
    probabilities_differ: float
    checked_with: str

    @property
    def n(self) -> int:
        """Of all images."""
        return self.n_held_out + self.n_examples + self.n_random

    def as_json(self) -> dict[str, Any]:
        """The same as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Any) -> "Agreement":
        """Read what `as_json` wrote.

        Raises
        ------
        ModelFileError
            If a value is missing or of another kind.
        """
        known = document if isinstance(document, dict) else {}
        counts = [known.get(name) for name in ("n_held_out", "n_examples", "n_random")]
        distance, checked_with = known.get("probabilities_differ"), known.get("checked_with")
        if (
            not all(type(count) is int and 0 <= count < 2**53 for count in counts)
            or not isinstance(distance, float | int)
            or not 0 <= distance <= 1
            or not isinstance(checked_with, str)
        ):
            raise ModelFileError("what it says of its agreement makes no sense; the file is damaged")
        held_out, examples, noise = (int(count or 0) for count in counts)
        return cls(held_out, examples, noise, float(distance), checked_with[:200])

    def in_words(self) -> str:
        """Such as '10,000 test images, 500 training images and 100 of noise'."""
        parts = [f"{self.n_held_out:,} test images"] * (self.n_held_out > 0)
        return ", ".join([*parts, f"{self.n_examples:,} training images"]) + f" and {self.n_random:,} of noise"


@dataclass(frozen=True, eq=False)
class Compared:
    """Images to compare on, in this order: held out, examples, random.

    Attributes
    ----------
    images : ndarray of uint8, shape (n, height, width)
    n_held_out, n_examples : int
    """

    images: NDArray[np.uint8]
    n_held_out: int
    n_examples: int

    def call(self, number: int) -> str:
        """What to call an image by."""
        for name, count in (("test image", self.n_held_out), ("training image", self.n_examples)):
            if number < count:
                return f"{name} {number}"
            number -= count
        return f"noise {number}"


def images_to_compare(bundle: Bundle, held_out: NDArray[np.uint8] | None) -> Compared:
    """All images at hand that were held out, some training images, and noise.

    Raises
    ------
    ParameterError
        If the held-out images are of another size.
    """
    size = bundle.manifest.image_size
    if held_out is None:
        held_out = np.empty((0, *size), np.uint8)
    if held_out.dtype != np.uint8 or held_out.shape[1:] != size:
        raise ParameterError(f"the model takes uint8 images of {size}, got {held_out.dtype} {held_out.shape[1:]}")
    n = len(bundle.example_images)
    examples = bundle.example_images[:: max(1, n // N_EXAMPLES)][:N_EXAMPLES]
    noise = np.random.default_rng(0).integers(0, 256, (N_RANDOM, *size), np.uint8)
    noise[0] = 0
    return Compared(np.concatenate([held_out, examples, noise]), len(held_out), len(examples))


def our_answers(bundle: Bundle, images: NDArray[np.uint8]) -> Outputs:
    """What misread says: `label`, `sure`, `blank`, `scores`, and `probabilities` and `unlike` where it can say.

    A model that cleans images gives `cleaned` alone.
    """
    if bundle.manifest.task == "denoising":
        return {"cleaned": bundle.denoise(images)}
    said = bundle.answer(images)
    ours: Outputs = {
        "label": said.labels.astype(np.int64),
        "sure": said.sure,
        "blank": said.blank,
        "scores": said.scores,
    }
    if said.probabilities is not None:
        yes = said.probabilities
        ours["probabilities"] = np.hstack([1 - yes, yes]) if bundle.manifest.task == "detector" else yes
    if said.unlike is not None:
        ours["unlike"] = said.unlike
    return ours


def agree(
    bundle: Bundle,
    held_out: NDArray[np.uint8] | None,
    ask: Ask,
    checked_with: str,
    *,
    rounded: bool = False,
    known: dict[int, Outputs] | None = None,
    on_asked: OnAsked = lambda done, of: None,
    count: bool = True,
) -> Agreement:
    """See that an exported model answers as ours does.

    Labels must be equal, and so must 'sure' and 'unlike' but for scores and distances that are no further from
    their thresholds than rounding goes; probabilities and scores within `TOLERANCE`.

    Parameters
    ----------
    bundle : Bundle
    held_out : ndarray of uint8, shape (n, height, width), or None
    ask : callable
        Gives the exported model's outputs for some images.
    checked_with : str
        What runs it, in words.
    rounded : bool
        Whether its weights were rounded: answers must be equal, but scores may be further apart, and probabilities
        by `ROUNDED_CHANCE`.
    known : dict, optional
        Keeps our answers, so that comparing once more costs only theirs.
    on_asked : callable of (int, int), optional
    count : bool
        Whether to go on after the first images that differ, so that the error says how many do.

    Raises
    ------
    ModelFileError
        If they differ; it names images.
    """
    compared = images_to_compare(bundle, held_out)
    known = {} if known is None else known
    different: list[int] = []
    furthest = 0.0
    for part in _batches(len(compared.images)):
        images = compared.images[part]
        if part.start not in known:
            known[part.start] = our_answers(bundle, images)
        ours, theirs = known[part.start], ask(images)
        wrong, distance = _different(bundle, images, ours, theirs, rounded)
        different += [part.start + int(row) for row in np.flatnonzero(wrong)]
        furthest = max(furthest, distance)
        on_asked(part.stop, len(compared.images))
        if different and not count:
            break
    if different:
        said = ", ".join(compared.call(number) for number in different[:10])
        more = f" and {len(different) - 10:,} more" if len(different) > 10 else ""
        raise ModelFileError(
            f"the exported model answers differently on {len(different):,} of {len(compared.images):,} images "
            f"({said}{more}); nothing was written; serve the model with `misread serve FILE` instead"
        )
    n_random = len(compared.images) - compared.n_held_out - compared.n_examples
    return Agreement(compared.n_held_out, compared.n_examples, n_random, furthest, checked_with)


def _different(
    bundle: Bundle, images: NDArray[np.uint8], ours: Outputs, theirs: Outputs, rounded: bool
) -> tuple[NDArray[np.bool_], float]:
    """Which images are answered otherwise, and how far apart the probabilities are at most."""
    if "cleaned" in ours:
        return (ours["cleaned"] != theirs["cleaned"]).any(axis=(1, 2)), 0.0
    n = len(ours["label"])
    wrong = (ours["label"] != theirs["label"]).reshape(n, -1).any(axis=1)
    if "blank" in theirs:
        wrong |= ours["blank"] != theirs["blank"]
    scale = max(1.0, float(np.abs(ours["scores"]).max()))
    if "scores" in theirs and not rounded:
        wrong |= _apart(ours["scores"], theirs["scores"], TOLERANCE * scale)
    rounds = _at_the_point(bundle, ours, TOLERANCE * scale)
    if "unlike" in ours:
        differs = ours["unlike"] != theirs["unlike"]
        differs[differs] = _off_the_threshold(bundle, images[differs])
        wrong |= differs
        rounds |= (ours["unlike"] != theirs["unlike"]) & ~differs
    wrong |= (ours["sure"] != theirs["sure"]) & ~rounds
    if "probabilities" not in ours or "probabilities" not in theirs:
        return wrong, 0.0
    apart = float(np.abs(ours["probabilities"] - theirs["probabilities"]).max(initial=0.0))
    wrong |= _apart(ours["probabilities"], theirs["probabilities"], ROUNDED_CHANCE if rounded else TOLERANCE)
    return wrong, apart


def _apart(ours: NDArray[np.float64], theirs: NDArray[np.float64], allowed: float) -> NDArray[np.bool_]:
    near = np.isclose(theirs, ours, rtol=0.0, atol=allowed)
    return np.logical_not(near.all(axis=1))


def _at_the_point(bundle: Bundle, ours: Outputs, allowed: float) -> NDArray[np.bool_]:
    """Whether a score is so near the operating point that rounding decides."""
    point, scores = bundle.manifest.operating_point, ours["scores"]
    if point is None or bundle.manifest.task != "classification" or scores.shape[1] < 2:
        return np.zeros(len(scores), bool)
    return np.isclose(leads(scores, ours["label"]), point.threshold, rtol=0.0, atol=allowed)


def _off_the_threshold(bundle: Bundle, images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether images are so far from where `unlike` begins that rounding does not decide."""
    known, likeness = bundle.manifest.unlike, bundle.likeness
    if known is None or likeness is None or not len(images):
        return np.ones(len(images), bool)
    return ~np.isclose(likeness.distances(images), known.threshold, rtol=TOLERANCE, atol=0.0)


def _batches(n: int) -> Iterator[slice]:
    for start in range(0, n, BATCH):
        yield slice(start, min(start + BATCH, n))
