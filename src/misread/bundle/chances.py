"""A model's calibration as plain values and arrays of its file, and back."""

from typing import Any

import numpy as np

from misread.bundle.budget import Store
from misread.bundle.leaves import is_number
from misread.bundle.parts import Plain, Put, checked_array, checked_number, checked_temperature, expect
from misread.evaluation.chances import Calibration
from misread.evaluation.curves import KINDS

__all__ = ["calibration_of", "written_calibration"]

_MOST_KNOTS = 4_096


def written_calibration(calibration: Calibration, put: Put) -> Plain:
    """What the file says of it."""
    return {
        "kind": calibration.kind,
        "leads": put("calibration.leads", calibration.leads),
        "chances": put("calibration.chances", calibration.chances),
        "temperature": calibration.temperature,
        "n": calibration.n,
        "ceiling": calibration.ceiling,
        "losses": calibration.losses,
    }


def calibration_of(node: Any, arrays: Store) -> Calibration | None:
    """The calibration that a file describes; None where it says nothing.

    Raises
    ------
    ModelFileError
        If it makes no sense.
    """
    if node is None:
        return None
    expect(isinstance(node, dict) and node.get("kind") in KINDS, "a calibration of an unknown kind")
    leads, chances = (checked_array(node, name, arrays, "f8", (None,)) for name in ("leads", "chances"))
    expect(0 < len(leads) == len(chances) <= _MOST_KNOTS, "knots of the calibration")
    expect((np.diff(leads) > 0).all() and (np.diff(chances) >= 0).all(), "a calibration that does not rise")
    expect(chances[0] > 0 and chances[-1] < 1, "chances that are none")
    losses = node["losses"]
    expect(
        isinstance(losses, dict) and losses.keys() <= KINDS.keys() and all(map(is_number, losses.values())),
        "losses of the calibration",
    )
    return Calibration(
        node["kind"],
        leads,
        chances,
        checked_temperature(node),
        int(checked_number(node, "n", 1, 2**53)),
        checked_number(node, "ceiling", 0.5, 1 - 1e-9),
        {name: float(value) for name, value in losses.items()},
    )
