"""Whether more images would help the hero of the study."""

from typing import Any

from sklearn.preprocessing import StandardScaler

from misread.models import KNeighborsClassifier, SGDClassifier
from misread.models.pixels import set_shape
from misread.models.zoo import make
from misread.recipes.enough import learning_of
from misread.recipes.study.step import Context, Outcome

__all__ = ["run_enough"]


def run_enough(context: Context) -> Outcome:
    """The hero learns from more and more of the training images; test images are left alone."""
    found = learning_of(_hero(context), context.dataset.train, context.seed)
    return Outcome({f"enough.{name}": value for name, value in found.items()})


def _hero(context: Context) -> Any:
    """A fresh model like the one whose errors the report opens; a scaler sees no image that is asked about."""
    key = context.done["best"].values["best.step"]
    if key == "knn":
        return KNeighborsClassifier(**context.done["knn"].values["knn.best_params"])
    if key == "chosen":
        return set_shape(make(context.model, seed=context.seed), context.dataset.shape)
    return SGDClassifier(random_state=context.seed, scaler=StandardScaler() if key == "sgd_scaled" else None)
