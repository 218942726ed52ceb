"""The values that each parameter of our own models may have in a model file, said once for writer and reader."""

from collections.abc import Callable, Mapping
from typing import Any

from misread.errors import ModelFileError
from misread.images.fit import MAX_SIDE

__all__ = ["BOUNDS", "UNWRITTEN", "check_params"]

Check = Callable[[Any], bool]

UNWRITTEN = frozenset({"scaler", "estimator", "steps", "memory", "on_epoch", "n_jobs", "verbose"})
"""Parameters that are no business of a file: parts of their own, how many threads run, what is printed."""

_MOST = 2**31 - 1
_HUGE = 1e300


def _whole(low: int, high: int = _MOST) -> Check:
    return lambda value: type(value) is int and low <= value <= high


def _real(low: float, high: float = _HUGE) -> Check:
    return lambda value: type(value) in (int, float) and low <= value <= high


def _one_of(*values: Any) -> Check:
    return lambda value: any(type(value) is type(one) and value == one for one in values)


def _either(*checks: Check) -> Check:
    return lambda value: any(check(value) for check in checks)


def _row(check: Check, least: int, most: int) -> Check:
    return lambda value: (
        isinstance(value, list | tuple) and least <= len(value) <= most and all(check(one) for one in value)
    )


_NONE = _one_of(None)
_FLAG = _one_of(False, True)
_SEED = _either(_NONE, _whole(0, 2**32 - 1))
_SHAPE = _either(_NONE, _row(_whole(1, MAX_SIDE), 2, 2))
_BALANCED = _one_of(None, "balanced")
_COUNT_OR_SHARE = _either(_whole(1), _real(0, 1))
_HELD_OUT = _real(0, 0.5)
_EPOCHS = _whole(0, 1_000_000)
_METRICS = (
    *("braycurtis", "canberra", "chebyshev", "cityblock", "correlation", "cosine", "dice", "euclidean", "hamming"),
    *("jaccard", "l1", "l2", "manhattan", "minkowski", "rogerstanimoto", "russellrao", "sokalsneath"),
    *("sqeuclidean", "yule"),
)

