"""Small pieces of HTML with which objects show themselves in a notebook: offline, and without any script."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["Frame", "block", "grid", "picture", "table"]

_CELL = "padding:2px 8px;text-align:left;border:0"


def block(title: str, *parts: str) -> str:
    """A title and what stands below it."""
    return f'<div class="misread"><p><b>{escape(title)}</b></p>{"".join(parts)}</div>'


def table(rows: Sequence[Sequence[Any]], header: Sequence[str] = ()) -> str:
    """Rows of texts; a cell that is `picture` stays as it is."""
    head = "".join(f'<th style="{_CELL}">{escape(str(one))}</th>' for one in header)
    body = "".join(f"<tr>{''.join(_cell(one) for one in row)}</tr>" for row in rows)
    return f'<table style="border-collapse:collapse"><tr>{head}</tr>{body}</table>'


@dataclass(frozen=True, repr=False)
class Frame:
    """A whole page, which a notebook shows in a frame of its own, whose scripts reach nothing of the notebook.

    Attributes
    ----------
    page : str
        The HTML document.
    height : int
        In pixels.
    """

    page: str
    height: int

    def __repr__(self) -> str:
        return f"<Frame: a page of {len(self.page):,} characters, shown in a notebook>"

    def _repr_html_(self) -> str:
        style = f"width:100%;height:{self.height}px;border:1px solid #8888"
        may = "allow-scripts allow-downloads"
        return f'<iframe title="report" sandbox="{may}" srcdoc="{escape(self.page)}" style="{style}"></iframe>'


class picture(str):  # noqa: N801 - a kind of text
    """An image element: grey pixels, shown without smoothing at a multiple of their size."""

    __slots__ = ()

    def __new__(cls, image: NDArray[np.uint8], height: int = 32) -> "picture":
        """Encode an image of shape (height, width), uint8, as PNG inside the element."""
        stream = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(image)).save(stream, "PNG")
        data = base64.b64encode(stream.getvalue()).decode("ascii")
        style = f"height:{height}px;image-rendering:pixelated;margin:1px"
        return super().__new__(cls, f'<img src="data:image/png;base64,{data}" style="{style}" alt="">')


def grid(images: NDArray[np.uint8], most: int = 12) -> picture:
    """The first images side by side, as one picture."""
    shown = images[:most]
    if not len(shown):
        return picture(np.zeros((1, 1), np.uint8), 1)
    return picture(np.concatenate(list(shown), axis=1))


def _cell(content: Any) -> str:
    text = content if isinstance(content, picture) else escape(str(content))
    return f'<td style="{_CELL}">{text}</td>'
