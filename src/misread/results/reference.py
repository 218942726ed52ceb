"""The numbers that the public notebook printed, to put beside ours."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from misread.results.study import StudyResult

__all__ = ["NOTEBOOK", "Printed", "notebook_number"]

MNIST_SHA256 = "21a377cdc7b0f5e3709ea273b7156ce441a8e7a368fe5a9546fe097a2250ea29"


@dataclass(frozen=True)
class Printed:
    """A number (or nested list of numbers, or text) as the notebook printed it.

    Attributes
    ----------
    value : JSON value
    digits : int
        Decimals to which it was printed; numbers that round to it agree.
    """

    value: Any
    digits: int = 9

    def agrees(self, ours: Any) -> bool:
        """Whether our value is the one printed."""
        if isinstance(ours, dict) or np.asarray(ours).dtype.kind in "bU":
            return bool(self.value == ours)
        expected, got = np.asarray(self.value, float), np.asarray(ours, float)
        return expected.shape == got.shape and bool(
            np.all(np.abs(expected - got) <= 0.5000001 * 10.0**-self.digits)
        )


NOTEBOOK = {
    "detector.first_prediction": Printed(True),
    "detector.epochs": Printed(239),
    "detector.first_score": Printed(2164.22030239, 8),
    "detector.cv_accuracy": Printed([0.95035, 0.96035, 0.9604], 8),
    "detector.baseline_cv_accuracy": Printed([0.90965, 0.90965, 0.90965], 8),
    "detector.confusion": Printed([[53892, 687], [1891, 3530]]),
    "detector.precision": Printed(0.8370879772350012),
    "detector.recall": Printed(0.6511713705958311),
    "detector.f1": Printed(0.7325171197343847),
    "detector.roc_auc": Printed(0.9604938554008616),
    "detector.at_precision_90.threshold": Printed(3370.0194991439557),
    "detector.at_precision_90.precision": Printed(0.9000345901072293),
    "detector.at_precision_90.recall": Printed(0.4799852425751706),
    "forest.first_probabilities": Printed([[0.11, 0.89], [0.99, 0.01]], 8),
    "forest.precision": Printed(0.9897468089558485),
    "forest.recall": Printed(0.8725327430363402),
    "forest.f1": Printed(0.9274509803921569),
    "forest.roc_auc": Printed(0.9983436731328145),
    "forest.positive_share_50_60": Printed(0.940, 3),
    "duels.prediction": Printed("5"),
    "duels.scores": Printed([3.79, 0.73, 6.06, 8.3, -0.29, 9.3, 1.75, 2.77, 7.21, 4.82], 2),
    "duels.classes": Printed(list("0123456789")),
    "one_vs_rest.prediction": Printed("5"),
    "one_vs_rest.n_estimators": Printed(10),
    "sgd_raw.first_prediction": Printed("3"),
    "sgd_raw.first_scores": Printed(
        [-31893, -34420, -9531, 1824, -22320, -1386, -26189, -16148, -4604, -12051], 0
    ),
    "sgd_raw.cv_accuracy": Printed([0.87365, 0.85835, 0.8689], 8),
    "sgd_scaled.cv_accuracy": Printed([0.8983, 0.891, 0.9018], 8),
    "multilabel.first_prediction": Printed([False, True]),
    "multilabel.f1_macro": Printed(0.976410265560605),
    "multilabel.f1_weighted": Printed(0.9778357403921755),
    "multilabel.chain_prediction": Printed([0.0, 1.0]),
    "knn.baseline_accuracy": Printed(0.9688, 8),
    "knn.best_params": Printed({"n_neighbors": 4, "weights": "distance"}),
    "knn.best_score": Printed(0.9442, 8),
    "knn.tuned_accuracy": Printed(0.9714, 8),
    "knn.augmented_accuracy": Printed(0.9763, 8),
}


def notebook_number(result: StudyResult, name: str) -> Printed | None:
    """What the notebook printed for `name`, or None: other data or parameters have no number there."""
    manifest = result.manifest
    same = manifest["dataset"]["sha256"] == MNIST_SHA256 and manifest["positive"] == "5" and manifest["seed"] == 42
    return NOTEBOOK.get(name) if same else None
