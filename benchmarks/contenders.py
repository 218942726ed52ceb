"""What is compared: for each engine ours, scikit-learn's, and what a user would pick instead.

A contender prepares its input (not timed) and returns a function to be timed; what that function returns is
compared with ours, bit for bit.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from joblib import parallel_config
from sklearn.frozen import FrozenEstimator
from sklearn.preprocessing import StandardScaler

from misread.data import Dataset

Answer = list[np.ndarray]
Contender = Callable[[Dataset], Callable[[], Answer]]

GRID: dict[str, Any] = {"n_neighbors": [3, 4, 5, 6], "weights": ["uniform", "distance"]}


@dataclass(frozen=True)
class Row:
    """One engine on one job; `floor` is the least ratio to scikit-learn's time that we accept."""

    name: str
    ours: Contender
    others: dict[str, Contender]
    floor: float
    ahead_of: tuple[str, ...] = field(default=())


def _coefficients(model: Any) -> Answer:
    return [model.coef_, model.intercept_, np.array(model.n_iter_)]


def our_sgd_raw(data: Dataset) -> Callable[[], Answer]:
    from misread.models import SGDClassifier

    X, y = data.train.X, data.train.labels == 5
    return lambda: _coefficients(SGDClassifier(random_state=42, stopping="objective").fit(X, y))


def sklearn_sgd_raw(data: Dataset) -> Callable[[], Answer]:
    from sklearn.linear_model import SGDClassifier

    X, y = data.train.X, data.train.labels == 5
    return lambda: _coefficients(SGDClassifier(random_state=42).fit(X, y))


def our_sgd_scaled(data: Dataset) -> Callable[[], Answer]:
    from misread.models import SGDClassifier
    from misread.models.sgd import fit_scaler

    X, y = data.train.X, data.train.labels == 5
    scaler = FrozenEstimator(fit_scaler(StandardScaler(), X))
    model = SGDClassifier(random_state=42, stopping="objective", max_iter=100, tol=None, scaler=scaler)
    return lambda: _coefficients(model.fit(X, y))


def sklearn_sgd_scaled(data: Dataset) -> Callable[[], Answer]:
    from sklearn.linear_model import SGDClassifier

    X, y = StandardScaler().fit_transform(data.train.X), data.train.labels == 5
    return lambda: _coefficients(SGDClassifier(random_state=42, max_iter=100, tol=None).fit(X, y))


def our_sgd_floats(data: Dataset) -> Callable[[], Answer]:
    from misread.models import SGDClassifier

    X, y = StandardScaler().fit_transform(data.train.X), data.train.labels == 5
    model = SGDClassifier(random_state=42, stopping="objective", max_iter=100, tol=None)
    return lambda: _coefficients(model.fit(X, y))


def our_knn(data: Dataset) -> Callable[[], Answer]:
    from misread.models import KNeighborsClassifier

    def run() -> Answer:
        model = KNeighborsClassifier(n_jobs=2).fit(data.train.X, data.train.labels)
        return [model.predict(data.test.X)]

    return run


def sklearn_knn(data: Dataset) -> Callable[[], Answer]:
    from sklearn.neighbors import KNeighborsClassifier

    return _brute(KNeighborsClassifier, data.train.X, data.test.X, data)


def sklearn_knn_float32(data: Dataset) -> Callable[[], Answer]:
    from sklearn.neighbors import KNeighborsClassifier

    return _brute(KNeighborsClassifier, *_as_float32(data), data)


def faiss_knn(data: Dataset) -> Callable[[], Answer]:
    import faiss

    faiss.omp_set_num_threads(2)
    train, test = _as_float32(data)

    def run() -> Answer:
        index = faiss.IndexFlatL2(train.shape[1])
        index.add(train)
        _, found = index.search(test, 5)
        votes = np.eye(10, dtype=np.int64)[data.train.labels[found]].sum(axis=1)
        return [votes.argmax(axis=1)]

    return run


