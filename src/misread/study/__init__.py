"""The study: a declared list of steps, and its result as plain data."""

from misread.study.results import StudyResult
from misread.study.runner import StepEvent, run_steps

__all__ = ["StepEvent", "StudyResult", "run_steps"]
