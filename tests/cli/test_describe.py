"""What `train` says of a model: every class, and what is wrong with the data it learnt from."""

from dataclasses import replace

import numpy as np

from misread import load, train
from misread.bundle import load as load_model
from misread.bundle import save
from misread.cli.describe import describe
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
    assert "8 0%" in lines
    assert "classes with fewer than 10 training images: 8 (3)" in lines
    assert "leakage: 5 test images are also training images" in lines
    save(bundle, tmp_path / "m.misread")
    assert describe(load_model(tmp_path / "m.misread").manifest) == describe(bundle.manifest)


def test_of_many_classes_the_worst_are_shown():
    classes = {f"c{k}": {"recall": {"value": k / 50, "count": k, "of": 50}} for k in range(1, 48)}
    share = {"value": 0.5, "low": 0.4, "high": 0.6, "count": 1, "of": 2}
    from misread.cli.describe import measured

    lines = measured({"n": 100, "accuracy": share, "classes": classes})
    assert "c1 2%, c2 4%" in lines[1]
    assert "the other 27 more" in lines[1]