def sklearnex_knn(data: Dataset) -> Callable[[], Answer]:
    from sklearnex.neighbors import KNeighborsClassifier

    return _brute(KNeighborsClassifier, *_as_float32(data), data)


def _brute(kind: Any, train: np.ndarray, test: np.ndarray, data: Dataset) -> Callable[[], Answer]:
    def run() -> Answer:
        return [kind(algorithm="brute", n_jobs=2).fit(train, data.train.labels).predict(test)]

    return run


def _as_float32(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    return data.train.X.astype(np.float32), data.test.X.astype(np.float32)


def our_grid(data: Dataset) -> Callable[[], Answer]:
    from misread.models import KNeighborsClassifierCV

    X, y = data.train.X[:10_000], data.train.labels[:10_000]

    def run() -> Answer:
        model = KNeighborsClassifierCV(**GRID, cv=5, n_jobs=2).fit(X, y)
        return [model.cv_results_["mean_test_score"]]

    return run


def sklearn_grid(data: Dataset) -> Callable[[], Answer]:
    from sklearn.model_selection import GridSearchCV
    from sklearn.neighbors import KNeighborsClassifier

    X, y = data.train.X[:10_000], data.train.labels[:10_000]

    def run() -> Answer:
        search = GridSearchCV(KNeighborsClassifier(n_jobs=2), GRID, cv=5, refit=False).fit(X, y)
        return [search.cv_results_["mean_test_score"]]

    return run


def our_forest(data: Dataset) -> Callable[[], Answer]:
    from misread.models import RandomForestClassifier

    return _forest(RandomForestClassifier, data)


def sklearn_forest(data: Dataset) -> Callable[[], Answer]:
    from sklearn.ensemble import RandomForestClassifier

    return _forest(RandomForestClassifier, data)


def sklearnex_forest(data: Dataset) -> Callable[[], Answer]:
    from sklearnex.ensemble import RandomForestClassifier

    return _forest(RandomForestClassifier, data)


def _forest(kind: Any, data: Dataset) -> Callable[[], Answer]:
    def run() -> Answer:
        with parallel_config("threading", n_jobs=2):
            model = kind(random_state=42, n_jobs=2).fit(data.train.X, data.train.labels == 5)
            trees = [tree.tree_ for tree in model.estimators_]
            answers = np.round(model.predict_proba(data.test.X), 12)  # threads add the trees' answers in any order
            return [*(tree.feature for tree in trees), *(tree.threshold for tree in trees), answers]

    return run


ROWS = (
    Row("SGD, one class, raw pixels, 1 core", our_sgd_raw, {"scikit-learn": sklearn_sgd_raw}, floor=10),
    Row(
        "SGD, one class, scaled, 100 epochs, 1 core",
        our_sgd_scaled,
        {"scikit-learn": sklearn_sgd_scaled},
        floor=10,
    ),
    Row(
        "SGD, one class, given scaled as float64, 100 epochs, 1 core",
        our_sgd_floats,
        {"scikit-learn": sklearn_sgd_scaled},
        floor=10,
    ),
    Row(
        "5 nearest neighbours, 10,000 queries, 2 cores",
        our_knn,
        {
            "scikit-learn": sklearn_knn,
            "scikit-learn, given float32": sklearn_knn_float32,
            "FAISS flat": faiss_knn,
            "scikit-learn-intelex": sklearnex_knn,
        },
        floor=10,
        ahead_of=("scikit-learn, given float32", "FAISS flat", "scikit-learn-intelex"),
    ),
    Row(
        "Grid of 4 k and 2 weights, 5 folds of 10,000 images, 2 cores",
        our_grid,
        {"scikit-learn": sklearn_grid},
        floor=10,
    ),
    Row(
        "Random forest, fit and 10,000 answers, 2 cores",
        our_forest,
        {"scikit-learn": sklearn_forest, "scikit-learn-intelex": sklearnex_forest},
        floor=3,
    ),
)
