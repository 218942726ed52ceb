"""misread: see exactly what your image classifier misreads, and fix it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from misread import models
    from misread.api import check, compare, evaluate, judge, open_model, run_study, stress
    from misread.bundle import Bundle, save
    from misread.data import Dataset, load
    from misread.errors import (
        AnswersError,
        DataError,
        DownloadError,
        FormatError,
        MisreadError,
        MissingExtraError,
        ModelFileError,
        OutputError,
        ParameterError,
        RunError,
    )
    from misread.evaluation.answers import Answers
    from misread.fitting.tune import tune
    from misread.recipes.ladder import LadderResult, run_ladder
    from misread.recipes.study import StudyResult
    from misread.recipes.train import train
    from misread.results.comparison import Comparison
    from misread.results.stress import Stress

__all__ = [
    "Answers",
    "AnswersError",
    "Bundle",
    "Comparison",
    "DataError",
    "Dataset",
    "DownloadError",
    "FormatError",
    "LadderResult",
    "MisreadError",
    "MissingExtraError",
    "ModelFileError",
    "OutputError",
    "ParameterError",
    "RunError",
    "Stress",
    "StudyResult",
    "__version__",
    "check",
    "compare",
    "evaluate",
    "judge",
    "load",
    "models",
    "open_model",
    "run_ladder",
    "run_study",
    "save",
    "stress",
    "train",
    "tune",
]

__version__ = "0.1.0"

_HOMES = {
    "misread.api": ("check", "compare", "evaluate", "judge", "open_model", "run_study", "stress"),
    "misread.bundle": ("Bundle", "save"),
    "misread.data": ("Dataset", "load"),
    "misread.errors": (
        "AnswersError",
        "DataError",
        "DownloadError",
        "FormatError",
        "MisreadError",
        "MissingExtraError",
        "ModelFileError",
        "OutputError",
        "ParameterError",
        "RunError",
    ),
    "misread.evaluation.answers": ("Answers",),
    "misread.fitting.tune": ("tune",),
    "misread.recipes.ladder": ("LadderResult", "run_ladder"),
    "misread.recipes.study": ("StudyResult",),
    "misread.recipes.train": ("train",),
    "misread.results.comparison": ("Comparison",),
    "misread.results.stress": ("Stress",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: `import misread` itself costs nothing."""
    if name == "models":
        return import_module("misread.models")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'misread' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    """The public names, whether they have been asked for or not."""
    return sorted(__all__)
