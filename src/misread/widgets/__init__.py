"""Pictures to choose in, in a notebook: what is chosen comes back to Python. They need ``misread[notebook]``."""

from misread.errors import MissingExtraError

try:
    import anywidget as _anywidget  # noqa: F401 - asked for here, so that whoever lacks it is told what to install
except ImportError as error:
    raise MissingExtraError("anywidget", "notebook") from error

from misread.widgets.matrix import ConfusionMatrix
from misread.widgets.threshold import ThresholdExplorer

__all__ = ["ConfusionMatrix", "ThresholdExplorer"]
