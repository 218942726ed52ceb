"""What stressing a model leaves behind: how it reads images after something happened to them, and some of them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread import html

__all__ = ["Stress"]


@dataclass(frozen=True, eq=False, repr=False)
class Stress:
    """One model on images corrupted in fifteen ways at five strengths.

    Attributes
    ----------
    values : dict
        JSON values: `n` images out of `of`, `seed`, what the model reached on them as they are (`clean`), for
        every kind and strength (`kinds`), and on average over all of these (`mean`) and over the kinds at the
        strength of the published set (`published`).
    class_names : tuple of str
    images : ndarray of uint8, shape (n_kinds, n_strengths + 1, m, height, width)
        Examples; the first of each kind are as they were.
    answers : ndarray of int64, shape (n_kinds, n_strengths + 1, m)
        What was read on them, as class codes.
    labels : ndarray of int64, shape (m,)
    remarks : tuple of str
        What is to be said of how it was done.
    manifest : dict
        How it came about.
    """

    values: dict[str, Any]
    class_names: tuple[str, ...]
    images: NDArray[np.uint8]
    answers: NDArray[np.int64]
    labels: NDArray[np.int64]
    remarks: tuple[str, ...] = ()
    manifest: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        values, right = self.values, self.values["clean"]["accuracy"]["value"]
        corrupted = f"{values['mean']['value']:.2%} of corrupted ones"
        return f"<Stress: {values['title']} on {values['n']:,} images, {right:.2%} right, {corrupted}>"

    def _repr_html_(self) -> str:
        """The verdict, and every kind with an example and its accuracy at every strength, in a notebook."""
        rows = [
            (kind["name"], html.grid(self.images[k, 1:, 0]), *(_percent(one) for one in kind["strengths"]))
            for k, kind in enumerate(self.values["kinds"])
        ]
        return html.block(self.verdict, html.table(rows, ("", "", "1", "2", "3", "4", "5")))

    @property
    def verdict(self) -> str:
        """How much is left of the accuracy, and what hurts most, in a sentence."""
        clean, mean, title = self.values["clean"]["accuracy"], self.values["mean"], self.values["title"]
        worst = sorted(self.values["kinds"], key=lambda kind: kind["accuracy"])[:3]
        named = [f"{kind['name']} ({kind['accuracy']:.1%})" for kind in worst]
        return (
            f"{title} reads {clean['value']:.2%} of the images right as they are and {mean['value']:.2%} "
            f"(95% interval {mean['low']:.2%} to {mean['high']:.2%}) on average over all corruptions; what hurts "
            f"most is {named[0]}, {named[1]} and {named[2]}"
        )

    def as_json(self) -> dict[str, Any]:
        """All of it but the pixels, as JSON values."""
        return {
            **self.values,
            "verdict": self.verdict,
            "remarks": list(self.remarks),
            "manifest": self.manifest,
        }


def _percent(one: dict[str, Any]) -> str:
    return f"{one['accuracy']['value']:.1%}"
