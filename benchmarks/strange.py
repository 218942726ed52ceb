"""Images that are no digits, drawn from a seed: what a product's camera meets first.

Two sets that never meet: what a measure of strangeness may be tuned by (`TUNING`, made of training images), and
what it is reported on (`REPORTED`: noise, scribbles, shapes, pairs of digits, letters in this machine's fonts).
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from misread.images.fit import fit_image, fit_images

__all__ = ["LETTERS", "REPORTED", "SIMILAR", "TUNING", "fonts"]

Images = NDArray[np.uint8]
LETTERS = "AEFHKMNRTWX"
"""Letters that look like no digit."""
SIMILAR = "OIlSZB"
"""Letters that may be read as digits: reported, without a target."""
SHAPES = ("triangle", "heart", "smiley", "star", "spiral", "arrow", "check mark")
SIDE, MODEL_SIDE = 112, 28
FONTS = Path("/usr/share/fonts")
_NO_LETTERS = ("biolinum_k", "keyboard", "symbol", "emoji", "math", "dingbat", "lignes", "barcode", "icon")


def fonts() -> list[Path]:
    """One upright, regular font of every family in the folder of Debian's packages."""
    families: dict[str, Path] = {}
    for path in sorted([*FONTS.rglob("*.ttf"), *FONTS.rglob("*.otf")]):
        name = path.stem.lower()
        if not any(word in name for word in _NO_LETTERS):
            families.setdefault(name.split("-")[0].rstrip("0123456789"), path)
    return [path for path in families.values() if _has_letters(path)]


def _has_letters(path: Path) -> bool:
    try:
        font = ImageFont.truetype(str(path), 40)
        drawn = [np.asarray(font.getmask(letter)).reshape(-1) for letter in "AMX"]
    except (OSError, ValueError):
        return False
    return all(one.any() for one in drawn) and len({one.tobytes() for one in drawn}) == len(drawn)


def letters(rng: np.random.Generator, n: int, which: str = LETTERS) -> Images:
    """Letters of every font in turn, thinner and thicker, upright and slanted."""
    known = fonts()
    return _fitted(_letter(rng, known[i % len(known)], which[i % len(which)]) for i in range(n))


def _letter(rng: np.random.Generator, font: Path, letter: str) -> Images:
    big = Image.new("L", (SIDE * 2, SIDE * 2))
    face = ImageFont.truetype(str(font), 110)
    left, top, right, bottom = face.getbbox(letter)
    place = (SIDE - (left + right) / 2, SIDE - (top + bottom) / 2)
    ImageDraw.Draw(big).text(place, letter, 255, face, stroke_width=int(rng.integers(0, 5)))
    slant = rng.uniform(-0.3, 0.3)
    moved = big.transform(big.size, Image.Transform.AFFINE, (1, slant, -slant * SIDE, 0, 1, 0))
    return np.asarray(moved)


def shapes(rng: np.random.Generator, n: int, which: tuple[str, ...] = SHAPES) -> Images:
    """Shapes as a hand draws them: turned a little, uneven, thin or thick."""
    return _fitted(_drawn(rng, _lines_of(which[i % len(which)], rng)) for i in range(n))


