"""Model error or label error? Labels that the out-of-fold scores contradict, and the images nearest to them."""

from misread.analysis.doubted import chances_of_doubts
from misread.analysis.doubts import N_NEIGHBORS, doubt_labels
from misread.evaluation.calibration import class_probabilities
from misread.evaluation.scores import class_table
from misread.recipes.study.step import Context, Outcome
from misread.results.names import doubter_of
from misread.tasks import classification

__all__ = ["run_suspects", "why_too_few_neighbors"]

N_SUSPECTS = 400


def why_too_few_neighbors(context: Context) -> str | None:
    """The vote of the nearest images needs some."""
    return (
        None if len(context.dataset.train) > N_NEIGHBORS else f"there are no {N_NEIGHBORS} other training images"
    )


def run_suspects(context: Context) -> Outcome:
    """Confident learning on out-of-fold scores, checked by the nearest training images.

    The scores are those of `--model`, or else of the linear model, never of the tuned neighbours: they would be
    checked by the very images that they go by.
    """
    task = classification(context.dataset)
    name = doubter_of("chosen" in context.done)
    probabilities = class_probabilities(task.y_train, context.done[name].arrays[f"{name}.scores"])
    doubts = doubt_labels(task.X_train, task.y_train, probabilities, limit=N_SUSPECTS)
    scores = class_table(context.done[name].arrays[f"{name}.scores"])
    arrays, values = chances_of_doubts(doubts, task.X_train, task.y_train, scores)
    return Outcome(values, arrays)
