"""The ladder's picture."""

import itertools
from dataclasses import replace

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from misread.figures.ladder import LadderDisplay, draw_ladder
from misread.recipes.ladder import LadderResult, RungResult, Verdict


def make_result(errors=(30, 12, 0)):
    rungs = [
        RungResult(
            f"model {k}",
            "",
            10.0**k,
            1,
            0,
            1,
            1.0,
            None,
            Verdict(n, 1_000, n / 1200, (n + 5) / 900, 1.0, 0, 0, None, None),
        )
        for k, n in enumerate(errors)
    ]
    return LadderResult(rungs, {}, {"dataset": {"name": "toy", "n_test": 1_000}})


def test_frame_holds_what_is_drawn():
    frame = LadderDisplay.from_result(make_result()).frame()
    np.testing.assert_array_equal(frame["error"], [0.03, 0.012, 0])
    np.testing.assert_array_equal(frame["seconds"], [1, 10, 100])
    assert frame["on_front"].all()
    assert {len(column) for column in frame.values()} == {3}


def test_plot_is_logarithmic_and_names_every_model():
    ax = LadderDisplay.from_result(make_result()).plot().ax_
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    texts = " ".join(text.get_text() for text in ax.texts)
    assert all(f"model {k}" in texts for k in range(3))


def test_the_picture_is_written(tmp_path):
    path = draw_ladder(make_result(), tmp_path / "new")
    assert path.read_bytes().startswith(b"\x89PNG")
    draw_ladder(make_result(errors=(0,)), tmp_path)


def test_no_label_stands_on_another():
    result = make_result(errors=(30, 30, 31))
    display = replace(LadderDisplay.from_result(result), seconds=np.full(3, 5.0)).plot()
    figure = display.ax_.figure
    FigureCanvasAgg(figure).draw()
    boxes = [text.get_window_extent() for text in display.ax_.texts]
    assert len(boxes) == 3
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    assert all(display.ax_.get_window_extent().x1 + 2 >= box.x1 for box in boxes)
