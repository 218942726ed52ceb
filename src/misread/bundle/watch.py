"""Watches what a model is asked about, and says when it is not what it was trained on."""

from collections import deque
from copy import copy
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from misread.analysis.profile import FEWEST, Difference, Profile
from misread.bundle.model import Bundle
from misread.bundle.readings import Readings
from misread.images.fit import fit_images

__all__ = ["Watch", "asked_as"]

_TRIED = 200
"""Images on which a remedy is tried."""
_UNLIKE_LEAST = 0.1
_UNLIKE_ALARM = 1e-3
_PROMISED_UNLIKE = 0.02
"""Twice the share of held-out images that is called unlike where nothing else was asked for."""


def asked_as(bundle: Bundle, *, fit: str | None = None, invert: bool = False) -> Bundle:
    """The model with images prepared in another way: by another fit, or light and dark exchanged once more."""
    manifest = bundle.manifest
    return replace(bundle, manifest=replace(manifest, fit=fit or manifest.fit, invert=manifest.invert != invert))


class Watch:
    """The last images that a model was asked about, compared with its training images.

    Parameters
    ----------
    bundle : Bundle
        Its profile is that of the training images in it.
    window : int, default 5000
        How many images are remembered, by a few numbers each; older ones are forgotten.
    """

    def __init__(self, bundle: Bundle, window: int = 5_000) -> None:
        self._bundle = bundle
        self._waiting: list[tuple[NDArray[np.uint8], Readings]] = []
        self._measures: deque[NDArray[np.float64]] = deque(maxlen=window)
        self._unlike: deque[bool] = deque(maxlen=window)
        self._images: deque[NDArray[np.uint8]] = deque(maxlen=min(window, _TRIED))

    @cached_property
    def _profile(self) -> Profile:
        labels = self._bundle.example_labels if self._by_class else None
        return Profile(self._bundle.example_images, labels)

    @property
    def _by_class(self) -> bool:
        return self._bundle.manifest.task == "classification"

    def prepare(self) -> None:
        """Measure the training images now, not when enough others are there to compare."""
        _ = self._profile.threshold

    def add(self, images: NDArray[np.uint8], answers: Readings) -> None:
        """Remember prepared images of shape (n, height, width) and what was said of them; blank ones are not."""
        self._waiting.append((images, answers))  # of one image, or a few, nothing is computed
        if len(self._measures) or sum(len(some) for some, _ in self._waiting) >= FEWEST:
            for one in self._waiting:
                self._remember(*one)
            self._waiting.clear()

    def _remember(self, images: NDArray[np.uint8], answers: Readings) -> None:
        seen = ~answers.blank
        codes = answers.labels[seen] if self._by_class else None
        if seen.any():
            self._measures.extend(self._profile.measure(images[seen], codes))
            self._images.extend(images[seen][-_TRIED:])
        if answers.unlike is not None:
            self._unlike.extend(answers.unlike[seen].tolist())

    @property
    def n(self) -> int:
        """How many images are remembered."""
        return len(self._measures)

    def difference(self) -> Difference | None:
        """What differs about the images remembered, if anything does."""
        return self._profile.compare(np.array(self._measures))

    @property
    def share_unlike(self) -> float:
        """The share of the images remembered that are unlike all training images."""
        return float(np.mean(self._unlike)) if self._unlike else 0.0

    def alarm(self) -> bool:
        """Whether there is anything to say of the images remembered; quickly, without finding out what it is."""
        return self._profile.differs(np.array(self._measures)) or self._many_unlike()

    def copy(self) -> "Watch":
        """The same memory, which does not change any more."""
        other = copy(self)
        other._measures = deque(self._measures)
        other._unlike = deque(self._unlike)
        other._images = deque(self._images)
        return other

    def said(self) -> str | None:
        """What is to be said of the images remembered, in a sentence; None if they are as expected."""
        found = self.difference()
        if found is not None:
            return found.in_words(self._remedy())
        if not self._many_unlike():
            return None
        return (
            f"{self.share_unlike:.0%} of these {len(self._unlike):,} images are unlike all that the model learnt "
            "from; look at some of them"
        )

    def _many_unlike(self) -> bool:
        n, share = len(self._unlike), self.share_unlike
        by_chance = binom.sf(round(n * share) - 1, n, _PROMISED_UNLIKE)
        return n >= FEWEST and share >= _UNLIKE_LEAST and bool(by_chance <= _UNLIKE_ALARM)

    def _remedy(self) -> str:
        """What makes them like the training images again, found by trying."""
        images = np.stack(list(self._images))
        shape = (images.shape[1], images.shape[2])
        for words in ("--invert", "--fit mnist", "--invert --fit mnist"):
            tried = 255 - images if "invert" in words else images
            tried = fit_images(tried, shape, "mnist") if "mnist" in words else tried
            answers = self._bundle.answer(tried)
            seen = ~answers.blank
            codes = answers.labels[seen] if self._by_class else None
            if not self._profile.differs(self._profile.measure(tried[seen], codes)):
                return f"try {words}, with which they are like them"
        return ""