def _lines_of(name: str, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """Lines through points between -1 and 1."""
    turn = np.linspace(0, 2 * np.pi, 40)
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    if name == "triangle":
        return [np.array([[0, -1], [1, 0.8], [-1, 0.8], [0, -1]])]
    if name == "heart":
        x, y = (
            np.sin(turn) ** 3,
            np.cos(turn) * 13 - 5 * np.cos(2 * turn) - 2 * np.cos(3 * turn) - np.cos(4 * turn),
        )
        return [np.column_stack([x, -y / 16])]
    if name == "smiley":
        grin = np.linspace(0.2 * np.pi, 0.8 * np.pi, 12)
        eyes = [circle * 0.08 + [x, -0.3] for x in (-0.35, 0.35)]
        return [circle, np.column_stack([np.cos(grin), np.sin(grin)]) * 0.55, *eyes]
    if name == "star":
        corners = np.arange(6) * 4 * np.pi / 5 - np.pi / 2
        return [np.column_stack([np.cos(corners), np.sin(corners)])]
    if name == "spiral":
        along = np.linspace(0, rng.uniform(2.2, 3.5) * 2 * np.pi, 120)
        return [np.column_stack([np.cos(along), np.sin(along)]) * (along / along[-1])[:, None]]
    if name == "arrow":
        return [np.array([[-1, 0], [1, 0]]), np.array([[0.4, -0.5], [1, 0], [0.4, 0.5]])]
    return [np.array([[-1, 0], [-0.3, 0.7], [1, -0.9]])]


def scribbles(rng: np.random.Generator, n: int) -> Images:
    """Lines to and fro, without aim."""
    return _fitted(_drawn(rng, [rng.uniform(-1, 1, (int(rng.integers(8, 20)), 2))]) for _ in range(n))


def _drawn(rng: np.random.Generator, lines: list[NDArray[np.float64]]) -> Images:
    """Ink along lines, that are turned, squeezed and uneven as a hand's are."""
    angle, squeeze = rng.normal(0, 0.15), rng.uniform(0.8, 1.2)
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * [squeeze, 1]
    image = Image.new("L", (SIDE, SIDE))
    pen, width = ImageDraw.Draw(image), int(rng.integers(4, 11))
    for line in lines:
        uneven = (line + rng.normal(0, 0.03, line.shape)) @ turned.T
        points = [tuple(point) for point in (uneven * 0.38 + 0.5) * SIDE]
        pen.line(points, 255, width, joint="curve")
        for x, y in points:
            pen.ellipse([x - width / 2, y - width / 2, x + width / 2, y + width / 2], 255)
    return np.asarray(image)


def noise(rng: np.random.Generator, n: int) -> Images:
    """Grey noise, fine and coarse, over all of the frame."""
    images = np.empty((n, MODEL_SIDE, MODEL_SIDE), np.uint8)
    for i in range(n):
        coarse = ndimage.gaussian_filter(rng.normal(size=(MODEL_SIDE, MODEL_SIDE)), (i % 4) * 0.7)
        images[i] = np.clip(128 + 80 * coarse / max(coarse.std(), 1e-9), 0, 255)
    return images


def blank(rng: np.random.Generator, n: int) -> Images:
    """Nothing, and hardly anything."""
    levels = rng.integers(0, 256, (n, 1, 1)) + rng.integers(0, 6, (n, MODEL_SIDE, MODEL_SIDE))
    return np.minimum(levels, 255).astype(np.uint8)


def pairs(rng: np.random.Generator, digits: Images, n: int) -> Images:
    """Two digits side by side."""
    chosen = digits[rng.integers(0, len(digits), (n, 2))]
    return _fitted(np.hstack([_cropped(left), np.zeros((28, 1 + i % 3), np.uint8), _cropped(right)])
                   for i, (left, right) in enumerate(chosen))  # fmt: skip


def _cropped(image: Images) -> Images:
    columns = np.flatnonzero(image.any(axis=0))
    return image[:, columns[0] : columns[-1] + 1] if len(columns) else image


def _fitted(images: Iterator[Images]) -> Images:
    return np.stack([fit_image(image, MODEL_SIDE, "mnist") for image in images])


REPORTED: dict[str, Callable[[np.random.Generator, Images, int], Images]] = {
    "blank": lambda rng, digits, n: blank(rng, n),
    "noise": lambda rng, digits, n: noise(rng, n),
    "scribbles": lambda rng, digits, n: scribbles(rng, n),
    "two digits side by side": pairs,
    "letters like no digit": lambda rng, digits, n: letters(rng, n),
    "drawn shapes": lambda rng, digits, n: shapes(rng, n),
    "letters O I l S Z B": lambda rng, digits, n: letters(rng, n, SIMILAR),
}
"""What is reported on, from a generator, test images and how many."""


def halves(rng: np.random.Generator, digits: Images, n: int) -> Images:
    """The left half of one digit and the right half of another, or upper and lower ones."""
    one, other = digits[rng.integers(0, len(digits), n)], digits[rng.integers(0, len(digits), n)]
    mixed = one.copy()
    for i in range(n):
        if i % 2:
            mixed[i, 14:] = other[i, 14:]
        else:
            mixed[i, :, 14:] = other[i, :, 14:]
    return fit_images(mixed, MODEL_SIDE, "mnist")


def overlaid(rng: np.random.Generator, digits: Images, n: int) -> Images:
    """Two digits on top of each other, one of them lying."""
    one, other = digits[rng.integers(0, len(digits), n)], digits[rng.integers(0, len(digits), n)]
    return fit_images(np.maximum(one, np.rot90(other, axes=(1, 2))), MODEL_SIDE, "mnist")


def beside(rng: np.random.Generator, digits: Images, n: int) -> Images:
    """A digit, and another below it to the right, over a corner of the first."""
    one, other = digits[rng.integers(0, len(digits), n)], digits[rng.integers(0, len(digits), n)]
    wide = np.zeros((n, 42, 42), np.uint8)
    wide[:, :28, :28] = one
    wide[:, 14:, 14:] = np.maximum(wide[:, 14:, 14:], other)
    return fit_images(wide, MODEL_SIDE, "mnist")


def patchwork(rng: np.random.Generator, digits: Images, n: int) -> Images:
    """The middles of four digits, side by side."""
    mixed = np.zeros((n, 28, 28), np.uint8)
    chosen = digits[rng.integers(0, len(digits), (n, 4)), 7:21, 7:21]
    for part, (y, x) in enumerate(((0, 0), (0, 14), (14, 0), (14, 14))):
        mixed[:, y : y + 14, x : x + 14] = chosen[:, part]
    return fit_images(mixed, MODEL_SIDE, "mnist")


def crossed_out(rng: np.random.Generator, digits: Images, n: int) -> Images:
    """A digit with a line through it."""
    mixed = digits[rng.integers(0, len(digits), n)].copy()
    for i in range(n):
        image, (a, b) = Image.fromarray(mixed[i]), (int(one) for one in rng.integers(1, 27, 2))
        ends = [(a, 1), (b, 26)] if i % 2 else [(1, a), (26, b)]
        ImageDraw.Draw(image).line(ends, 255, int(rng.integers(2, 4)))
        mixed[i] = np.asarray(image)
    return fit_images(mixed, MODEL_SIDE, "mnist")


def filled(rng: np.random.Generator, digits: Images, n: int) -> Images:
    """The outlines of digits, made thick and filled with a grey that is rough or even."""
    mixed = digits[rng.integers(0, len(digits), n)].copy()
    for i in range(n):
        closed = ndimage.binary_closing(np.pad(mixed[i] > 80, 4), iterations=3)[4:-4, 4:-4]
        shape = ndimage.binary_dilation(ndimage.binary_fill_holes(closed), iterations=int(rng.integers(1, 3)))
        rough = ndimage.gaussian_filter(rng.normal(size=shape.shape), rng.uniform(0, 2))
        mixed[i] = shape * np.clip(rng.uniform(100, 220) + rng.uniform(0, 50) * rough, 30, 255)
    return fit_images(mixed, MODEL_SIDE, "mnist")


def curves(rng: np.random.Generator, digits: Images, n: int) -> Images:
    """One to three Bézier curves."""
    along = np.linspace(0, 1, 30)[:, None]

    def curve() -> NDArray[np.float64]:
        a, b, c, d = rng.uniform(-1, 1, (4, 2))
        rest = 1 - along
        return np.asarray(rest**3 * a + 3 * along * rest**2 * b + 3 * along**2 * rest * c + along**3 * d)

    return _fitted(_drawn(rng, [curve() for _ in range(rng.integers(1, 4))]) for _ in range(n))


def mirrored(rng: np.random.Generator, digits: Images, n: int) -> Images:
    """Digits as in a mirror; some are digits still."""
    return np.ascontiguousarray(digits[rng.integers(0, len(digits), n)][:, :, ::-1])


def upside_down(rng: np.random.Generator, digits: Images, n: int) -> Images:
    """Digits as in a lake; some are digits still."""
    return np.ascontiguousarray(digits[rng.integers(0, len(digits), n)][:, ::-1])


def quarters(rng: np.random.Generator, digits: Images, n: int) -> Images:
    """A digit whose quarters have changed places."""
    chosen = digits[rng.integers(0, len(digits), n)]
    return fit_images(np.roll(chosen, (14, 14), axis=(1, 2)), MODEL_SIDE, "mnist")


def lying(rng: np.random.Generator, digits: Images, n: int) -> Images:
    """Digits turned by a quarter."""
    chosen = digits[rng.integers(0, len(digits), n)]
    return np.ascontiguousarray(np.rot90(chosen, axes=(1, 2)))


TUNING: dict[str, Callable[[np.random.Generator, Images, int], Images]] = {
    "halves of two": halves,
    "two on top of each other": overlaid,
    "quarters changed": quarters,
    "turned by a quarter": lying,
    "one over a corner of another": beside,
    "patchwork of four": patchwork,
    "crossed out": crossed_out,
    "filled": filled,
    "curves": curves,
    "mirrored": mirrored,
    "upside down": upside_down,
}
"""What a measure may be tuned by, from a generator, training images and how many."""