BOUNDS: Mapping[str, Mapping[str, Check]] = {
    "sgd": {
        "loss": _one_of(
            "hinge",
            "log_loss",
            "modified_huber",
            "squared_hinge",
            "perceptron",
            "squared_error",
            "huber",
            "epsilon_insensitive",
            "squared_epsilon_insensitive",
        ),
        "penalty": _one_of("l2", "l1", "elasticnet", None),
        "alpha": _real(0),
        "l1_ratio": _either(_NONE, _real(0, 1)),
        "fit_intercept": _FLAG,
        "max_iter": _whole(1),
        "tol": _either(_NONE, _real(0)),
        "shuffle": _FLAG,
        "epsilon": _real(0),
        "random_state": _SEED,
        "learning_rate": _one_of("constant", "optimal", "invscaling", "adaptive", "pa1", "pa2"),
        "eta0": _real(0),
        "power_t": _real(-_HUGE),
        "early_stopping": _FLAG,
        "validation_fraction": _real(0, 1),
        "n_iter_no_change": _whole(1),
        "class_weight": _BALANCED,
        "warm_start": _FLAG,
        "average": _either(_FLAG, _whole(0)),
        "stopping": _one_of("loss", "objective"),
    },
    "forest": {
        "n_estimators": _whole(1, 100_000),
        "criterion": _one_of("gini", "entropy", "log_loss"),
        "max_depth": _either(_NONE, _whole(1)),
        "min_samples_split": _COUNT_OR_SHARE,
        "min_samples_leaf": _COUNT_OR_SHARE,
        "min_weight_fraction_leaf": _real(0, 0.5),
        "max_features": _either(_one_of(None, "sqrt", "log2"), _COUNT_OR_SHARE),
        "max_leaf_nodes": _either(_NONE, _whole(2)),
        "min_impurity_decrease": _real(0),
        "bootstrap": _FLAG,
        "oob_score": _FLAG,
        "random_state": _SEED,
        "warm_start": _FLAG,
        "class_weight": _one_of(None, "balanced", "balanced_subsample"),
        "ccp_alpha": _real(0),
        "max_samples": _either(_NONE, _COUNT_OR_SHARE),
        "monotonic_cst": _either(_NONE, _row(_whole(-1, 1), 1, MAX_SIDE**2)),
    },
    "knn": {
        "n_neighbors": _whole(1),
        "weights": _one_of("uniform", "distance", None),
        "algorithm": _one_of("auto", "ball_tree", "kd_tree", "brute"),
        "leaf_size": _whole(1),
        "p": _real(1e-9),
        "metric": _one_of(*_METRICS),
        "metric_params": _NONE,
    },
    "svc": {
        "C": _real(0),
        "kernel": _one_of("linear", "poly", "rbf", "sigmoid"),
        "degree": _whole(0, 99),
        "gamma": _either(_one_of("scale", "auto"), _real(0)),
        "coef0": _real(-_HUGE),
        "shrinking": _FLAG,
        "probability": _one_of(False, True, "deprecated"),
        "tol": _real(0),
        "cache_size": _real(0, 1e6),
        "class_weight": _BALANCED,
        "max_iter": _whole(-1),
        "decision_function_shape": _one_of("ovr", "ovo"),
        "break_ties": _FLAG,
        "random_state": _SEED,
    },
    "deskew": {"shape": _SHAPE},
    "pca": {
        "n_components": _either(_one_of(None, "mle"), _whole(0), _real(0, 1)),
        "copy": _FLAG,
        "whiten": _FLAG,
        "svd_solver": _one_of("auto", "full", "covariance_eigh", "arpack", "randomized"),
        "tol": _real(0),
        "iterated_power": _either(_one_of("auto"), _whole(0)),
        "n_oversamples": _whole(1),
        "power_iteration_normalizer": _one_of("auto", "QR", "LU", "none"),
        "random_state": _SEED,
    },
    "edge-kernel": {
        "n_centres": _whole(1, 1_000_000),
        "n_rounds": _EPOCHS,
        "gamma": _real(0),
        "alpha": _real(0),
        "clear": _real(-_HUGE),
        "emphasis": _real(0),
        "n_components": _either(_NONE, _whole(1)),
        "n_directions": _whole(1, 64),
        "deformation": _NONE,
        "scales": _row(_row(_real(0.01, MAX_SIDE), 2, 2), 1, 16),
        "shape": _SHAPE,
        "held_out": _HELD_OUT,
        "random_state": _SEED,
    },
    "convnet": {
        "widths": _row(_whole(1, 4_096), 1, 16),
        "depth": _whole(1, 64),
        "epochs": _EPOCHS,
        "batch_size": _whole(1),
        "learning_rate": _real(0),
        "weight_decay": _real(0),
        "label_smoothing": _real(0, 1),
        "moved": _real(0, MAX_SIDE),
        "averaging": _real(0, 1),
        "patience": _either(_NONE, _EPOCHS),
        "deformation": _NONE,
        "fade": _row(_real(0, 1e6), 2, 2),
        "normalised": _row(_one_of("slant", "aspect"), 0, 2),
        "shape": _SHAPE,
        "held_out": _HELD_OUT,
        "random_state": _SEED,
    },
    "tiny": {
        "widths": _row(_whole(1, 512), 1, 16),
        "epochs": _EPOCHS,
        "batch_size": _whole(1),
        "learning_rate": _real(0),
        "weight_decay": _real(0),
        "label_smoothing": _real(0, 1),
        "averaging": _real(0, 1),
        "deformation": _NONE,
        "fade": _row(_real(0, 1e6), 2, 2),
        "shape": _SHAPE,
        "held_out": _HELD_OUT,
        "random_state": _SEED,
    },
    "convnet-ensemble": {
        "n_members": _whole(1, 100),
        "epochs": _EPOCHS,
        "shape": _SHAPE,
        "held_out": _HELD_OUT,
        "random_state": _SEED,
    },
    "shifted-copies": {"shape": _SHAPE},
    "one-vs-rest": {},
    "multi-output": {},
    "pipeline": {"transform_input": _NONE},
}


def check_params(kind: str, params: Any) -> None:
    """See that a model's parameters are known, and each within its bounds.

    Raises
    ------
    ModelFileError
        If one is not.
    """
    if not isinstance(params, dict):
        raise ModelFileError(f"its {kind} has parameters that are not plain values; refused")
    for name, value in params.items():
        check = BOUNDS[kind].get(name)
        if check is None or not check(value):
            raise ModelFileError(
                f"its {kind} has the parameter {str(name)[:40]!r} set to {repr(value)[:80]}, which no model file "
                f"may have; known are {', '.join(BOUNDS[kind]) or 'none'}"
            )
