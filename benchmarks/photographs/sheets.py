"""Contact sheets: photographs, and below each what the model saw and said."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

__all__ = ["write_sheet"]

_COLUMNS, _MOST, _TILE = 12, 36, 100


def write_sheet(
    path: Path,
    files: list[bytes],
    seen: NDArray[np.uint8],
    labels: NDArray[np.int64],
    answers: NDArray[np.int64],
    states: NDArray[np.str_],
) -> None:
    """Write a PNG of some photographs: those that were misread or found empty, then others."""
    is_bad = (labels != answers) | (states == "empty")
    order = np.argsort(~is_bad, kind="stable")[:_MOST]
    n_rows = -(-len(order) // _COLUMNS)
    sheet = Image.new("RGB", (_COLUMNS * _TILE, n_rows * (2 * _TILE + 14)), "white")
    draw = ImageDraw.Draw(sheet)
    for place, index in enumerate(order.tolist()):
        left, top = place % _COLUMNS * _TILE, place // _COLUMNS * (2 * _TILE + 14)
        photo = ImageOps.exif_transpose(Image.open(io.BytesIO(files[index])))
        photo.thumbnail((_TILE - 2, _TILE - 2))
        sheet.paste(photo, (left, top))
        sheet.paste(Image.fromarray(seen[index]).resize((_TILE - 4, _TILE - 4), 0), (left, top + _TILE))
        said = f"{labels[index]}: {answers[index]} {states[index]}"
        draw.text((left + 2, top + 2 * _TILE), said, fill="red" if is_bad[index] else "black")
    sheet.save(path)
