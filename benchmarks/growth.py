"""How the cost grows with the data: neighbours with up to 300,000 images, SGD with up to 60,000."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from misread.data import Dataset
from misread.images.transforms import shifted_copies
from misread.models import KNeighborsClassifier, SGDClassifier

__all__ = ["Growth", "growth"]

N_QUERIES = 2_000


@dataclass(frozen=True)
class Growth:
    """Seconds against the number of images; `slope` is the exponent, 1 for cost in proportion.

    `ceiling` is the steepest slope that we accept.
    """

    name: str
    ceiling: float
    sizes: list[int]
    seconds: list[float]

    @property
    def slope(self) -> float:
        """Exponent of the growth: least squares on logarithms."""
        return float(np.polyfit(np.log(self.sizes), np.log(self.seconds), 1)[0])


def growth(data: Dataset) -> list[Growth]:
    """Measure both engines at growing sizes, on two cores (neighbours) and one (SGD)."""
    images = shifted_copies(data.train.images)
    X, y = images.reshape(len(images), -1), np.tile(data.train.labels, 5)
    queries = data.test.X[:N_QUERIES]

    def neighbors(n: int) -> None:
        KNeighborsClassifier(n_jobs=2).fit(X[:n], y[:n]).predict(queries)

    def sgd(n: int) -> None:
        SGDClassifier(random_state=42, max_iter=50, tol=None).fit(X[:n], y[:n] == 5)

    return [
        _measured("5 nearest neighbours of 2,000 images, 2 cores", 1.0, neighbors, [10_000, 60_000, 300_000]),
        _measured("SGD, one class, 50 epochs, 1 core", 1.5, sgd, [10_000, 30_000, 60_000]),
    ]


def _measured(name: str, ceiling: float, job: Callable[[int], None], sizes: list[int]) -> Growth:
    job(sizes[0])
    seconds = []
    for n in sizes:
        runs = []
        for _ in range(3):
            start = time.perf_counter()
            job(n)
            runs.append(time.perf_counter() - start)
        seconds.append(sorted(runs)[1])
    return Growth(name, ceiling, sizes, seconds)
