"""What a comparison of two models leaves behind: plain data, and the images that changed."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread import html

__all__ = ["Changed", "Comparison"]


@dataclass(frozen=True, eq=False, repr=False)
class Changed:
    """Images of one kind: fixed, broken, or misread by both.

    Attributes
    ----------
    names : tuple of str
    labels, first, second : ndarray of int64, shape (n,)
        Class codes: what each is, and what each model read.
    images : ndarray of uint8, shape (n, height, width), or None
        As the second model sees them, where they are at hand.
    """

    names: tuple[str, ...]
    labels: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    images: NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        some = ", ".join(self.names[:2])
        return f"<Changed: {len(self):,} images{': ' if some else ''}{some}{', ...' if len(self) > 2 else ''}>"

    def _repr_html_(self) -> str:
        """The first images with their names, in a notebook."""
        shown = range(min(len(self), 10))
        rows = [(self.names[row], "" if self.images is None else html.picture(self.images[row])) for row in shown]
        return html.block(f"{len(self):,} images", html.table(rows))


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Two models on the same images.

    Attributes
    ----------
    values : dict
        JSON values: `n`, `difference`, `p_value`, `fixed`, `broken`, `both_wrong`, `models` (two), `classes`.
    class_names : tuple of str
    fixed, broken, both_wrong : Changed
    remarks : tuple of str
        What is to be said of how they were compared.
    manifest : dict
        How it came about.
    """

    values: dict[str, Any]
    class_names: tuple[str, ...]
    fixed: Changed
    broken: Changed
    both_wrong: Changed
    remarks: tuple[str, ...] = ()
    manifest: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Comparison: {self.verdict}>"

    def _repr_html_(self) -> str:
        """The verdict, the counts, and the first images that changed, in a notebook."""
        rows: list[tuple[Any, ...]] = []
        for kind, title in (("fixed", "fixed"), ("broken", "broken"), ("both_wrong", "misread by both")):
            changed: Changed = getattr(self, kind)
            shown = "" if changed.images is None else html.grid(changed.images)
            rows.append((title, f"{len(changed):,}", shown))
        return html.block(self.verdict, html.table(rows))

    @property
    def verdict(self) -> str:
        """Who is better, in a sentence with its magnitude."""
        first, second = (one["title"] for one in self.values["models"])
        gain = self.values["difference"]
        low, high = 100 * gain["low"], 100 * gain["high"]
        points = f"{abs(100 * gain['value']):.2f} points"
        interval = f"({100 * gain['confidence']:g}% interval {low:+.2f} to {high:+.2f})"
        if self.values["p_value"] >= 1 - gain["confidence"]:
            side = "more" if gain["value"] > 0 else "fewer"
            return f"{second} reads {points} {side} than {first} {interval}: no difference that is not chance"
        return f"{second} reads {points} {'more' if gain['value'] > 0 else 'fewer'} than {first} {interval}"

    def as_json(self) -> dict[str, Any]:
        """All of it but the pixels, as JSON values."""
        names = self.class_names

        def rows(changed: Changed) -> list[dict[str, str]]:
            return [
                {"name": name, "label": names[label], "first": names[first], "second": names[second]}
                for name, label, first, second in zip(
                    changed.names, changed.labels, changed.first, changed.second, strict=True
                )
            ]

        return {
            **self.values,
            "verdict": self.verdict,
            "remarks": list(self.remarks),
            "images": {kind: rows(getattr(self, kind)) for kind in ("fixed", "broken", "both_wrong")},
            "manifest": self.manifest,
        }
