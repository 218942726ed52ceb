"""From a request's body to images: JSON arrays as they are, image files cropped and resized as in training."""

import contextlib
import io
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray
from python_multipart.multipart import parse_options_header

from misread.errors import FormatError
from misread.images.bombs import promised_pixels
from misread.images.picture import read_grey
from misread.serve.limits import Limits, Refused
from misread.serve.multipart import Part, read_parts

__all__ = ["Order", "decode", "decode_arrays", "opened"]

_FIELD = "images"
_MAX_SHOWN = 60
_JSON_SPARE = 1 << 16
_JSON_PIXEL = 16  # bytes of JSON for a pixel, generously; parsed, a hostile body takes 30 times its size

Prepare = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]


@dataclass(frozen=True)
class Order:
    """A request's images, not decoded yet.

    Parameters
    ----------
    content : list of (str, bytes), or bytes
        Image files and what to call them; or JSON.
    pixels : int
        What decoding will take, counted in pixels.
    """

    content: list[tuple[str, bytes]] | bytes
    pixels: int


def opened(content_type: str, body: bytes, *, image_size: tuple[int, int], limits: Limits) -> Order:
    """Look at a request's body without decoding it.

    Parameters
    ----------
    content_type : str
        The request's header: ``application/json`` or ``multipart/form-data``.
    body : bytes
        Hostile until shown otherwise.
    image_size : tuple of int
        Height and width of the model's images.
    limits : Limits
        Bounds on images and pixels.

    Raises
    ------
    Refused
        With a 4xx status and the reason, for what cannot be such images, and for too many.
    """
    kind, options = parse_options_header(content_type)
    match kind:
        case b"application/json":
            most = _JSON_SPARE + _JSON_PIXEL * limits.batch * image_size[0] * image_size[1]
            if len(body) > most:
                raise Refused(
                    413,
                    "body-too-large",
                    f"{limits.batch} images fit in {most:,} bytes of JSON, this has {len(body):,}",
                )
            return Order(body, len(body))
        case b"multipart/form-data":
            return _files(read_parts(body, options.get(b"boundary", b""), limits.batch), limits)
        case _:
            raise Refused(
                415,
                "media-type",
                "send image files as multipart/form-data or arrays as application/json, "
                f"not {_shown(content_type) if content_type else 'a body without a Content-Type'}",
                {"Accept": "application/json, multipart/form-data"},
            )


def decode(order: Order, *, image_size: tuple[int, int], prepare: Prepare, limits: Limits) -> NDArray[np.uint8]:
    """Turn what a request holds into images of the model's size.

    Parameters
    ----------
    order : Order
    image_size : tuple of int
        Height and width of the model's images; JSON arrays must have it.
    prepare : callable
        Brings a grey image to the model's size, as in training.
    limits : Limits
        Bounds on images and pixels.

    Returns
    -------
    ndarray of uint8, shape (n, height, width)
        1 <= n <= limits.batch.

    Raises
    ------
    Refused
        With a 4xx status and the reason, for everything that is not such images.
    """
    if isinstance(order.content, bytes):
        return decode_arrays(order.content, image_size, limits)
    images = []
    for what, content in order.content:
        try:
            images.append(prepare(read_grey(io.BytesIO(content), max_pixels=limits.pixels)))
        except FormatError as error:
            _invalid("unreadable-image", f"{what}: {error}")
    return np.stack(images)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


def _invalid(code: str, detail: str) -> NoReturn:
    raise Refused(422, code, detail)


# --- arrays -------------------------------------------------------------------------------------------------


def decode_arrays(body: bytes, image_size: tuple[int, int], limits: Limits) -> NDArray[np.uint8]:
    """Turn JSON into images, as `decode` does."""
    value = _parsed(body)
    if not isinstance(value, dict) or set(value) != {_FIELD}:
        _invalid("json-shape", f'expected an object with one member, "{_FIELD}": a list of images')
    images = value[_FIELD]
    if not isinstance(images, list) or not images:
        _invalid("no-images", f'"{_FIELD}" must be a list of at least one image')
    _check_batch(len(images), limits)
    height, width = image_size
    for i, image in enumerate(images):
        if not isinstance(image, list) or len(image) != height:
            _invalid("image-size", f"image {i} must be {height} rows, not {_count(image)}")
        for y, row in enumerate(image):
            if not isinstance(row, list) or len(row) != width:
                _invalid("image-size", f"image {i}, row {y} must be {width} pixels, not {_count(row)}")
    return _pixels(images).reshape(-1, height, width)


def _parsed(body: bytes) -> Any:
    def refuse_constant(name: str) -> NoReturn:
        _invalid("not-a-pixel", f"a pixel is an integer from 0 to 255, not {name}")

    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=refuse_constant)
    except RecursionError:
        raise Refused(400, "not-json", "the JSON is nested too deeply") from None
    except ValueError as error:
        raise Refused(400, "not-json", f"the body is not JSON in UTF-8: {error}") from None


def _count(value: object) -> str:
    return f"a list of {len(value)}" if isinstance(value, list) else _shown(value)


def _pixels(images: list[list[list[Any]]]) -> NDArray[np.uint8]:
    flat = list(itertools.chain.from_iterable(itertools.chain.from_iterable(images)))
    kinds = set(map(type, flat))
    if kinds == {int}:
        with contextlib.suppress(ValueError):  # one is out of range: said below
            return np.frombuffer(bytes(flat), np.uint8)
    if not kinds <= {int, float}:
        wrong = next(value for value in flat if type(value) not in (int, float))
        _invalid("not-a-pixel", f"a pixel is an integer from 0 to 255, not {_shown(wrong)}")
    if min(flat) < 0 or max(flat) > 255:
        wrong = next(value for value in flat if not 0 <= value <= 255)
        _invalid("not-a-pixel", f"a pixel is an integer from 0 to 255, not {_shown(wrong)}")
    values = np.array(flat, np.float64)
    pixels = values.astype(np.uint8)
    if not np.array_equal(pixels, values):
        wrong = values[pixels != values][0]
        _invalid("not-a-pixel", f"a pixel is an integer from 0 to 255, not {wrong}")
    return pixels


def _check_batch(count: int, limits: Limits) -> None:
    if count > limits.batch:
        _invalid("batch-too-large", f"a request may have {limits.batch} images, this one has more")


# --- image files --------------------------------------------------------------------------------------------


def _files(parts: list[Part], limits: Limits) -> Order:
    _check_batch(len(parts), limits)
    for part in parts:
        if part.name != _FIELD:
            _invalid("form-field", f'every part of the form must be named "{_FIELD}", not {_shown(part.name)}')
    if not parts:
        _invalid("no-images", f'the form must have at least one file named "{_FIELD}"')
    files, pixels = [], 0
    for i, part in enumerate(parts):
        what = f"image {i}" + (f" ({_shown(part.filename)})" if part.filename else "")
        try:
            pixels += promised_pixels(bytes(part.data))
        except FormatError as error:
            _invalid("unreadable-image", f"{what}: {error}")
        if pixels > limits.pixels:
            raise Refused(
                413,
                "too-many-pixels",
                f"the images of a request may have {limits.pixels:,} pixels together; {what} is one too many",
            )
        files.append((what, bytes(part.data)))
    return Order(files, pixels)
