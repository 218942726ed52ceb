"""There is nothing to read on a blank image, unless the model has learnt what a blank square is."""

from dataclasses import replace

import numpy as np

from misread.bundle import Manifest, OperatingPointRecord
from misread.models import KNeighborsClassifier


def test_a_blank_image_is_not_sure_for_any_task(bundle_of):
    for positive in (None, "5"):
        bundle = bundle_of("knn", positive=positive)
        images = np.stack([bundle.example_images[0], np.zeros_like(bundle.example_images[0])])
        answers = bundle.answer(images)
        assert answers.blank.tolist() == [False, True]
        assert answers.sure.tolist() == [False, False]
        assert [bundle.state(answers, row) for row in (0, 1)] == ["unsure", "empty"]
        point = OperatingPointRecord(-1e9, "precision", 0.5, None, "nothing")
        sure = replace(bundle, manifest=replace(bundle.manifest, operating_point=point)).answer(images)
        assert sure.sure.tolist() == [True, False]


def test_a_class_of_empty_squares_is_answered(bundle_of):
    bundle = bundle_of("knn")
    written = bundle.example_images[:20]
    images = np.concatenate([written, np.full_like(written, 200)])
    labels = np.repeat([0, 1], 20)
    estimator = KNeighborsClassifier(1).fit(images.reshape(40, -1), labels)
    manifest = Manifest("classification", "knn", ("piece", "empty"), bundle.manifest.image_size)
    chess = replace(bundle, manifest=manifest, estimator=estimator, example_images=images, example_labels=labels)
    answers = chess.answer(np.full_like(written[:1], 200))
    assert answers.names == ["empty"]
    assert not answers.blank.any()


def test_images_of_levels_0_and_1_are_not_blank(bundle_of):
    bundle = bundle_of("knn")
    faint = bundle.example_images // 128
    model = replace(bundle, example_images=faint)
    assert not model.answer(faint[faint.any(axis=(1, 2))]).blank.any()
    assert model.answer(np.ones_like(faint[:1])).blank.all()
