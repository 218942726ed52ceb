"""The accuracy ladder: how good can it get, at what cost? Each rung is trained, and then judged once."""

from misread.recipes.ladder.climb import Climb, climb
from misread.recipes.ladder.judge import judge
from misread.recipes.ladder.runner import RUNGS, LadderEvent, run_ladder, rungs_named
from misread.results.ladder import LadderResult, RungResult, Verdict

__all__ = [
    "RUNGS",
    "Climb",
    "LadderEvent",
    "LadderResult",
    "RungResult",
    "Verdict",
    "climb",
    "judge",
    "run_ladder",
    "rungs_named",
]
