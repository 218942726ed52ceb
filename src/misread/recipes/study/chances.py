"""How true the scores of the hero are as chances, before and after calibration."""

import numpy as np

from misread.evaluation.answers import Answers
from misread.evaluation.scores import class_table
from misread.recipes.chances import chances_of
from misread.recipes.study.step import Context, Outcome

__all__ = ["run_chances"]


def run_chances(context: Context) -> Outcome:
    """Whether the hero's held-out scores are true as chances, and what a curve that is fitted on them says."""
    table = class_table(context.opened("scores"))
    are_shares = bool(table.min() >= 0 and np.allclose(table.sum(axis=1), 1))
    dataset = context.dataset
    answers = Answers(
        dataset.class_names,
        context.opened("predictions"),
        dataset.train.labels,
        table,
        "votes" if are_shares else "decision_function",
    )
    return Outcome({f"chances.{name}": value for name, value in chances_of(answers).items()})
