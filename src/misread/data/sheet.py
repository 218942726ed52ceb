"""A contact sheet: a few images of every class, to look at before anything else."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from misread.data.dataset import Dataset
from misread.data.memory import most_memory, require

__all__ = ["contact_sheet"]

_CELL = 56
_GAP = 4
_MARGIN = 16
_TEXT = 18
_INK = 32
_PAPER = 255


def contact_sheet(dataset: Dataset, per_class: int = 16) -> Image.Image:
    """Draw the first training images of every class, one class a row with its name and number of images.

    Parameters
    ----------
    dataset : Dataset
    per_class : int
        How many images of a class to show.

    Returns
    -------
    PIL.Image.Image
        Grey ("L").
    """
    font = ImageFont.load_default(_TEXT)
    counts = np.bincount(dataset.train.labels, minlength=len(dataset.class_names))
    texts = [f"{name}  {count:,}" for name, count in zip(dataset.class_names, counts, strict=True)]
    left = _MARGIN + int(max(font.getlength(text) for text in texts)) + _MARGIN
    step = _CELL + _GAP
    size = (left + per_class * step - _GAP + _MARGIN, _MARGIN + len(texts) * step - _GAP + _MARGIN)
    require(math.prod(size), f"a sheet of {len(texts):,} classes", most_memory())
    sheet = Image.new("L", size, _PAPER)
    draw = ImageDraw.Draw(sheet)
    for row, text in enumerate(texts):
        top = _MARGIN + row * step
        draw.text((_MARGIN, top + _CELL // 2), text, fill=_INK, font=font, anchor="lm")
        chosen = np.flatnonzero(dataset.train.labels == row)[:per_class]
        for column, index in enumerate(chosen):
            sheet.paste(_cell(dataset.train.images[index]), (left + column * step, top))
    return sheet


def _cell(image: NDArray[np.uint8]) -> Image.Image:
    """Fit one image into a cell: small ones with their pixels showing, large ones smoothed."""
    height, width = image.shape
    scale = _CELL / max(height, width)
    how = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.BOX
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return Image.fromarray(image).resize(size, how)
