"""A trained model as one file: written whole or not at all; parsed, audited, then constructed."""

import json
import os
import warnings
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from misread.bundle.answers import answers_node, are_written, evidence_of, read_answers, read_evidence
from misread.bundle.archive import read_archive, read_document, reading, write_archive
from misread.bundle.budget import Budget, Store
from misread.bundle.chances import calibration_of, written_calibration
from misread.bundle.checks import check_classes
from misread.bundle.codecs import decode, encode
from misread.bundle.likeness import likeness_of, written_likeness
from misread.bundle.manifest import Manifest
from misread.bundle.model import Bundle
from misread.bundle.parts import expect
from misread.bundle.readings import Evidence
from misread.data.memory import enough, in_words
from misread.errors import ModelFileError

__all__ = ["load", "read_manifest", "save"]

N_PROBES = 4
PROBE_TOLERANCE = 1e-6
SMALL = 64
_ANY_MEMORY = 2**59


def save(bundle: Bundle, path: str | os.PathLike[str]) -> None:
    """Write a model to one file, whole or not at all, and warn of one that `load` takes only when told how large.

    Parameters
    ----------
    bundle : Bundle
    path : path
        By custom, of a ``*.misread`` file.

    Raises
    ------
    ModelFileError
        If the estimator cannot be stored, or the manifest or the whole is such that `load` would refuse it.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import misread
    >>> misread.save(misread.train("sgd", "digits"), "digits.misread")
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
        "likeness": bundle.likeness and written_likeness(bundle.likeness, put),
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
            likeness_of(document.get("likeness"), manifest, arrays),
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
