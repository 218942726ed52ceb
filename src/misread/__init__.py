"""misread: see exactly what your image classifier misreads, and fix it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from misread.data import Dataset, load
    from misread.recipes.ladder import LadderResult, run_ladder
    from misread.recipes.study import StudyResult
    from misread.recipes.train import train
    from misread.run import run_study

__all__ = [
    "Dataset",
    "LadderResult",
    "StudyResult",
    "__version__",
    "load",
    "run_ladder",
    "run_study",
    "train",
]

__version__ = "0.1.0"

_HOMES = {
    "Dataset": "misread.data",
    "LadderResult": "misread.recipes.ladder",
    "StudyResult": "misread.recipes.study",
    "load": "misread.data",
    "run_ladder": "misread.recipes.ladder",
    "run_study": "misread.run",
    "train": "misread.recipes.train",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: `import misread` itself costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'misread' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
