"""What the page is told of an image, of a group and of the whole review."""

import base64
import io
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from misread.errors import FormatError
from misread.images.picture import read_to_show
from misread.recipes.review import Desk, Review, Screen
from misread.recipes.review.words import group_in_words, in_words, percent

__all__ = ["about", "original", "screens"]

_BEST = 3
_SIDE = 1_024
_SMALL = 128


def about(desk: Desk) -> dict[str, Any]:
    """What does not change: the classes, who doubts, where verdicts go."""
    review = desk.review
    height, width = review.images.shape[1:]
    return {
        "title": review.title,
        "classes": list(review.class_names),
        "image_size": [height, width],
        "order": review.order,
        "doubted_by": review.by,
        "labelled": review.labelled,
        "file": desk.verdicts.path.name,
        "by": desk.by,
        "progress": asdict(desk.progress()),
    }


def screens(review: Review, found: Sequence[Screen]) -> list[dict[str, Any]]:
    """What to show, one image or a group at a time."""
    places = [place for screen in found for place in screen]
    if not places:
        return []
    near_images, near_labels = review.nearest(places)
    told = {place: _image(review, place, near_images[row], near_labels[row]) for row, place in enumerate(places)}
    return [
        {
            "images": [told[place] for place in screen],
            "words": group_in_words(review, screen) if len(screen) > 1 else told[screen[0]]["words"],
        }
        for screen in found
    ]


def _image(review: Review, place: int, near: NDArray[np.uint8], labels: NDArray[np.int64]) -> dict[str, Any]:
    given, names = review.given(place), review.class_names
    says: list[dict[str, Any]] = []
    if review.probabilities is not None and review.probabilities[place].any():
        shares = review.probabilities[place]
        best = np.argsort(-shares, kind="stable")[:_BEST].tolist()
        says = [
            {"name": names[code], "share": float(shares[code]), "words": percent(float(shares[code]))}
            for code in best
            if shares[code] > 0
        ]
    row = review.rank.get(place)
    suggested = ""
    if row is not None and review.suspects is not None:
        suggested = names[int(review.suspects.labels.suggested[row])]
    elif says and says[0]["name"] != given:
        suggested = says[0]["name"]
    return {
        "id": place,
        "name": str(review.names[place]),
        "picture": _png(review.images[place]),
        "original": review.folder is not None,
        "given": given,
        "suggested": suggested,
        "says": says,
        "words": in_words(review, place),
        "nearest": [
            {"label": names[int(label)], "picture": _png(image)} for image, label in zip(near, labels, strict=True)
        ],
    }


def _png(image: NDArray[np.uint8]) -> str:
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(stream, "PNG", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"


def original(review: Review, place: int) -> tuple[bytes, str] | None:
    """The picture as it came, and its kind; None where there is no more to see on it than on the image."""
    if review.folder is None or not 0 <= place < len(review.images):
        return None
    try:
        shown = read_to_show(review.folder / str(review.names[place]), _SIDE)
    except (FormatError, OSError):
        return None
    if shown.mode == "L" and (shown.height, shown.width) == review.images.shape[1:]:
        return None
    stream = io.BytesIO()
    if max(shown.size) <= _SMALL:
        shown.save(stream, "PNG")
        return stream.getvalue(), "image/png"
    shown.save(stream, "JPEG", quality=90)
    return stream.getvalue(), "image/jpeg"
