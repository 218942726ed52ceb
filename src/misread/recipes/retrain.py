"""Train a model again as its file says it was trained, on the same data with corrected labels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sklearn.base import clone

from misread.bundle import Bundle, Manifest
from misread.data import Dataset
from misread.data.labels import Labels
from misread.errors import ParameterError
from misread.images.fit import EARLIER_FITS, FITS
from misread.models.zoo import ZOO
from misread.recipes.train import train
from misread.recipes.unlike import REJECT_RATE

__all__ = ["Recorded", "recorded", "train_again"]

_KINDS: dict[str, type | tuple[type, ...]] = {
    "data": str,
    "data_dir": str,
    "size": (int, list),
    "fit": str,
    "invert": bool,
    "on_error": str,
    "label_column": (str, int),
    "path_column": (str, int),
    "header": str,
    "group_column": (str, int),
    "group_level": int,
    "corrections": list,
    "add": list,
    "seed": int,
    "labels": dict,
    "reject_rate": (float, int),
    "augment": bool,
}
_READING = (
    *("data_dir", "size", "fit", "invert", "on_error"),
    *("label_column", "path_column", "header", "group_column", "group_level"),
)


@dataclass(frozen=True)
class Recorded:
    """What a model file says of how it was trained.

    Attributes
    ----------
    data : str
        The name or path of its data; "" where that is not known.
    reading : dict
        How `misread.load` was asked to read it.
    corrections : tuple of str
        The files that had been applied.
    added : tuple of str
        The folders of which images had been added.
    reject_rate : float
        The share of held-out images that it may call unlike all it learnt; the usual one where that is not said.
    augment : bool
        Whether it had learnt from bent copies, too.
    seed : int
    labels : Labels or None
    missing : tuple of str
        What is not said, and taken to be as it is by default.
    """

    data: str
    reading: dict[str, Any]
    corrections: tuple[str, ...]
    seed: int
    labels: Labels | None
    missing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    reject_rate: float = REJECT_RATE
    augment: bool = False


def recorded(manifest: Manifest, training: Mapping[str, Any] | None = None) -> Recorded:
    """What a manifest says of the training.

    Parameters
    ----------
    manifest : Manifest
    training : mapping, optional
        To go by instead of `manifest.training`, as read from the command that an old file keeps.

    Raises
    ------
    ParameterError
        If it makes no sense.
    """
    known = dict(manifest.training if training is None else training)
    for name, kinds in _KINDS.items():
        value = known.get(name)
        if value is not None and (not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool)):
            raise ParameterError(f"its file says {str(value)[:40]!r} for {name} of its training; it is damaged")
    size = known.get("size")
    reading = {name: known[name] for name in _READING if known.get(name) is not None}
    if isinstance(size, list):
        reading["size"] = tuple(size)
    if "seed" not in known:  # of an old file: as the images came to be, whatever was asked for
        reading = {"size": manifest.image_size, "fit": manifest.fit, "invert": manifest.invert, **reading}
    return Recorded(
        known.get("data", ""),
        reading,
        tuple(map(str, known.get("corrections", ()))),
        known.get("seed", 42),
        None if known.get("labels") is None else Labels.from_json(known["labels"]),
        tuple(f"{name}" for name in ("data", "seed") if name not in known),
        tuple(map(str, known.get("add", ()))),
        float(known.get("reject_rate", REJECT_RATE)),
        bool(known.get("augment", False)),
    )


def train_again(
    bundle: Bundle,
    dataset: Dataset,
    how: Recorded,
    *,
    command: str = "",
    on_stage: Callable[[str], None] = lambda stage: None,
) -> Bundle:
    """Train the same model, with the same parameters, seed and aim, on a data set.

    Parameters
    ----------
    bundle : Bundle
    dataset : Dataset
        Its data, read as before, with corrected labels.
    how : Recorded
    command : str
        What to write down as the command.
    on_stage : callable of str
        Told what starts.

    Raises
    ------
    ParameterError
        If the file does not say enough, or the model cannot be trained on this.
    """
    manifest, point = bundle.manifest, bundle.manifest.operating_point
    if manifest.task == "multilabel" and how.labels is None:
        raise ParameterError("its file does not say which labels it was trained with; it is of an old misread")
    named = manifest.model in ZOO
    fit = how.reading.get("fit")
    return train(
        manifest.model if named else clone(bundle.estimator),
        dataset,
        positive=manifest.positive,
        labels=how.labels,
        denoise=manifest.task == "denoising",
        params=manifest.params if named else None,
        seed=how.seed,
        reject_rate=how.reject_rate,
        augment=how.augment,
        fit=fit if fit in FITS + EARLIER_FITS and dataset.fit in (None, fit) else None,
        command=command,
        on_stage=on_stage,
        **({} if point is None else {point.aim: point.target, "confidence": point.confidence}),
    )
