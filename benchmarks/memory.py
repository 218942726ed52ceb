"""Peak memory of cross-validation and a grid: `python -m benchmarks.memory DATA FOLDS POINTS`."""

import json
import sys

from benchmarks.measure import peak_mb
from misread import load
from misread.fitting.out_of_fold import out_of_fold
from misread.models import KNeighborsClassifierCV, SGDClassifier
from misread.parallel import workers


def main(data: str, folds: int, points: int) -> None:
    """Score a linear model in so many folds, and so many settings of nearest neighbours; print the peak."""
    train = load(data).train
    with workers(2):
        out_of_fold(SGDClassifier(random_state=42, max_iter=2, tol=None), train.X, train.labels, cv=folds)
        grid = KNeighborsClassifierCV(range(1, points // 2 + 1), weights=("uniform", "distance"), cv=folds)
        grid.fit(train.X[:10_000], train.labels[:10_000])
    print(json.dumps({"folds": folds, "points": points, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
