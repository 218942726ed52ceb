"""The kinds of photographs: what each is of."""

from dataclasses import replace

from benchmarks.photographs.scene import BLACK, Scene

__all__ = ["KINDS", "NOTHING"]

_GREY = ((150, 150, 148), (120, 122, 125), (185, 183, 180))
_COLOURED = ((240, 225, 120), (160, 200, 225), (235, 170, 180), (150, 205, 150), (205, 170, 120))
_BOARD = ((35, 60, 45), (38, 40, 42), (28, 50, 42))
_CHALK = ((235, 235, 228), (240, 225, 150), (225, 190, 200))
_DARK_PAPER = ((40, 45, 90), (110, 30, 40), (30, 30, 30), (25, 80, 60))
_PENCIL = ((95, 95, 100), (120, 120, 124), (75, 75, 80))
_COLOURED_INK = ((190, 30, 40), (30, 120, 60), (40, 60, 190), (120, 40, 140))

KINDS: dict[str, Scene] = {
    "white paper": Scene(),
    "grey paper": Scene(paper=_GREY),
    "coloured paper": Scene(paper=_COLOURED),
    "coloured ink": Scene(ink=_COLOURED_INK),
    "thin pen": Scene(thicker=(-1.6, -1.0), blur=(0.004, 0.008)),
    "thick marker": Scene(thicker=(1.0, 1.8)),
    "pencil": Scene(ink=_PENCIL, grain=(0.4, 0.7), opacity=(0.75, 0.95), thicker=(-1.2, -0.3), texture=0.015),
    "chalk": Scene(paper=_BOARD, ink=_CHALK, grain=(0.5, 0.8), texture=0.06, thicker=(0, 0.8)),
    "light ink on dark": Scene(paper=_DARK_PAPER, ink=((245, 245, 245), (235, 215, 150)), light="falloff"),
    "whiteboard with glare": Scene(light="glare", ink=(*BLACK, *_COLOURED_INK), thicker=(0.3, 1.2)),
    "textured paper": Scene(texture=0.04, paper=((225, 220, 205), (190, 170, 140))),
    "folded paper": Scene(folds=True, light="falloff"),
    "falloff": Scene(light="falloff"),
    "hard shadow": Scene(light="hard shadow"),
    "two shadows": Scene(light="two shadows"),
    "soft shadow": Scene(light="soft shadow"),
    "ruled": Scene(lines="ruled"),
    "ruled with margin": Scene(lines="margin"),
    "squared": Scene(lines="squared"),
    "squared, pencil": Scene(
        lines="squared", ink=_PENCIL, grain=(0.2, 0.5), opacity=(0.8, 0.95), thicker=(-0.8, 0)
    ),
    "squared in shadow": Scene(lines="squared", light="hard shadow"),
    "edge of the sheet": Scene(rim="edge"),
    "corner of the sheet": Scene(rim="corner", light="falloff"),
    "fingers": Scene(rim="fingers"),
    "cut off writing": Scene(rim="writing", height=(0.3, 0.5)),
    "JPEG blocks": Scene(quality=(8, 16)),
    "out of focus": Scene(blur=(0.04, 0.07)),
    "shaken": Scene(motion=(0.06, 0.12)),
    "noise": Scene(noise=(12, 25)),
    "dark": Scene(exposure=(0.15, 0.3), noise=(4, 9), light="falloff"),
    "overexposed": Scene(exposure=(1.15, 1.4), ink=_PENCIL),
    "small": Scene(height=(0.1, 0.16), blur=(0.015, 0.03)),
    "filling the frame": Scene(height=(0.75, 0.88)),
    "turned by EXIF": Scene(turns=(3, 6, 8)),
    "12 megapixels": Scene(sides=((750, 1000), (1000, 750)), enlarged=4, height=(0.15, 0.4)),
    "all at once": Scene(
        paper=_GREY,
        light="hard shadow",
        lines="ruled",
        rim="edge",
        blur=(0.015, 0.03),
        noise=(5, 9),
        quality=(25, 45),
        exposure=(0.5, 0.8),
    ),
}
"""Each has one difficulty, but for the last."""

NOTHING: dict[str, Scene] = {
    **{
        f"empty: {name}": replace(KINDS[name], mark="nothing")
        for name in (
            "white paper",
            "grey paper",
            "chalk",
            "textured paper",
            "folded paper",
            "falloff",
            "two shadows",
            "ruled",
            "ruled with margin",
            "squared",
            "edge of the sheet",
            "corner of the sheet",
            "fingers",
            "cut off writing",
            "JPEG blocks",
            "noise",
            "dark",
            "12 megapixels",
        )
    },
    "a dot": Scene(mark="dot"),
    "a dot on squared paper": Scene(mark="dot", lines="squared"),
    "a line that ran off the sheet": Scene(mark="stray line"),
}
"""Photographs on which there is nothing to read."""
