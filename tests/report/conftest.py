"""A study result made by hand: cheap, as the study gives it, with scikit-learn's models on the digits."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import NearestNeighbors

from misread.analysis.gallery import along_scores, misread, right_sample
from misread.analysis.suspects import find_suspects, suspect_scores, verdicts_by_chance
from misread.data.content import image_hashes
from misread.evaluation.calibration import class_probabilities
from misread.models.hinge import dense_weights
from misread.report import write_report
from misread.results.study import StudyResult

HOSTILE = (
    "<script>window.hacked=1</script>",
    "\"quotes' & &amp;",
    "</script><img src=x onerror=window.hacked=1>",
    "عربي",
    "x" * 200,
    "=cmd()",
    "{{ 7*7 }}",
    "\u202eright-to-left",
    "new\nline\u2028separator",
    "😀",
)


@pytest.fixture(scope="session")
def study_result() -> StudyResult:
    return _result([str(digit) for digit in range(10)])


@pytest.fixture(scope="session")
def hostile_result() -> StudyResult:
    return _result(list(HOSTILE))


@pytest.fixture(scope="session")
def report_path(study_result: StudyResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(study_result, tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser; the tests are skipped where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api")
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        pytest.skip("no chromium on the path; apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def open_report(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Open a report; at the end of the test nothing may have been logged, and nothing asked of a network."""
    contexts, faults = [], []

    def open_page(path: Path, **options: Any) -> Any:
        options.setdefault("viewport", {"width": 1280, "height": 900})
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: faults.append(message.text) if message.type != "log" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        address = path.as_uri()
        page.on(
            "request",
            lambda request: (
                None
                if request.url == address or request.url.startswith(("data:", "blob:"))
                else faults.append(request.url)
            ),
        )
        page.goto(address)
        page.wait_for_selector("html[data-ready=yes]")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def _result(names: list[str]) -> StudyResult:
    images, labels = load_digits(return_X_y=True)
    shift = np.random.default_rng(0).permutation(len(labels))
    images = (images[shift] * 15).astype(np.uint8).reshape(-1, 8, 8)
    labels = labels[shift].astype(np.int64)
    labels[:8] = (labels[:8] + 3) % 10
    X, n = images.reshape(-1, 64), 1500
    y, y_test = labels[:n], labels[n:]
    arrays: dict[str, Any] = {"labels.train": y, "labels.test": y_test, "data.first_images": images[:100]}
    for key, model in (
        ("detector", SGDClassifier(random_state=1, max_iter=5, tol=None)),
        ("forest", RandomForestClassifier(10, random_state=1)),
    ):
        method = "decision_function" if key == "detector" else "predict_proba"
        scores = cross_val_predict(model, X[:n], y == 5, cv=3, method=method)
        test = getattr(model.fit(X[:n], y == 5), method)(X[n:])
        arrays[f"{key}.scores"] = scores if scores.ndim == 1 else scores[:, 1]
        arrays[f"{key}.test_scores"] = test if test.ndim == 1 else test[:, 1]
    model = SGDClassifier(random_state=1, max_iter=5, tol=None)
    scores = cross_val_predict(model, X[:n], y, cv=3, method="decision_function")
    test = model.fit(X[:n], y).decision_function(X[n:])
    arrays |= {
        "sgd_scaled.scores": scores,
        "sgd_scaled.predictions": scores.argmax(axis=1),
        "sgd_scaled.test_scores": test,
        "sgd_scaled.test_predictions": test.argmax(axis=1),
        "errors.pair": np.array([3, 5]),
        "denoise.noisy": images[:20].astype(np.int64) + 40,
        "denoise.cleaned": images[20:40],
        "denoise.true": images[:20],
    }
    arrays |= {
        "sgd_scaled.why.weights": dense_weights(model).astype(np.float32)[None],
        "names.train": np.array([f"train/{place}" for place in range(n)]),
        "hashes.train": image_hashes(images[:n]),
    }
    probabilities = class_probabilities(y, scores)
    found = find_suspects(y, probabilities, limit=100)
    search = NearestNeighbors(n_neighbors=11).fit(X[:n])
    neighbors = search.kneighbors(X[found.index], return_distance=False)[:, 1:]
    scores_of = suspect_scores(found.self_confidence, found.suggested, y[neighbors])
    verdicts = verdicts_by_chance(scores_of)
    arrays |= {
        "suspects.index": found.index,
        "suspects.given": found.given,
        "suspects.suggested": found.suggested,
        "suspects.score": scores_of,
        "suspects.self_confidence": found.self_confidence,
        "suspects.suggested_confidence": found.suggested_confidence,
        "suspects.verdict": verdicts,
        "suspects.neighbors": neighbors,
    }
    index = np.unique(
        np.concatenate(
            [
                misread(y, arrays["sgd_scaled.predictions"], 5000, 0),
                right_sample(y, arrays["sgd_scaled.predictions"], 30, 0),
                along_scores(y == 5, arrays["detector.scores"], 200),
                found.index[:60],
                neighbors[:60, :6].ravel(),
            ]
        )
    )
    arrays |= {"gallery.index": index, "gallery.images": images[index]}
    arrays |= {
        "knn.baseline_predictions": np.where(np.arange(len(y_test)) < 7, (y_test + 1) % 10, y_test),
        "knn.tuned_predictions": np.where(np.arange(len(y_test)) < 5, (y_test + 1) % 10, y_test),
    }
    values = {
        "duels.classes": names,
        "duels.pairwise_scores": np.linspace(-2, 2, 45).tolist(),
        "duels.scores": np.linspace(0, 9, 10).tolist(),
        "duels.prediction": names[5],
        "one_vs_rest.prediction": names[5],
        "one_vs_rest.n_estimators": 10,
        "sgd_raw.first_prediction": names[3],
        "denoise.noisy_pixel_error": 49.5,
        "denoise.clean_pixel_error": 12.25,
        "knn.best_params": {"n_neighbors": 4, "weights": "distance"},
        "knn.best_score": 0.95,
        "knn.grid_scores": [
            {"weights": weights, "n_neighbors": k, "mean_accuracy": 0.94 + k / 1000 + len(weights) / 2000}
            for weights in ("uniform", "distance")
            for k in (3, 4, 5, 6)
        ],
        "suspects.verdicts": {
            name: int(np.sum(verdicts == name)) for name in ("label error", "unclear", "model error")
        },
    }
    manifest = {
        "dataset": {
            "name": "digits" if names[0] == "0" else names[0],
            "sha256": "ab" * 32,
            "source": names[2],
            "licence": "unknown",
            "class_names": names,
            "n_train": n,
            "n_test": len(y_test),
            "shape": [8, 8],
        },
        "positive": names[5],
        "seed": 42,
        "versions": {"misread": "0.1.0"},
        "platform": "here",
        "cpu_count": 2,
    }
    skipped = {"multilabel": "left out of this fixture"}
    json.dumps([values, manifest])
    return StudyResult(values, arrays, skipped, {"detector": 1.0}, manifest)
