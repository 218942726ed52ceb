"""What the models of the study are called, and at what they aim: said once for steps, figures and reports."""

__all__ = ["DETECTORS", "ERROR_MODEL", "OPENED", "RUNGS", "WANTED_PRECISION"]

WANTED_PRECISION = 0.9
"""What a detector's threshold is chosen for."""

ERROR_MODEL = "SGD on scaled pixels"
"""The model whose errors are analysed."""

DETECTORS = (("detector", "SGD on raw pixels", 0.0), ("forest", "Random forest", 0.5))
"""What the names of a detector's results begin with, its title, and the score above which it says yes."""

RUNGS = (
    ("sgd_scaled.test_predictions", ERROR_MODEL),
    ("knn.baseline_predictions", "Nearest neighbours, untuned"),
    ("knn.tuned_predictions", "Nearest neighbours, tuned"),
    ("knn.augmented_predictions", "Nearest neighbours, tuned, with shifted copies"),
)
"""Answers to the test images, from the first model to the best."""

OPENED = ("chosen", "sgd_scaled")
"""What the names of the results begin with of the model whose errors are opened: the first that there is."""
