import matplotlib.pyplot
import numpy as np
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
    ax = display.plot()
    ax.figure.canvas.draw()
    given = Figure().add_subplot()
    assert display.plot(given) is given
    columns = display.frame()
    assert len({len(column) for column in columns.values()}) == 1
    assert matplotlib.pyplot.get_fignums() == before == []


def test_the_frames_hold_what_is_drawn():
    frame = DISPLAYS["confusion-row"].frame()
    assert frame["value"].tolist() == [0, 1, 0, 1, 0, 0, 0, 0, 0]
    assert frame["true"].tolist() == list("aaabbbccc")
    line = DISPLAYS["threshold"].plot().lines[0]
    np.testing.assert_array_equal(line.get_ydata(), DISPLAYS["threshold"].frame()["precision"])
