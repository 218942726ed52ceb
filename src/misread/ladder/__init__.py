"""The accuracy ladder: how good can it get, at what cost? Each rung is trained, and then judged once."""

from misread.ladder.climb import Climb, climb
from misread.ladder.judge import Verdict, judge
from misread.ladder.result import LadderResult, RungResult
from misread.ladder.rungs import RUNGS, Rung, rungs_named
from misread.ladder.runner import LadderEvent, run_ladder

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
