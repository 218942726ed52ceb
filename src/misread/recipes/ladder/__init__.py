"""The accuracy ladder: how good can it get, at what cost? Each rung is trained, and then judged once."""

from misread.recipes.ladder.climb import Climb, climb
from misread.recipes.ladder.judge import judge
from misread.recipes.ladder.rungs import RUNGS, Rung, rungs_named
from misread.recipes.ladder.runner import LadderEvent, run_ladder
from misread.results.ladder import LadderResult, RungResult, Verdict

__all__ = [
    "RUNGS",
    "Climb",
    "LadderEvent",
    "LadderResult",
    "Rung",
    "RungResult",
    "Verdict",
    "climb",
    "judge",
    "run_ladder",
    "rungs_named",
]
