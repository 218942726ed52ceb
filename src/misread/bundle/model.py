"""A trained model with all that is needed to use and to judge it, in memory."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from misread import html
from misread.analysis.unlike import Likeness
from misread.bundle.blank import contrasts, faintest
from misread.bundle.checks import check_scores, named
from misread.bundle.manifest import Manifest
from misread.bundle.readings import Evidence, Readings
from misread.errors import ParameterError
from misread.evaluation.answers import Answers
from misread.evaluation.chances import Calibration
from misread.evaluation.responses import boundary, responses
from misread.evaluation.scores import class_table, leads, logits, with_all_classes
from misread.images.fit import fit_image
from misread.models import KNeighborsClassifier
from misread.models.held_out import TemperatureClassifierMixin

__all__ = ["Bundle"]


@dataclass(frozen=True, eq=False, repr=False)
class Bundle:
    """A trained model.

    Attributes
    ----------
    manifest : Manifest
    estimator : fitted estimator
        Takes ``uint8`` pixels of shape (n, height * width).
    example_images : ndarray of uint8, shape (m, height, width)
        Training images to explain answers with.
    example_labels : ndarray of int64, shape (m,)
        Their class codes.
    held_out, tested : Evidence or None
        Out-of-fold scores of the training images, and scores of the test images.
    seen : ndarray of uint64, shape (k,), or None
        Hashes of all training images, by `misread.data.content.image_hashes`; None in files that do not say.
    kept : Answers or None
        What the model, or twins of it, said of training images that were held out; see `answers`.
    calibration : Calibration or None
        What an answer's lead, or a detector's score, says of its chance; None where too few images were held out,
        for other tasks, and in files of an earlier misread.
    likeness : Likeness or None
        How unlike the training images an image is; None where `manifest.unlike` is.
    """

    manifest: Manifest
    estimator: Any
    example_images: NDArray[np.uint8]
    example_labels: NDArray[np.int64]
    held_out: Evidence | None = None
    tested: Evidence | None = None
    seen: NDArray[np.uint64] | None = None
    kept: Answers | None = None
    calibration: Calibration | None = None
    likeness: Likeness | None = None

    @cached_property
    def answers(self) -> Answers | None:
        """What the model said of training images that were held out, by its operating point.

        None of models that give no classes, and in files of an earlier misread.
        """
        kept, point = self.kept, self.manifest.operating_point
        if kept is None:
            return None
        predictions, threshold = kept.predictions, None if point is None else point.threshold
        if threshold is not None and self.manifest.task == "detector":
            predictions = (kept.positive_scores >= threshold).astype(np.int64)
        return replace(kept, predictions=predictions, threshold=threshold, provenance=self.manifest.provenance)

    def __repr__(self) -> str:
        manifest = self.manifest
        what = f"detects {manifest.positive}" if manifest.task == "detector" else manifest.task
        return f"<Bundle: {manifest.model}, {what}, trained on {manifest.dataset.get('name', 'unknown data')}>"

    def _repr_html_(self) -> str:
        """What the model is, what it promises and what it reached, in a notebook."""
        manifest, point = self.manifest, self.manifest.operating_point
        rows: list[tuple[str, str]] = [
            ("classes", ", ".join(manifest.classes[:30]) + (" ..." if len(manifest.classes) > 30 else "")),
            ("images", "x".join(map(str, manifest.image_size))),
            ("training images", f"{manifest.dataset.get('n_train', 0):,}"),
        ]
        if point is not None:
            rows.append(("promise", f"{point.aim} {point.target:.2%}, chosen on {point.chosen_on}"))
        for name, title in (("out_of_fold", "held-out images"), ("test", "test images")):
            share = manifest.metrics.get(name, {}).get("accuracy")
            if isinstance(share, dict) and share.get("value") is not None:
                rows.append((title, f"{share['value']:.2%} right ({share['low']:.2%} to {share['high']:.2%})"))
        return html.block(repr(self)[1:-1], html.table(rows))

    def prepare(self, image: Image.Image | NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Bring one image to the size, and cut and centre it the way, that the model was trained with.

        Parameters
        ----------
        image : PIL image, or ndarray of uint8 and shape (height, width)
            In the polarity of the images that the model was trained on; see `misread.images.picture.read_grey`.

        Returns
        -------
        ndarray of uint8, shape `manifest.image_size`
        """
        grey = np.asarray(image.convert("L")) if isinstance(image, Image.Image) else np.asarray(image)
        if grey.dtype != np.uint8 or grey.ndim != 2 or 0 in grey.shape:
            raise ParameterError(
                f"an image must be uint8 of shape (height, width), got {grey.dtype}, {grey.shape}"
            )
        manifest = self.manifest
        return fit_image(grey, manifest.image_size, manifest.fit, manifest.invert, manifest.binary)

    def answer(self, images: NDArray[np.uint8]) -> Readings:
        """Ask the model about prepared images of shape (n, height, width).

        Raises
        ------
        ParameterError
            If the images are of another size or type, or the model cleans images instead of naming them.
        ModelFileError
            If the model answers what makes no sense: a class without a name, a score that is no number.
        """
        X = self._rows(images)
        answers = {
            "classification": self._classify,
            "detector": self._detect,
            "multilabel": self._label,
            "denoising": self._refuse,
        }[self.manifest.task](X)
        n_columns = {"detector": 1, "multilabel": len(self.manifest.outputs)}
        check_scores(answers.scores, (len(X), n_columns.get(self.manifest.task, len(self.manifest.classes))))
        blank = contrasts(X) < self.faintest
        answers = replace(
            answers, blank=blank, unlike=self.are_unlike(X.reshape(len(X), *self.manifest.image_size))
        )
        return replace(answers, sure=answers.sure & ~answers.refused)

    def are_unlike(self, images: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
        """Whether prepared images are further from the nearest training images than nearly all of those are.

        None of a model that cannot say.
        """
        known = self.manifest.unlike
        if known is None or self.likeness is None:
            return None
        return self.likeness.distances(images) > known.threshold

    def without_likeness(self) -> "Bundle":
        """The same model, that answers whatever it is shown, like what it learnt or not."""
        return replace(self, likeness=None, manifest=replace(self.manifest, unlike=None))

    def denoise(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Give the clean version of noisy images, shape (n, height, width).

        Raises
        ------
        ParameterError
            If the model was not trained to.
        """
        if self.manifest.task != "denoising":
            raise ParameterError(
                f"this model is for {self.manifest.task}; train one with `misread train knn DATA --denoise`"
            )
        return self.estimator.predict(self._rows(images)).astype(np.uint8).reshape(images.shape)

    def nearest(self, images: NDArray[np.uint8], k: int = 5) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Find the most similar example images, exactly.

        Parameters
        ----------
        images : ndarray of uint8, shape (n, height, width)
        k : int, default 5
            How many, at most as many as there are examples.

        Returns
        -------
        distances : ndarray of shape (n, k), float64
            Euclidean, nearest first.
        indices : ndarray of shape (n, k), int64
            Positions in `example_images`.
        """
        if k < 1:
            raise ParameterError(f"k must be at least 1, got {k}")
        return self._search.kneighbors(self._rows(images), n_neighbors=min(k, len(self.example_images)))

    def state(self, answers: Readings, row: int) -> str:
        """What an answer is worth: 'empty' where there is nothing to read, 'unlike', 'sure' or 'unsure'."""
        if answers.blank[row]:
            return "empty"
        if answers.unlike is not None and answers.unlike[row]:
            return "unlike"
        return "sure" if answers.sure[row] else "unsure"

    @cached_property
    def faintest(self) -> int:
        """The contrast, in grey levels, from which on there is something to read on an image."""
        return faintest(self.example_images, self.example_labels)

    @cached_property
    def _search(self) -> KNeighborsClassifier:
        m, height, width = self.example_images.shape
        return KNeighborsClassifier().fit(self.example_images.reshape(m, height * width), self.example_labels)

    def _rows(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        images = np.asarray(images)
        size = self.manifest.image_size
        if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != size or not len(images):
            raise ParameterError(
                f"expected uint8 images of shape (n, {size[0]}, {size[1]}), got {images.dtype} {images.shape}; "
                "use Bundle.prepare on each image"
            )
        return np.ascontiguousarray(images).reshape(len(images), -1)

    def _classify(self, X: NDArray[np.uint8]) -> Readings:
        names, estimator = self.manifest.classes, self.estimator
        answered, codes = responses(estimator, X)
        words = named(codes, names)
        known = class_table(answered, boundary(estimator))
        scores = with_all_classes(known, estimator.classes_, len(names))
        point = self.manifest.operating_point
        lead = leads(scores, codes) if len(names) > 1 else np.zeros(len(X))
        sure = np.zeros(len(X), bool) if point is None else lead >= point.threshold
        probabilities = None
        if self.calibration is not None and len(names) > 1:
            places = np.searchsorted(estimator.classes_, codes)
            probabilities = np.zeros(scores.shape)
            probabilities[:, estimator.classes_] = self.calibration.table(
                logits(answered, boundary(estimator)), places, lead
            )
        elif isinstance(estimator, TemperatureClassifierMixin) and estimator.is_calibrated:
            probabilities = np.zeros(scores.shape)
            probabilities[:, estimator.classes_] = estimator.as_probabilities(answered)
        return Readings(codes, words, scores, sure, probabilities, lead)

    def _detect(self, X: NDArray[np.uint8]) -> Readings:
        scores, positive = responses(self.estimator, X)
        point = self.manifest.operating_point
        positive = positive.astype(bool) if point is None else scores >= point.threshold
        name = str(self.manifest.positive)
        words = [name if one else f"not {name}" for one in positive]
        chances = None if self.calibration is None else self.calibration.chance(scores)[:, None]
        return Readings(positive, words, scores[:, None], np.full(len(X), point is not None), chances)

    def _label(self, X: NDArray[np.uint8]) -> Readings:
        labels = np.asarray(self.estimator.predict(X)).astype(bool)
        scores = _label_scores(self.estimator, X, labels)
        names = [
            ", ".join(name for name, one in zip(self.manifest.outputs, row, strict=True) if one) or "none"
            for row in labels
        ]
        return Readings(labels, names, scores, np.zeros(len(X), bool))

    def _refuse(self, X: NDArray[np.uint8]) -> Readings:
        raise ParameterError("this model takes noise out of images and names nothing; use `misread denoise`")


def _label_scores(estimator: Any, X: NDArray[np.uint8], labels: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Probability of each label or, of a model that has none, its answer as 0 or 1; shape (n, n_outputs)."""
    if not hasattr(estimator, "predict_proba"):
        return labels.astype(np.float64)
    columns = [
        table[:, list(classes).index(1)] if 1 in classes else np.zeros(len(X))
        for table, classes in zip(estimator.predict_proba(X), estimator.classes_, strict=True)
    ]
    return np.column_stack(columns)
