"""A trained model with all that is needed to use and to judge it, in memory and as one file."""

import json
import os
import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from misread import html
from misread.bundle.answers import answers_node, are_written, evidence_of, read_answers, read_evidence
from misread.bundle.archive import read_archive, read_document, reading, write_archive
from misread.bundle.blank import contrasts, faintest
from misread.bundle.budget import Budget, Store
from misread.bundle.chances import calibration_of, written_calibration
from misread.bundle.checks import check_classes, check_scores, named
from misread.bundle.codecs import decode, encode
from misread.bundle.manifest import Manifest
from misread.bundle.parts import expect
from misread.bundle.readings import Evidence, Readings
from misread.data.memory import enough, in_words
from misread.errors import ModelFileError, ParameterError
from misread.evaluation.answers import Answers
from misread.evaluation.chances import Calibration
from misread.evaluation.responses import boundary, responses
from misread.evaluation.scores import class_table, leads, logits, with_all_classes
from misread.images.fit import fit_image
from misread.models import KNeighborsClassifier
from misread.models.held_out import TemperatureClassifierMixin

__all__ = ["Bundle", "load", "read_manifest", "save"]

N_PROBES = 4
PROBE_TOLERANCE = 1e-6
SMALL = 64
_ANY_MEMORY = 2**59


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
        return fit_image(grey, manifest.image_size, manifest.fit, manifest.invert)

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
        return replace(answers, blank=blank, sure=answers.sure & ~blank)

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
        """What an answer is worth: 'empty' where there is nothing to read, else 'sure' or 'unsure'."""
        if answers.blank[row]:
            return "empty"
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


def save(bundle: Bundle, path: str | os.PathLike[str]) -> None:
    """Write a model to one file, whole or not at all, and warn of one that `load` takes only when told how large.

    Raises
    ------
    ModelFileError
        If the estimator cannot be stored, or the manifest or the whole is such that `load` would refuse it.
    OutputError
        If the file cannot be written.
    """
    arrays: dict[str, NDArray[Any]] = {}
    names: dict[object, str] = {}

    def put(name: str, array: NDArray[Any]) -> str:
        """Keep an array once, however often it is used."""
        known = names.setdefault(_identity(array), name)
        if known == name:
            arrays[name] = array
        return known

    Manifest.from_json(json.loads(json.dumps(bundle.manifest.as_json())))
    m = len(bundle.example_images)
    probes = bundle.example_images[:N_PROBES]
    document = {
        **bundle.manifest.as_json(),
        "estimator": encode(bundle.estimator, put),
        "examples": {
            "images": put("examples.images", bundle.example_images.reshape(m, -1)),
            "labels": put("examples.labels", bundle.example_labels),
        },
        "probe": put("probe.answers", _probe(bundle, probes)),
        "answers": answers_node(bundle.kept, bundle.seen, put),
        "evidence": {
            name: evidence and {key: put(f"{name}.{key}", getattr(evidence, key)) for key in ("truth", "scores")}
            for name, evidence in (("held_out", _evidence_alone(bundle)), ("tested", bundle.tested))
        },
        "seen": None if bundle.seen is None else put("seen", bundle.seen.view(np.int64)),
        "calibration": bundle.calibration and written_calibration(bundle.calibration, put),
    }
    write_archive(path, document, arrays)
    _say_what_loading_takes(path)


def _say_what_loading_takes(path: str | os.PathLike[str]) -> None:
    needed, most = _read(path, _ANY_MEMORY)[1].budget.spent, Budget(os.stat(path).st_size).most
    if needed > most:
        warnings.warn(
            f"{os.fspath(path)} takes up to {in_words(needed)} of memory when it is loaded, and {in_words(most)} "
            f"is the limit for a file of its size: give --most-memory {enough(needed)} to commands that read it",
            stacklevel=3,
        )


def _evidence_alone(bundle: Bundle) -> Evidence | None:
    """Held-out scores that do not follow from the answers that are kept."""
    kept = bundle.kept
    return bundle.held_out if kept is None or not are_written(kept) else None


