"""What all displays share: where they are drawn, and how they show themselves in a notebook."""

import sys
from copy import copy
from io import BytesIO
from typing import Any, Self

import matplotlib as mpl
from matplotlib._pylab_helpers import Gcf
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = ["STYLE", "Display"]

STYLE: Any = {
    "axes.edgecolor": "#BBBBBB",
    "axes.grid": True,
    "axes.labelcolor": "#222222",
    "axes.labelsize": 11,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "figure.dpi": 150,
    "figure.facecolor": "white",
    "font.size": 10,
    "grid.color": "#E6E6E6",
    "legend.frameon": False,
    "lines.linewidth": 2.0,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
}


class Display:
    """A figure that is computed and can be drawn; in a notebook it shows itself.

    In a notebook `plot` makes its figure by pyplot, as scikit-learn does, so that it appears below the cell.
    Elsewhere the figure is its own: no GUI is needed, and nothing of pyplot's is touched.

    Attributes
    ----------
    ax_ : Axes
        Where it was drawn last.
    figure_ : Figure
        The figure of these; ``display.figure_.savefig("roc.png")`` keeps it.
    """

    ax_: Axes
    figure_: Figure

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw on `ax`, or on a new figure."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def _repr_png_(self) -> bytes | None:
        """The picture; None while pyplot is about to show it itself."""
        drawn = self if hasattr(self, "figure_") else None
        if drawn is not None and any(one.canvas.figure is drawn.figure_ for one in Gcf.get_all_fig_managers()):
            return None
        with mpl.rc_context(STYLE):
            if drawn is None:
                drawn = copy(self).plot(_own_figure((6.4, 4.8)).add_subplot())
            stream = BytesIO()
            drawn.figure_.savefig(stream, format="png", bbox_inches="tight")
        return stream.getvalue()

    def _axes(self, ax: Axes | None, figsize: tuple[float, float] = (7, 4.5)) -> Axes:
        """Axes to draw on, remembered; a new figure's if there are none."""
        if ax is None:
            ax = _notebook_axes(figsize) if _in_notebook() else _own_figure(figsize).add_subplot()
        vars(self).update(ax_=ax, figure_=ax.figure.figure)
        return ax


def _own_figure(figsize: tuple[float, float]) -> Figure:
    figure = Figure(figsize=figsize, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _notebook_axes(figsize: tuple[float, float]) -> Axes:
    import matplotlib.pyplot as plt  # only here: it chooses a GUI

    _, ax = plt.subplots(figsize=figsize, layout="constrained")
    return ax


def _in_notebook() -> bool:
    """Whether a Jupyter kernel runs this."""
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None
