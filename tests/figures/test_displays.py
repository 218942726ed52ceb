import copy
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot
import numpy as np
import PIL.Image
import pytest
from matplotlib.figure import Figure

from misread.figures import (
    ConfusionDisplay,
    ImageGridDisplay,
    PrecisionRecallDisplay,
    RocDisplay,
    ThresholdDisplay,
)

RNG = np.random.default_rng(0)
TRUTH = RNG.random(200) < 0.4
SCORES = TRUTH + RNG.normal(size=200)
COUNTS = np.array([[8, 1, 0], [2, 5, 0], [0, 0, 0]])

DISPLAYS = {
    "images": ImageGridDisplay.from_images(RNG.integers(0, 355, (7, 4, 3)), columns=3, lines=True),
    "threshold": ThresholdDisplay.from_scores(TRUTH, SCORES, 0.5),
    "precision-recall": PrecisionRecallDisplay.from_scores(TRUTH, {"a": SCORES, "b": -SCORES}, {"a": 0.5}),
    "roc": RocDisplay.from_scores(TRUTH, SCORES, None),
    "roc-point": RocDisplay.from_scores(TRUTH, SCORES, 0.5),
    "confusion": ConfusionDisplay.from_counts(COUNTS, ["a", "b" * 30, "$c_1"]),
    "confusion-row": ConfusionDisplay.from_counts(COUNTS, list("abc"), "row", errors=True),
}


@pytest.mark.parametrize("display", DISPLAYS.values(), ids=DISPLAYS.keys())
def test_a_display_draws_and_gives_its_numbers(display):
    before = matplotlib.pyplot.get_fignums()
    assert display.plot() is display
    display.figure_.canvas.draw()
    assert display.figure_.axes[0] is display.ax_
    given = Figure().add_subplot()
    assert display.plot(given).ax_ is given
    columns = display.frame()
    assert len({len(column) for column in columns.values()}) == 1
    assert matplotlib.pyplot.get_fignums() == before == []


def test_the_frames_hold_what_is_drawn():
    frame = DISPLAYS["confusion-row"].frame()
    assert frame["value"].tolist() == [0, 1, 0, 1, 0, 0, 0, 0, 0]
    assert frame["true"].tolist() == list("aaabbbccc")
    line = DISPLAYS["threshold"].plot().ax_.lines[0]
    np.testing.assert_array_equal(line.get_ydata(), DISPLAYS["threshold"].frame()["precision"])


@pytest.mark.parametrize("display", DISPLAYS.values(), ids=DISPLAYS.keys())
def test_a_display_shows_itself(display):
    fresh = copy.copy(display)
    vars(fresh).pop("figure_", None)
    picture = PIL.Image.open(io.BytesIO(fresh._repr_png_()))
    assert min(picture.size) > 300
    assert len(picture.convert("L").getcolors()) > 10
    assert not hasattr(fresh, "figure_")
    assert repr(fresh) == f"<{type(display).__name__}>"
    assert matplotlib.pyplot.get_fignums() == []


def test_no_gui_is_asked_for():
    """Neither by a script nor by the command line, whatever backend a user's settings name."""
    code = """if True:
        import sys
        from misread.figures import ThresholdDisplay, draw_study
        ThresholdDisplay.from_scores([0, 1], [0.0, 1.0], 0.5).plot().figure_.savefig("a.png")
        assert "matplotlib.pyplot" not in sys.modules
    """
    environment = os.environ | {"MPLBACKEND": "TkAgg", "DISPLAY": "nowhere:9"}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-c", code], env=environment, cwd=folder, check=True, timeout=120)
        assert (Path(folder) / "a.png").read_bytes().startswith(b"\x89PNG")
