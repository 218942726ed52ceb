"""What a model file says of itself: plain, checked values, without constructing anything."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from misread.bundle.leaves import AIMS, MAX_CLASSES, UNKNOWN_DATASET, is_number, strange_leaf, strange_shares
from misread.errors import ModelFileError
from misread.images.fit import EARLIER_FITS, FITS, MAX_SIDE, crops

__all__ = ["FORMAT_VERSION", "TASKS", "Manifest", "OperatingPointRecord", "UnlikeRecord"]

FORMAT_VERSION = 1
TASKS = ("classification", "detector", "multilabel", "denoising")
_CROP = 2
"""The version of what the fit ``mnist`` does; files that do not say are of the first."""


@dataclass(frozen=True)
class OperatingPointRecord:
    """From which score on the model answers, and how that was chosen.

    Attributes
    ----------
    threshold : float
        A detector answers positive when its score is at least this; a classifier is sure when its best class is
        ahead of the second by at least this.
    aim : {'precision', 'recall'}
        What was asked for; for a classifier, precision is the share of its answers that are right.
    target : float
        How much of it, above 0 and at most 1.
    confidence : float or None
        At which one-sided confidence the target was to be reached; None where the plain share was to reach it.
    chosen_on : str
        The scores that it was chosen on, in words; never test images.
    reached : dict
        What it reaches there: `precision`, `recall` or `coverage`, as shares with intervals.
    """

    threshold: float
    aim: str
    target: float
    confidence: float | None
    chosen_on: str
    reached: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class UnlikeRecord:
    """From where on an image is unlike the training images, and how that was chosen.

    Attributes
    ----------
    threshold : float
        Images further away are, as `misread.analysis.unlike.Likeness` measures.
    reject_rate : float
        The share of held-out images that would be called unlike.
    n : int
        How many held-out images it was chosen on.
    """

    threshold: float
    reject_rate: float
    n: int


@dataclass(frozen=True, repr=False)
class Manifest:
    """What a model file says of itself.

    Attributes
    ----------
    format_version : int
    task : {'classification', 'detector', 'multilabel', 'denoising'}
    model : str
        Name in the zoo, or the estimator's class.
    params : dict
        Parameters of the estimator that were given.
    classes : tuple of str
        Class names in the order of their codes.
    image_size : (int, int)
        Height and width of the images that the estimator takes.
    fit : {'stretch', 'pad', 'mnist', 'mnist-1'}
        How other images are brought to that size; in the file the last two are the first and second ``crop``.
    invert : bool
        Whether light and dark change places before.
    binary : bool
        Whether the levels 0 and 1, of an image that has no others, are black and white; False in files of an
        earlier misread.
    positive : str or None
        The class that a detector detects.
    outputs : tuple of str
        Names of a multilabel model's labels.
    operating_point : OperatingPointRecord or None
    unlike : UnlikeRecord or None
        What it calls unlike all that it learnt; None where it cannot say, and in files of an earlier misread.
    metrics : dict
        `out_of_fold` and `test`: what was measured on which images; shares as `{value, low, high, count, of}`.
    dataset : dict
        `name`, `sha256`, `n_train`, `n_test`, `source`.
    versions : dict
        Of misread, Python and the libraries that the numbers depend on.
    command : str
        What trained it.
    training : dict
        What it takes to train it again: `data`, how that was read (see `misread.load`), `corrections`, `seed`,
        `labels`. Empty in files of an earlier misread.
    created : str
        When, in UTC, as ISO 8601.
    """

    task: str
    model: str
    classes: tuple[str, ...]
    image_size: tuple[int, int]
    fit: str = "stretch"
    invert: bool = False
    binary: bool = False
    positive: str | None = None
    outputs: tuple[str, ...] = ()
    params: dict[str, Any] = field(default_factory=dict)
    operating_point: OperatingPointRecord | None = None
    unlike: UnlikeRecord | None = None
    metrics: dict[str, Any] = field(default_factory=dict)
    dataset: dict[str, Any] = field(default_factory=UNKNOWN_DATASET.copy)
    versions: dict[str, str] = field(default_factory=dict)
    command: str = ""
    training: dict[str, Any] = field(default_factory=dict)
    created: str = ""
    format_version: int = FORMAT_VERSION

    def __repr__(self) -> str:
        what = f"detects {self.positive}" if self.positive else f"{self.task} of {len(self.classes)} classes"
        size = "x".join(map(str, self.image_size))
        return f"<Manifest: {self.model}, {what}, images of {size}, trained on {self.dataset.get('name', '?')}>"

    def as_json(self) -> dict[str, Any]:
        """The manifest as JSON values."""
        document = dataclasses.asdict(self)
        if crops(self.fit):
            document["crop"] = 1 if self.fit in EARLIER_FITS else _CROP
            _rename_fits(document, self.fit, "mnist")
        return document

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the model's answers come from, as `Answers` keep it."""
        return {"model": self.model, "data": self.dataset.get("sha256", ""), "versions": dict(self.versions)}

    @classmethod
    def from_json(cls, document: Any) -> "Manifest":
        """Read what `as_json` wrote.

        Raises
        ------
        ModelFileError
            If a value is missing, of another kind, or does not fit the others.
        """
        if not isinstance(document, dict) or type(document.get("format_version")) is not int:
            raise ModelFileError("it has no format version, so it is not a model file; give a .misread file")
        version = document["format_version"]
        if version != FORMAT_VERSION:
            raise ModelFileError(
                f"it is of format version {version}, this misread reads {FORMAT_VERSION}; install a newer misread"
            )
        document = {"training": {}, "unlike": None, "binary": False, **document}
        crop = document.get("crop", 1)
        if type(crop) is not int or not 1 <= crop <= _CROP:
            raise ModelFileError(
                f"its images are cropped in way {str(crop)[:40]}, this misread knows 1 to {_CROP}; "
                "install a newer misread"
            )
        taken = {one.name: _take(document, one.name, _KINDS[one.name]) for one in dataclasses.fields(cls)}
        for name in ("classes", "outputs"):
            taken[name] = tuple(taken[name])
        taken["image_size"] = tuple(taken["image_size"])
        point = taken["operating_point"]
        taken["operating_point"] = None if point is None else _operating_point(point)
        taken["unlike"] = None if taken["unlike"] is None else _unlike(taken["unlike"])
        if _goes_by_a_name(taken):
            taken["fit"] = "stretch"
        if crop < _CROP:
            _rename_fits(taken, "mnist", EARLIER_FITS[crop - 1])
        manifest = cls(**taken)
        manifest._check()
        return manifest

    def _check(self) -> None:
        sides = self.image_size
        names = (*self.classes, *self.outputs)
        checks = {
            "task": self.task in TASKS,
            "fit": self.fit in FITS + EARLIER_FITS,
            "image_size": len(sides) == 2 and all(type(side) is int and 0 < side <= MAX_SIDE for side in sides),
            "classes": 0 < len(names) <= MAX_CLASSES
            and all(isinstance(name, str) for name in names)
            and len(set(self.classes)) + len(set(self.outputs)) == len(names),
            "positive": self.positive in self.classes if self.task == "detector" else self.positive is None,
            "outputs": bool(self.outputs) == (self.task == "multilabel"),
        }
        wrong = [name for name, right in checks.items() if not right]
        if wrong:
            raise ModelFileError(f"its {wrong[0]} is {str(getattr(self, wrong[0]))[:80]!r}, which makes no sense")
        leaf = strange_leaf(self.dataset, self.metrics, self.versions)
        if leaf is not None:
            raise ModelFileError(f"its manifest has nothing that makes sense for {leaf[:80]}; the file is damaged")


