"""The notebook's own calls, with whatever scikit-learn runs this file: `python stock_notebook.py FOLDER`.

It needs NumPy and scikit-learn alone, so that it also runs in an environment with an older scikit-learn
(1.7.2 gives the study's numbers). Prints seconds per call as JSON.
"""

import gzip
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import sklearn
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

warnings.simplefilter("ignore")
seconds: dict[str, float] = {}


def timed(name, call):
    start = time.perf_counter()
    answer = call()
    seconds[name] = time.perf_counter() - start
    print(f"{name}: {seconds[name]:.1f} s", file=sys.stderr, flush=True)
    return answer


def read(folder, name, header):
    data = np.frombuffer(gzip.decompress((folder / f"{name}-ubyte.gz").read_bytes()), np.uint8, offset=header)
    return data.reshape(-1, 784) if header == 16 else data.astype(str)


def main(folder):
    X_train, y_train = read(folder, "train-images-idx3", 16), read(folder, "train-labels-idx1", 8)
    X_test, y_test = read(folder, "t10k-images-idx3", 16), read(folder, "t10k-labels-idx1", 8)
    y5, some = y_train == "5", X_train[:1]

    sgd = SGDClassifier(random_state=42)
    timed("detector fit", lambda: sgd.fit(X_train, y5))
    timed("detector accuracy", lambda: cross_val_score(sgd, X_train, y5, cv=3, scoring="accuracy"))
    timed("baseline", lambda: cross_val_score(DummyClassifier(), X_train, y5, cv=3, scoring="accuracy"))
    timed("detector predictions", lambda: cross_val_predict(sgd, X_train, y5, cv=3))
    timed("detector scores", lambda: cross_val_predict(sgd, X_train, y5, cv=3, method="decision_function"))
    forest = RandomForestClassifier(random_state=42)
    timed("forest", lambda: cross_val_predict(forest, X_train, y5, cv=3, method="predict_proba"))
    svc = SVC(random_state=42)
    timed("SVC", lambda: svc.fit(X_train[:2000], y_train[:2000]).decision_function(some))
    one_vs_rest = OneVsRestClassifier(SVC(random_state=42))
    timed("one against rest", lambda: one_vs_rest.fit(X_train[:2000], y_train[:2000]).predict(some))
    ten = SGDClassifier(random_state=42)
    timed("ten-class fit", lambda: ten.fit(X_train, y_train).decision_function(some))
    timed("ten-class accuracy", lambda: cross_val_score(ten, X_train, y_train, cv=3, scoring="accuracy"))
    X_scaled = StandardScaler().fit_transform(X_train.astype("float64"))
    timed("scaled accuracy", lambda: cross_val_score(ten, X_scaled, y_train, cv=3, scoring="accuracy"))
    timed("scaled predictions", lambda: cross_val_predict(ten, X_scaled, y_train, cv=3))
    y_multilabel = np.c_[y_train >= "7", y_train.astype("int8") % 2 == 1]
    knn = KNeighborsClassifier()
    timed("multilabel", lambda: cross_val_predict(knn, X_train, y_multilabel, cv=3))
    chain = ClassifierChain(SVC(), cv=3, random_state=42)
    timed("chain", lambda: chain.fit(X_train[:2000], y_multilabel[:2000]).predict(some))
    np.random.seed(42)
    noisy_train = X_train + np.random.randint(0, 100, (len(X_train), 784))
    noisy_test = X_test + np.random.randint(0, 100, (len(X_test), 784))
    timed("denoising", lambda: KNeighborsClassifier().fit(noisy_train, X_train).predict(noisy_test[:1]))
    timed("neighbours baseline", lambda: KNeighborsClassifier().fit(X_train, y_train).score(X_test, y_test))
    grid = [{"weights": ["uniform", "distance"], "n_neighbors": [3, 4, 5, 6]}]
    search = GridSearchCV(KNeighborsClassifier(), grid, cv=5)
    timed("neighbours grid", lambda: search.fit(X_train[:10_000], y_train[:10_000]))
    timed("neighbours tuned", lambda: search.best_estimator_.fit(X_train, y_train).score(X_test, y_test))
    print(json.dumps({"scikit-learn": sklearn.__version__, "seconds": seconds, "total": sum(seconds.values())}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
