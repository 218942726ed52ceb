"""What `train` says of a model: every class, and what is wrong with the data it learnt from."""

from dataclasses import replace

import numpy as np

from misread import load, train
from misread.bundle import load as load_model
from misread.bundle import save
from misread.cli.describe import describe, measured
from misread.data import joined


def test_a_class_that_is_never_read_right_is_said_loudly_and_leaks_are_named(tmp_path):
    digits = load("digits")
    many = np.flatnonzero(digits.train.labels != 8)[:300]
    few = np.flatnonzero(digits.train.labels == 8)[:3]
    learnt = digits.train.take(np.sort(np.concatenate([many, few])))
    dataset = replace(digits, train=learnt, test=joined([digits.test, learnt.take(slice(5))]))
    bundle = train("knn", dataset, params={"n_neighbors": 11})
    lines = "\n".join(describe(bundle.manifest))
    recall = bundle.manifest.metrics["test"]["classes"]["8"]["recall"]
    assert recall["count"] == 0
    assert f"Never read right: 8 ({recall['of']} images)!" in lines
    assert "Recall of the other classes, the lowest first: " in lines
    assert "classes with fewer than 10 training images: 8 (3)" in lines
    assert "leakage: 5 test images are also training images" in lines
    save(bundle, tmp_path / "m.misread")
    assert describe(load_model(tmp_path / "m.misread").manifest) == describe(bundle.manifest)


def _said(recalls):
    classes = {f"c{k}": {"recall": {"value": n / 50, "count": n, "of": 50}} for k, n in enumerate(recalls)}
    share = {"value": 0.5, "low": 0.4, "high": 0.6, "count": 1, "of": 2}
    return measured({"n": 100, "accuracy": share, "classes": classes})[1:]


def test_every_one_of_many_classes_is_named_once():
    (line,) = _said(range(1, 48))
    assert line.startswith("Recall by class, the lowest first: c0 2%, c1 4%,")
    assert line.endswith(", c46 94%.")
    lost, rest = _said([0] * 30 + [25] * 17)
    assert lost == f"Never read right: {', '.join(f'c{k}' for k in range(30))}!"
    assert rest.count("%") == 17
    assert _said([0] * 3) == ["Never read right: c0 (50 images), c1 (50 images), c2 (50 images)!"]


def test_of_a_thousand_classes_the_worst_are_shown():
    (line,) = _said([1 + k % 50 for k in range(1_000)])
    assert line.endswith(" and 900 more.")