def _rename_fits(document: dict[str, Any], old: str, new: str) -> None:
    """Call a fit by another name, also where it is said how the training data were read."""
    if document["fit"] == old:
        document["fit"] = new
    for part in ("dataset", "training"):
        if document[part].get("fit") == old:
            document[part] = {**document[part], "fit": new}


def _goes_by_a_name(taken: dict[str, Any]) -> bool:
    """Whether an earlier misread took a user's own folder for MNIST because it was called so."""
    known = [taken["dataset"].get(key) for key in ("name", "licence", "fit")]
    return known == ["mnist", "unknown", "stretch"] and taken["fit"] == "mnist"


_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("task", "model", "fit", "command", "created"), (str,)),
    **dict.fromkeys(("classes", "outputs", "image_size"), (list,)),
    **dict.fromkeys(("params", "metrics", "dataset", "versions", "training"), (dict,)),
    "positive": (str, type(None)),
    **dict.fromkeys(("operating_point", "unlike"), (dict, type(None))),
    "format_version": (int,),
    **dict.fromkeys(("invert", "binary"), (bool,)),
}
_POINT_KINDS: dict[str, tuple[type, ...]] = {
    "threshold": (float, int),
    "aim": (str,),
    "target": (float, int),
    "confidence": (float, int, type(None)),
    "chosen_on": (str,),
    "reached": (dict,),
}


def _operating_point(document: dict[str, Any]) -> OperatingPointRecord:
    point = OperatingPointRecord(**{name: _take(document, name, kinds) for name, kinds in _POINT_KINDS.items()})
    checks = {
        "threshold": is_number(point.threshold),
        "aim": point.aim in AIMS,
        "target": is_number(point.target) and 0 < point.target <= 1,
        "confidence": point.confidence is None or (is_number(point.confidence) and 0 < point.confidence < 1),
        "reached": next(strange_shares(point.reached, "reached"), None) is None,
    }
    wrong = [name for name, right in checks.items() if not right]
    if wrong:
        said = str(getattr(point, wrong[0]))[:80]
        raise ModelFileError(f"the {wrong[0]} of its operating point is {said!r}, which makes no sense")
    return point


def _unlike(document: dict[str, Any]) -> UnlikeRecord:
    threshold: Any = document.get("threshold")
    rate: Any = document.get("reject_rate")
    n = document.get("n")
    if not is_number(threshold) or threshold < 0:
        raise ModelFileError(f"the threshold of what it calls unlike is {str(threshold)[:80]!r}, no measure")
    if not is_number(rate) or not 0 < rate < 1:
        raise ModelFileError(f"the reject_rate of what it calls unlike is {str(rate)[:80]!r}, no share of images")
    if type(n) is not int or not 0 < n < 2**53:
        raise ModelFileError(f"the n of what it calls unlike is {str(n)[:80]!r}, no number of images")
    return UnlikeRecord(float(threshold), float(rate), n)


def _take(document: dict[str, Any], name: str, kinds: tuple[type, ...]) -> Any:
    value = document.get(name)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise ModelFileError(f"its manifest has {str(value)[:40]!r} for {name}; the file is damaged")
    return value
