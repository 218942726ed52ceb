"""A sheet with a digit on it, the light on it, what lies at its rim, and the camera: each drawn from a seed."""

import io
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from benchmarks.photographs.strokes import Plane, ink, noise_of_scale

__all__ = ["BLACK", "Scene", "photograph"]

Range = tuple[float, float]
Colour = tuple[int, int, int]
Light = Literal["even", "falloff", "hard shadow", "two shadows", "soft shadow", "glare"]
Mark = Literal["digit", "nothing", "dot", "stray line"]

WHITE: tuple[Colour, ...] = ((245, 244, 240), (232, 230, 226), (238, 238, 244))
BLACK: tuple[Colour, ...] = ((25, 25, 32), (40, 42, 60), (20, 28, 90))
_TABLES: tuple[Colour, ...] = ((92, 62, 40), (140, 100, 66), (60, 60, 64), (30, 28, 27), (170, 150, 128))
_SKIN: tuple[Colour, ...] = ((224, 172, 145), (198, 134, 102), (141, 85, 54), (240, 200, 180))
_TURNED = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
"""How the pixels lie in the file, by the orientation that its EXIF says."""


@dataclass(frozen=True)
class Scene:
    """What a kind of photographs has in common; a range is drawn from anew for each.

    Lengths are shares of the digit's height, or of the frame's smaller side where that is said.
    """

    paper: tuple[Colour, ...] = WHITE
    ink: tuple[Colour, ...] = BLACK
    mark: Mark = "digit"
    height: Range = (0.3, 0.6)
    """Of the frame."""
    thicker: Range = (-0.3, 0.6)
    """In MNIST's pixels."""
    grain: Range = (0.0, 0.0)
    """Of the ink: 0 covers evenly, 1 leaves about half the paper."""
    opacity: Range = (0.9, 1.0)
    texture: float = 0.008
    """Of the paper."""
    folds: bool = False
    lines: Literal["", "ruled", "squared", "margin"] = ""
    light: Light = "even"
    exposure: Range = (0.85, 1.0)
    rim: Literal["", "edge", "corner", "fingers", "writing"] = ""
    blur: Range = (0.006, 0.012)
    motion: Range = (0.0, 0.0)
    noise: Range = (1.0, 3.0)
    """Grey levels."""
    quality: tuple[int, int] = (75, 92)
    """Of the JPEG."""
    sides: tuple[tuple[int, int], ...] = ((480, 360), (360, 480))
    enlarged: int = 1
    turns: tuple[int, ...] = (1,)
    tilt: float = 3.0
    """Degrees that lines and edges are turned by at most."""


def photograph(scene: Scene, digit: NDArray[np.uint8], others: NDArray[np.uint8], seed: tuple[int, ...]) -> bytes:
    """A JPEG file of one digit.

    Parameters
    ----------
    scene : Scene
    digit : ndarray of uint8, shape (28, 28)
    others : ndarray of uint8, shape (n, 28, 28)
        Other digits, for what else is written.
    seed : tuple of int

    Returns
    -------
    bytes
    """
    rng = np.random.default_rng(seed)
    height, width = scene.sides[rng.integers(len(scene.sides))]
    frame = (height, width)
    size = round(float(rng.uniform(*scene.height)) * min(frame))
    sheet = _painted(frame, _one_of(rng, scene.paper))
    sheet *= 1 + scene.texture * noise_of_scale(rng, frame, 2.5)[..., None]
    if scene.folds:
        sheet *= _folds(rng, frame)[..., None]
    colour = np.array(_one_of(rng, scene.ink), np.float32)
    cover, place = _mark(rng, scene, digit, size, frame)
    if scene.lines:
        _rule(rng, scene, sheet, size)
    _write(rng, scene, sheet, cover, place, colour)
    middle = (place[0] + cover.shape[0] / 2, place[1] + cover.shape[1] / 2)
    if scene.rim == "writing":
        _neighbour(rng, scene, sheet, others, size, colour, (place, cover.shape))
    if scene.rim in ("edge", "corner"):
        _lay_on_table(rng, scene, sheet, (place, cover.shape))
    if scene.rim == "fingers":
        _hold(rng, sheet, (place, cover.shape))
    sheet *= _light(rng, scene.light, frame, middle, size)[..., None]
    return _taken(rng, scene, sheet, size)


def _one_of(rng: np.random.Generator, colours: tuple[Colour, ...]) -> Colour:
    return colours[rng.integers(len(colours))]


def _painted(frame: tuple[int, int], colour: Colour) -> NDArray[np.float32]:
    return np.broadcast_to(np.array(colour, np.float32), (*frame, 3)).copy()


