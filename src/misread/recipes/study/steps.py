"""The study as a declared list of steps."""

from dataclasses import replace

import numpy as np

from misread.recipes.study.chances import run_chances
from misread.recipes.study.detectors import run_detector, run_forest
from misread.recipes.study.enough import run_enough
from misread.recipes.study.gallery import run_gallery
from misread.recipes.study.layout import run_map, why_too_many
from misread.recipes.study.multiclass import (
    run_best,
    run_chosen,
    run_duels,
    run_errors,
    run_one_vs_rest,
    run_sgd_raw,
    run_sgd_scaled,
    run_sgd_scaled_in_fold,
)
from misread.recipes.study.neighbors import (
    run_knn,
    run_knn_augmented,
    run_knn_held_out,
    run_knn_test,
    why_no_copies,
    why_no_test,
)
from misread.recipes.study.outputs import run_chain, run_denoise, run_multilabel, why_no_numbers
from misread.recipes.study.step import Context, Outcome, Step
from misread.recipes.study.suspects import run_suspects, why_too_few_neighbors

__all__ = ["STEPS", "steps_with"]

N_FIRST_IMAGES = 100
_HELD_OUT = ("knn_held_out", "sgd_scaled", "sgd_raw")


def run_data(context: Context) -> Outcome:
    """What the images look like: the first ones, and the mean of each class."""
    train = context.dataset.train
    means = [train.images[train.labels == code].mean(axis=0) for code in range(len(context.dataset.class_names))]
    arrays = {
        "data.first_images": np.array(train.images[:N_FIRST_IMAGES]),
        "data.class_means": np.round(means).astype(np.uint8),
    }
    return Outcome(arrays=arrays)


STEPS = (
    Step("data", "Look at the images", run_data, cost=0.1),
    Step("detector", "Detect one class with SGD", run_detector, cost=2),
    Step("forest", "Detect it with a random forest", run_forest, cost=20),
    Step("duels", "Tell all classes apart: SVC, one against one", run_duels, cost=0.6),
    Step("one_vs_rest", "Tell all classes apart: SVC, one against all", run_one_vs_rest, cost=1.4),
    Step("sgd_raw", "Tell all classes apart: SGD on raw pixels", run_sgd_raw, cost=15),
    Step("sgd_scaled", "Tell all classes apart: SGD on scaled pixels", run_sgd_scaled, cost=30),
    Step("sgd_scaled_in_fold", "The same, scaled inside each fold", run_sgd_scaled_in_fold, cost=30),
    Step("errors", "Analyse the errors", run_errors, cost=0.1, needs=("sgd_scaled",)),
    Step("multilabel", "Large? Odd? Two labels per image", run_multilabel, cost=3, why_not=why_no_numbers),
    Step("chain", "Two labels by a chain of SVCs", run_chain, cost=2, why_not=why_no_numbers),
    Step("denoise", "Take noise out of images", run_denoise, cost=3, why_not=why_no_test),
    Step("knn", "Tune nearest neighbours", run_knn, cost=2),
    Step("knn_held_out", "Hold out images from the best neighbours", run_knn_held_out, cost=4, needs=("knn",)),
    Step("knn_test", "Try them on the test images", run_knn_test, cost=2, needs=("knn",), why_not=why_no_test),
    Step(
        "knn_augmented",
        "Add shifted copies",
        run_knn_augmented,
        cost=8,
        needs=("knn", "knn_test"),
        why_not=why_no_copies,
    ),
    Step("best", "Choose the best by held-out images", run_best, cost=0.1, needs=_HELD_OUT),
    Step("chances", "Ask whether its chances are true", run_chances, cost=2, needs=("best", *_HELD_OUT)),
    Step(
        "suspects",
        "Doubt the labels",
        run_suspects,
        cost=2,
        needs=("best", *_HELD_OUT),
        why_not=why_too_few_neighbors,
    ),
    Step(
        "gallery",
        "Choose the images to show",
        run_gallery,
        cost=0.5,
        needs=("best", *_HELD_OUT, "detector", "forest"),
        uses=("suspects",),
    ),
    Step("map", "Lay the images out on a map", run_map, cost=5, why_not=why_too_many),
)


ENOUGH = Step("enough", "Ask whether there are enough images", run_enough, cost=30, needs=("best", "knn"))


def steps_with(model: str, enough: bool = False) -> tuple[Step, ...]:
    """All steps, and those that are asked for.

    Parameters
    ----------
    model : str
        A model of the zoo to judge, whose errors are then opened; "" for none.
    enough : bool
        Whether the hero's learning curve is measured.
    """
    every = (*STEPS, ENOUGH) if enough else STEPS
    if not model:
        return every
    chosen = Step("chosen", f"Judge {model} in the same folds", run_chosen, cost=60, parameter=model)
    place = next(place for place, step in enumerate(every) if step.name == "best")
    after = [
        replace(step, needs=("chosen", *step.needs)) if step.name == "best" or "best" in step.needs else step
        for step in every[place:]
    ]
    return (*every[:place], chosen, *after)
