"""Arrays and images as text that survives inside one HTML file, to the last bit."""

import base64
import io
import json
import zlib
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from misread.evaluation.thresholds import ThresholdCurve

__all__ = ["packed", "packed_curve", "packed_edges", "safe_json", "scaled_down", "sprite", "tile"]

LONGEST_SIDE = 40
GREY_LEVELS = 16


def packed(array: ArrayLike) -> dict[str, Any]:
    """An array for the page: floats as little-endian float64 or float32, counts in the smallest unsigned type.

    Its bytes are deflated by their places, all first bytes before all second ones: neighbours in a column of
    sorted scores share all but their last bytes, and a report of 60,000 scores is a quarter shorter for it.

    Parameters
    ----------
    array : array-like of non-negative integers, bool, float32 or float64

    Returns
    -------
    dict with `dtype` and `data`, the base64 of a zlib stream
    """
    values = np.asarray(array)
    if values.dtype.kind in "iub":
        largest = int(values.max(initial=0))
        values = values.astype("u1" if largest < 2**8 else "<u2" if largest < 2**16 else "<u4")
    values = values.astype(values.dtype.newbyteorder("<"), copy=False)
    by_place = np.frombuffer(values.tobytes(), np.uint8).reshape(-1, values.dtype.itemsize).T
    data = base64.b64encode(zlib.compress(by_place.tobytes(), 9)).decode("ascii")
    return {"dtype": values.dtype.name, "data": data}


def packed_curve(curve: ThresholdCurve) -> dict[str, Any]:
    """Every distinct score with the number of positives and negatives that have it: nothing is thinned."""
    return {
        "thresholds": packed(curve.thresholds),
        "positives": packed(-np.diff(curve.true_positives, append=0)),
        "negatives": packed(-np.diff(curve.false_positives, append=0)),
    }


def packed_edges(curve: ThresholdCurve) -> dict[str, Any]:
    """The same curve at fewer thresholds: the lowest of each run of positives, and every negative.

    A lower threshold within a run of positives only adds positives, so the lowest threshold of any wanted
    precision, and the largest coverage of any wanted accuracy, are among these. Counts stay exact.
    """
    positives = -np.diff(curve.true_positives, append=0)
    negatives = -np.diff(curve.false_positives, append=0)
    pure = negatives == 0
    keep = ~pure | ~np.concatenate([[False], pure[:-1]])
    group = np.cumsum(keep) - 1
    return {
        "thresholds": packed(curve.thresholds[keep]),
        "positives": packed(np.bincount(group, weights=positives).astype(np.int64)),
        "negatives": packed(np.bincount(group, weights=negatives).astype(np.int64)),
    }


def sprite(images: NDArray[np.uint8], *, levels: int = GREY_LEVELS, columns: int | None = None) -> dict[str, Any]:
    """All images on one sheet, a PNG in a data URL.

    Parameters
    ----------
    images : ndarray of shape (n, height, width), uint8
        Larger ones are scaled down to a longer side of 40 pixels.
    levels : int, default 16
        Grey levels kept (at most 256); 16 take four bits a pixel.
    columns : int, optional
        Images in a row; about as many as there are rows by default.
    """
    small = scaled_down(images)
    n, height, width = small.shape
    columns = columns or max(1, int(np.ceil(np.sqrt(n))))
    rows = max(1, -(-n // columns))
    sheet = np.zeros((rows * columns, height, width), np.uint8)
    sheet[:n] = small
    sheet = sheet.reshape(rows, columns, height, width).swapaxes(1, 2).reshape(rows * height, columns * width)
    step = 255 / (levels - 1)
    picture = Image.fromarray(np.round(sheet / step).astype(np.uint8)).convert("P")
    grey = np.round(np.arange(levels) * step).astype(np.uint8)
    picture.putpalette(np.repeat(grey, 3).tobytes())
    stream = io.BytesIO()
    picture.save(stream, "PNG", compress_level=8, bits=max(1, (levels - 1).bit_length()) if levels <= 16 else 8)
    return {"url": _url(stream), "columns": columns, "width": width, "height": height, "count": n}


def tile(image: NDArray[np.uint8], side: int) -> dict[str, Any]:
    """A grey image, a PNG in a data URL, and the size to show it at: the largest multiple of its own in `side`."""
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(stream, "PNG", optimize=True)
    scale = max(1, side // max(image.shape))
    return {"url": _url(stream), "width": image.shape[1] * scale, "height": image.shape[0] * scale}


def _url(png: io.BytesIO) -> str:
    return "data:image/png;base64," + base64.b64encode(png.getvalue()).decode("ascii")


def safe_json(document: Any) -> Markup:
    """JSON that cannot end the script element it stands in, nor a line of JavaScript."""
    text = json.dumps(document, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def scaled_down(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Images of shape (n, height, width) whose longer side is at most 40 pixels."""
    height, width = images.shape[1:]
    scale = LONGEST_SIDE / max(height, width)
    if scale >= 1:
        return images
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = [np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX)) for image in images]
    return np.stack(small) if small else np.zeros((0, size[1], size[0]), np.uint8)
