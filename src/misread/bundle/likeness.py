"""What a model calls unlike all that it learnt, as plain values and arrays of its file, and back."""

from typing import Any

from misread.analysis.unlike import N_DIRECTIONS, N_NEAREST, SCALES, Likeness
from misread.bundle.budget import Store
from misread.bundle.manifest import Manifest
from misread.bundle.parts import Plain, Put, checked_array, expect
from misread.kernels.strokes import N_STROKE_COUNTS
from misread.models.features import n_edge_features

__all__ = ["likeness_of", "written_likeness"]

_KINDS = {
    "edges and strokes, typical": (SCALES, N_NEAREST),
    "edges and strokes": (((7.0, 2.0), (4.0, 2.0), (2.0, 2.0)), 5),
}
"""Windows of edges, and how many nearest places count; of the last, in earlier files, all training images."""
_ARRAYS = (
    "levels", "edge_axes", "edge_step", "edge_centre", "stroke_axes", "stroke_centre", "stroke_spread", "known",
    "known_step",
)  # fmt: skip


def written_likeness(likeness: Likeness, put: Put) -> Plain:
    """What the file says of it."""
    kind = next(kind for kind, way in _KINDS.items() if way == (likeness.scales, likeness.n_nearest))
    return {"kind": kind, **{name: put(f"likeness.{name}", getattr(likeness, name)) for name in _ARRAYS}}


def likeness_of(node: Any, manifest: Manifest, arrays: Store) -> Likeness | None:
    """The measure of likeness that a file describes; None where it has none.

    Raises
    ------
    ModelFileError
        If it makes no sense.
    """
    if node is None:
        return None
    kind = str(node.get("kind")) if isinstance(node, dict) else ""
    expect(kind in _KINDS, "a measure of likeness of an unknown kind")
    scales, n_nearest = _KINDS[kind]
    n_edges, n_strokes = n_edge_features(manifest.image_size, N_DIRECTIONS, scales), N_STROKE_COUNTS
    edge_axes = checked_array(node, "edge_axes", arrays, "i1", (n_edges, None))
    stroke_axes = checked_array(node, "stroke_axes", arrays, "f4", (n_strokes, None))
    n = edge_axes.shape[1]
    known = checked_array(node, "known", arrays, "i1", (None, n + stroke_axes.shape[1]))
    levels = checked_array(node, "levels", arrays, "i8", (3,))
    expect(n > 0 and stroke_axes.shape[1] > 0 and len(known) > 0, "a measure of likeness of nothing")
    expect(((levels >= 0) & (levels <= 255)).all(), "grey levels of ink")
    sizes = {"edge_step": n, "edge_centre": n, "stroke_centre": n_strokes, "stroke_spread": n_strokes}
    numbers = {
        name: checked_array(node, name, arrays, "f4", (size,))
        for name, size in (*sizes.items(), ("known_step", known.shape[1]))
    }
    expect((numbers["stroke_spread"] > 0).all(), "a spread of strokes that is none")
    return Likeness(
        shape=manifest.image_size,
        levels=levels,
        edge_axes=edge_axes,
        stroke_axes=stroke_axes,
        known=known,
        **numbers,
        scales=scales,
        n_nearest=n_nearest,
    )
