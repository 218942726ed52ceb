"""Model error or label error? Labels that the out-of-fold scores contradict, and the images nearest to them."""

from misread.analysis.doubts import N_NEIGHBORS, doubt_labels
from misread.evaluation.calibration import class_probabilities
from misread.recipes.study.step import Context, Outcome
from misread.tasks import classification

__all__ = ["run_suspects", "why_too_few_neighbors"]

N_SUSPECTS = 400


def why_too_few_neighbors(context: Context) -> str | None:
    """The vote of the nearest images needs some."""
    return (
        None if len(context.dataset.train) > N_NEIGHBORS else f"there are no {N_NEIGHBORS} other training images"
    )


def run_suspects(context: Context) -> Outcome:
    """Confident learning on the out-of-fold scores of the opened model, checked by the nearest training images."""
    task = classification(context.dataset)
    probabilities = class_probabilities(task.y_train, context.opened("scores"))
    arrays, verdicts = doubt_labels(task.X_train, task.y_train, probabilities, limit=N_SUSPECTS)
    return Outcome({"suspects.verdicts": verdicts}, arrays)
