"""The study: a declared list of steps, and its result as plain data."""

from misread.recipes.study.runner import StepEvent, run_steps
from misread.results.study import StudyResult

__all__ = ["StepEvent", "StudyResult", "run_steps"]