def _mark(
    rng: np.random.Generator, scene: Scene, digit: NDArray[np.uint8], size: int, frame: tuple[int, int]
) -> tuple[Plane, tuple[int, int]]:
    """What is written, and the row and column of its first corner."""
    cover = ink(digit, size, float(rng.uniform(*scene.thicker)))
    if scene.mark == "nothing":
        cover = np.zeros_like(cover)
    elif scene.mark == "dot":
        radius = max(2.0, 0.02 * min(frame) * float(rng.uniform(0.5, 1.2)))
        ys, xs = np.mgrid[-radius - 2 : radius + 2, -radius - 2 : radius + 2]
        cover = np.clip(radius - np.hypot(ys, xs * rng.uniform(0.8, 1.2)) + 0.5, 0, 1).astype(np.float32)
    elif scene.mark == "stray line":
        return _stray(rng, frame), (0, 0)
    room = [max(side - part, 1) for side, part in zip(frame, cover.shape, strict=True)]
    margins = [min(round(0.06 * side), left // 2) for side, left in zip(frame, room, strict=True)]
    place = tuple(
        int(rng.integers(edge, max(left - edge, edge + 1))) for edge, left in zip(margins, room, strict=True)
    )
    return cover, (place[0], place[1])


def _stray(rng: np.random.Generator, frame: tuple[int, int]) -> Plane:
    """A pen line that ran off the sheet: from a side inwards, slightly bent, hardly as long as a digit is high."""
    height, width = frame
    length, lean = rng.uniform(0.1, 0.5) * min(frame), rng.uniform(-0.8, 0.8)
    steps = np.linspace(0, 1, 200)
    into, along = steps * length, rng.uniform(0.2, 0.8) + (lean * steps + 0.3 * steps**2) * length / max(frame)
    side = rng.integers(4)
    rows, columns = (into, along * width) if side % 2 == 0 else (along * height, into)
    rows, columns = (height - 1 - rows if side == 2 else rows), (width - 1 - columns if side == 3 else columns)
    away = np.ones(frame, bool)
    away[np.clip(rows, 0, height - 1).astype(int), np.clip(columns, 0, width - 1).astype(int)] = False
    return np.clip(rng.uniform(0.8, 2.5) - ndimage.distance_transform_edt(away) + 0.5, 0, 1).astype(np.float32)


def _write(
    rng: np.random.Generator,
    scene: Scene,
    sheet: NDArray[np.float32],
    cover: Plane,
    place: tuple[int, int],
    colour: NDArray[np.float32],
) -> None:
    share = cover * rng.uniform(*scene.opacity)
    grain = float(rng.uniform(*scene.grain))
    if grain:
        gaps = noise_of_scale(rng, cover.shape, 1.6) + 0.7 * noise_of_scale(rng, cover.shape, 5)
        share = share * np.clip(1.25 - grain * (0.7 + 0.8 * gaps), 0, 1)
    top, left = max(place[0], 0), max(place[1], 0)
    part = sheet[top : place[0] + cover.shape[0], left : place[1] + cover.shape[1]]
    share = share[top - place[0] :, left - place[1] :][: part.shape[0], : part.shape[1], None]
    part[...] = part * (1 - share) + colour * share


def _away(rng: np.random.Generator, frame: tuple[int, int], tilt: float) -> tuple[Plane, Plane]:
    """Rows and columns of every pixel on a sheet that lies turned by up to `tilt` degrees."""
    angle = np.deg2rad(rng.uniform(-tilt, tilt))
    ys, xs = np.mgrid[: frame[0], : frame[1]].astype(np.float32)
    ys, xs = ys - frame[0] / 2, xs - frame[1] / 2
    turned = ys * np.cos(angle) + xs * np.sin(angle), xs * np.cos(angle) - ys * np.sin(angle)
    return turned[0].astype(np.float32), turned[1].astype(np.float32)


def _rule(rng: np.random.Generator, scene: Scene, sheet: NDArray[np.float32], size: int) -> None:
    """Lines: as the digit is about one line, or one to three squares, high."""
    ys, xs = _away(rng, sheet.shape[:2], scene.tilt)
    squared = scene.lines == "squared"
    gap = size * float(rng.uniform(0.33, 0.9) if squared else rng.uniform(0.9, 1.5))
    half = float(rng.uniform(0.5, 1.2))
    tone = np.array(((150, 175, 215), (170, 170, 175), (160, 200, 190))[rng.integers(3)], np.float32)
    share = float(rng.uniform(0.6, 1.0))
    for at in (ys, xs) if squared else (ys,):
        off = (at + rng.uniform(0, gap) + gap / 2) % gap - gap / 2
        line = share * np.clip(half - np.abs(off) + 0.5, 0, 1)[..., None]
        sheet[...] = sheet * (1 - line) + sheet * (tone / 255) * line
    if scene.lines == "margin":
        where = (-1) ** int(rng.integers(2)) * 0.36 * sheet.shape[1]
        line = np.clip(1.2 - np.abs(xs - where) + 0.5, 0, 1)[..., None]
        sheet[...] = sheet * (1 - line) + np.array((215, 90, 95), np.float32) * line


def _folds(rng: np.random.Generator, frame: tuple[int, int]) -> Plane:
    """Creases: facets that lie differently in the light."""
    light = np.ones(frame, np.float32)
    for _ in range(5):
        ys, _ = _away(rng, frame, 180)
        over = ys - rng.uniform(-0.4, 0.4) * min(frame)
        light *= 1 + rng.uniform(-0.06, 0.06) * np.tanh(over / 3).astype(np.float32)
        light *= 1 - rng.uniform(0, 0.08) * np.exp(-((over / 1.5) ** 2)).astype(np.float32)
    return light


def _neighbour(
    rng: np.random.Generator,
    scene: Scene,
    sheet: NDArray[np.float32],
    others: NDArray[np.uint8],
    size: int,
    colour: NDArray[np.float32],
    kept: tuple[tuple[int, int], tuple[int, ...]],
) -> None:
    """Another digit that the frame cuts off, on the side with more room."""
    cover = ink(others[rng.integers(len(others))], size)
    (top, left), width = kept[0], kept[1][1]
    is_left = left > sheet.shape[1] - left - width
    seen = int(0.6 * cover.shape[1])
    free = (left if is_left else sheet.shape[1] - left - width) - round(0.1 * size)
    seen = max(min(seen, free), 1)
    at = seen - cover.shape[1] if is_left else sheet.shape[1] - seen
    row = min(max(top + int(rng.integers(-size // 6, size // 6 + 1)), 0), sheet.shape[0] - cover.shape[0])
    _write(rng, scene, sheet, cover, (row, at), colour)


def _room(frame: tuple[int, int], kept: tuple[tuple[int, int], tuple[int, ...]]) -> list[float]:
    """Free pixels above, left of, below and right of what is written."""
    (top, left), (height, width) = kept[0], kept[1][:2]
    return [top, left, frame[0] - top - height, frame[1] - left - width]


def _lay_on_table(
    rng: np.random.Generator,
    scene: Scene,
    sheet: NDArray[np.float32],
    kept: tuple[tuple[int, int], tuple[int, ...]],
) -> None:
    """One or two edges of the sheet, with a table beyond them."""
    frame = sheet.shape[:2]
    room = _room(frame, kept)
    first = int(np.argmax(room))
    sides = (
        [first]
        if scene.rim == "edge"
        else [first, (first + (1 if room[(first + 1) % 4] > room[first - 1] else 3)) % 4]
    )
    ys, xs = np.mgrid[: frame[0], : frame[1]].astype(np.float32)
    table = _painted(frame, _one_of(rng, _TABLES))
    streaks = noise_of_scale(rng, (frame[0], max(2, frame[1] // 12)), 2)
    streaks = np.repeat(streaks, 13, axis=1)[:, : frame[1]]
    table *= 1 + 0.06 * streaks[..., None]
    inside = np.full(frame, np.inf, np.float32)
    for side in sides:
        reach = float(rng.uniform(0.25, 0.7)) * room[side]
        slope = np.tan(np.deg2rad(rng.uniform(-1, 1) * min(2 * scene.tilt, 0.12 * room[side])))
        across, along = ((ys, xs - frame[1] / 2), (xs, ys - frame[0] / 2))[side % 2]
        far = across if side < 2 else frame[side % 2] - 1 - across
        inside = np.minimum(inside, far - reach - slope * along)
    is_paper = np.clip(inside + 0.5, 0, 1)[..., None]
    shade = (1 - 0.5 * np.exp(-np.maximum(-inside, 0) / 4))[..., None]
    sheet[...] = sheet * is_paper + table * shade * (1 - is_paper)


def _hold(
    rng: np.random.Generator, sheet: NDArray[np.float32], kept: tuple[tuple[int, int], tuple[int, ...]]
) -> None:
    """A finger or two that reach in from the side with the most room."""
    frame = sheet.shape[:2]
    room = _room(frame, kept)
    side = int(np.argmax(room))
    ys, xs = np.mgrid[: frame[0], : frame[1]].astype(np.float32)
    skin = np.array(_one_of(rng, _SKIN), np.float32)
    across, along = ((ys, xs), (xs, ys))[side % 2]
    far = across if side < 2 else frame[side % 2] - 1 - across
    centre = float(rng.uniform(0.25, 0.75)) * frame[1 - side % 2]
    for index in range(int(rng.integers(1, 3))):
        radius = float(rng.uniform(0.05, 0.08)) * max(frame)
        reach = max(float(rng.uniform(0.5, 0.85)) * room[side] - radius, 0.0)
        here = centre + index * 2.3 * radius + rng.uniform(-0.2, 0.2) * far
        away = np.hypot(np.maximum(far - reach, 0), along - here)
        shadow = 0.35 * np.exp(-np.maximum(away - radius, 0) / (0.3 * radius))
        sheet *= (1 - shadow)[..., None]
        cover = np.clip(radius - away + 0.5, 0, 1)[..., None]
        round_ = np.sqrt(np.clip(1 - (away / radius) ** 2, 0, 1))[..., None]
        creases = 1 - 0.15 * np.exp(-(((far - 0.5 * reach) / 2) ** 2))[..., None]
        sheet[...] = sheet * (1 - cover) + skin * (0.6 + 0.4 * round_) * creases * cover


def _light(
    rng: np.random.Generator, kind: Light, frame: tuple[int, int], middle: tuple[float, float], size: int
) -> Plane:
    ys, xs = np.mgrid[: frame[0], : frame[1]].astype(np.float32)
    light = np.ones(frame, np.float32)
    light *= 1 - 0.08 * np.hypot(ys / frame[0] - 0.5, xs / frame[1] - 0.5)
    if kind == "falloff":
        angle = rng.uniform(0, 2 * np.pi)
        ramp = (ys / frame[0] - 0.5) * np.sin(angle) + (xs / frame[1] - 0.5) * np.cos(angle)
        light *= 1 - float(rng.uniform(0.5, 0.75)) * np.clip(ramp + 0.5, 0, 1) ** 1.3
    elif kind in ("hard shadow", "two shadows"):
        for _ in range(1 if kind == "hard shadow" else 2):
            angle = rng.uniform(0, 2 * np.pi)
            off = (ys - middle[0]) * np.sin(angle) + (xs - middle[1]) * np.cos(angle)
            off = off - float(rng.uniform(-0.3, 0.3)) * size
            soft = float(rng.uniform(0.7, 3))
            light *= 1 - float(rng.uniform(0.35, 0.65)) / (1 + np.exp(-np.clip(off / soft * 2, -30, 30)))
    elif kind == "soft shadow":
        at = [one + float(rng.uniform(-0.5, 0.5)) * size for one in middle]
        radius = float(rng.uniform(0.5, 1.0)) * size
        blob = np.exp(-(((ys - at[0]) ** 2 + (xs - at[1]) ** 2) / (2 * radius**2)))
        light *= 1 - float(rng.uniform(0.4, 0.6)) * blob
    elif kind == "glare":
        at = [one + float(rng.uniform(-0.8, 0.8)) * size for one in middle]
        radius = float(rng.uniform(0.3, 0.6)) * size
        blob = np.exp(-(((ys - at[0]) ** 2 + (xs - at[1]) ** 2) / (2 * radius**2)))
        light *= 0.7 + float(rng.uniform(0.3, 0.6)) * blob
    return light


def _taken(rng: np.random.Generator, scene: Scene, sheet: NDArray[np.float32], size: int) -> bytes:
    sheet = sheet * float(rng.uniform(*scene.exposure))
    sigma = float(rng.uniform(*scene.blur)) * size
    sheet = ndimage.gaussian_filter(sheet, (sigma, sigma, 0))
    length = float(rng.uniform(*scene.motion)) * size
    if length > 1:
        sheet = _shaken(sheet, length, float(rng.uniform(0, np.pi)))
    sigma = float(rng.uniform(*scene.noise))
    grey, colours = rng.standard_normal((*sheet.shape[:2], 1)), rng.standard_normal(sheet.shape)
    sheet = sheet + sigma * (0.8 * grey + 0.6 * colours)
    image = Image.fromarray(np.clip(sheet, 0, 255).round().astype(np.uint8))
    if scene.enlarged > 1:
        larger = [scene.enlarged * side for side in image.size]
        image = image.resize((larger[0], larger[1]), Image.Resampling.BICUBIC)
    turn = scene.turns[rng.integers(len(scene.turns))]
    exif = Image.Exif()
    exif[0x0112] = turn
    if turn in _TURNED:
        image = image.transpose(_TURNED[turn])
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=int(rng.integers(scene.quality[0], scene.quality[1] + 1)), exif=exif)
    return stream.getvalue()


def _shaken(sheet: NDArray[np.float32], length: float, angle: float) -> NDArray[np.float32]:
    half = int(np.ceil(length / 2))
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    for step in np.linspace(-length / 2, length / 2, 8 * half + 1):
        kernel[round(half + step * np.sin(angle)), round(half + step * np.cos(angle))] += 1
    kernel /= kernel.sum()
    shaken = [ndimage.convolve(sheet[..., band], kernel, mode="nearest") for band in range(3)]
    return np.stack(shaken, axis=-1)
