"""Write sgd_scikit_learn_1_7.json; run with scikit-learn 1.7.2 (the last release with the 'loss' rule).

python tests/models/golden/make_sgd_golden.py
"""

import hashlib
import json
import warnings
from pathlib import Path

import numpy as np
import sklearn
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.preprocessing import StandardScaler

CASES = [
    (None, {}),
    (5, {}),
    (None, {"loss": "perceptron"}),
    (None, {"penalty": None}),
    (None, {"alpha": 1.0}),
    (None, {"alpha": 10.0, "max_iter": 7}),
    (None, {"fit_intercept": False, "shuffle": False}),
    (None, {"tol": None, "max_iter": 9}),
    (None, {"n_iter_no_change": 2, "tol": 0.0}),
    (None, {"class_weight": "balanced"}),
]


def main():
    assert sklearn.__version__ == "1.7.2"
    warnings.simplefilter("ignore")
    X, y = load_digits(return_X_y=True)
    golden = []
    for scaled in (False, True):
        data = StandardScaler().fit_transform(X) if scaled else X
        for positive, options in CASES:
            target = y if positive is None else y == positive
            for random_state in (0, 42):
                model = SGDClassifier(random_state=random_state, **options).fit(data, target)
                numbers = np.concatenate([model.coef_.ravel(), model.intercept_])
                golden.append(
                    {
                        "scaled": scaled,
                        "positive": positive,
                        "options": {"random_state": random_state, **options},
                        "sha256": hashlib.sha256(numbers.astype("<f8").tobytes()).hexdigest(),
                        "epochs": int(model.n_iter_),
                        "t": float(model.t_),
                    }
                )
    text = json.dumps({"scikit-learn": sklearn.__version__, "cases": golden}, indent=1)
    Path(__file__).with_name("sgd_scikit_learn_1_7.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