def _identity(array: NDArray[Any]) -> object:
    """What only the same array has or, of a large one, also another of the same values, kind and layout."""
    if array.size <= SMALL:
        return id(array)
    content = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return array.dtype.str, array.shape, array.flags.c_contiguous, blake2b(content.data).digest()


def load(path: str | os.PathLike[str], *, most_memory: int | str | None = None) -> Bundle:
    """Read a model file: parse it, audit it, construct, and see that it answers as it did when it was saved.

    Parameters
    ----------
    path : path
    most_memory : int or str, optional
        How much memory the model may take, in bytes or such as ``"8G"``; by default 4 GiB, and for files under
        5 MB less in proportion.

    Raises
    ------
    ModelFileError
        If the file is missing, damaged, hostile, too large or of another version. Nothing in it is ever run.
    """
    bundle, arrays, probe = _read(path, most_memory)
    with reading(path):
        _check_probe(bundle, arrays(probe))
    return bundle


def _read(path: str | os.PathLike[str], most_memory: int | str | None) -> tuple[Bundle, Store, Any]:
    """A model as its file has it, the file's arrays, and the name of the answers that it gave."""
    document, arrays = read_archive(path, most_memory)
    with reading(path):
        manifest = Manifest.from_json(document)
        estimator = decode(document["estimator"], arrays)
        check_classes(estimator, manifest)
        seen = _seen(document.get("seen"), arrays)
        kept = read_answers(document.get("answers"), manifest, seen, arrays)
        bundle = Bundle(
            manifest,
            estimator,
            *_examples(document["examples"], manifest, arrays),
            read_evidence(document["evidence"]["held_out"], arrays),
            read_evidence(document["evidence"]["tested"], arrays),
            seen,
            kept,
            calibration_of(document.get("calibration"), arrays),
        )
        if kept is not None and kept.scores is not None:
            bundle = replace(bundle, held_out=evidence_of(kept))
        expect(estimator.n_features_in_ == np.prod(manifest.image_size), "a model for images of another size")
        return bundle, arrays, document["probe"]


def read_manifest(path: str | os.PathLike[str], *, most_memory: int | str | None = None) -> Manifest:
    """Read what a model file says of itself, and construct nothing.

    Raises
    ------
    ModelFileError
        If the file is missing, damaged or of another version.
    """
    with reading(path):
        return Manifest.from_json(read_document(path, most_memory))


def _examples(node: Any, manifest: Manifest, arrays: Store) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    images, labels = arrays(node["images"]), arrays(node["labels"])
    expect(images.dtype == np.uint8 and images.ndim == 2 and len(images), "no example images")
    expect(labels.dtype == np.int64 and labels.shape == (len(images),), "examples without labels")
    expect(labels.min() >= 0 and labels.max() < max(1, len(manifest.classes)), "examples of unknown classes")
    expect(images.shape[1] == np.prod(manifest.image_size), "examples of another size")
    return images.reshape(len(images), *manifest.image_size), labels


def _seen(name: Any, arrays: Store) -> NDArray[np.uint64] | None:
    if name is None:
        return None
    hashes = arrays(name)
    expect(hashes.dtype == np.int64 and hashes.ndim == 1, "hashes of the training images")
    return hashes.view(np.uint64)


def _probe(bundle: Bundle, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    if bundle.manifest.task == "denoising":
        return bundle.denoise(images).reshape(len(images), -1).astype(np.float64)
    return bundle.answer(images).scores


def _check_probe(bundle: Bundle, expected: NDArray[Any]) -> None:
    """Refuse a model that does not give the scores on its first examples that it gave when it was saved."""
    got = _probe(bundle, bundle.example_images[:N_PROBES])
    expect(expected.dtype == np.float64 and expected.shape == got.shape, "scores of the first examples")
    expect(np.isfinite(got).all(), "scores that are no numbers")
    scale = max(1.0, float(np.abs(expected).max()))
    if not np.abs(got - expected).max() <= PROBE_TOLERANCE * scale:
        raise ModelFileError(
            "its model does not answer here as it did when it was saved: the file is damaged, or made with "
            f"other library versions ({', '.join(f'{k} {v}' for k, v in bundle.manifest.versions.items())})"
        )
