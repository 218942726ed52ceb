"""Images that a model was trained on say nothing of how good it is on others: find them, and leave them out."""

import warnings
from dataclasses import replace

import numpy as np

from misread.bundle import Bundle
from misread.data import Dataset, Split, joined
from misread.data.content import image_hashes
from misread.errors import ParameterError
from misread.images.fit import fit_images

__all__ = ["as_trained", "judging_images"]


def as_trained(bundle: Bundle, dataset: Dataset) -> Dataset:
    """Images that came as they are, prepared as the model prepares every image; a warning where others were made.

    The set that the model was trained on is left as it is.
    """
    manifest = bundle.manifest
    if dataset.is_described_by(manifest.dataset) or manifest.task == "denoising":
        return dataset
    made, wanted = (dataset.fit or manifest.fit, dataset.invert), (manifest.fit, manifest.invert)
    if made != wanted and dataset.shape == manifest.image_size:
        how = f"size={manifest.image_size}, fit={manifest.fit!r}, invert={manifest.invert}"
        warnings.warn(f"{dataset.name} was not made as the model's images were; load it with {how}", stacklevel=4)
    if dataset.fit or dataset.invert or manifest.invert:
        return dataset
    parts = [
        replace(part, images=fit_images(part.images, manifest.image_size, manifest.fit))
        for part in (dataset.train, dataset.test)
    ]
    return replace(dataset, train=parts[0], test=parts[1])


def judging_images(bundle: Bundle, dataset: Dataset, every: bool = False) -> tuple[Split, str]:
    """The images of a data set that a model can be judged on.

    Parameters
    ----------
    bundle : Bundle
    dataset : Dataset
        Its images prepared as the model's were.
    every : bool
        Take the training images of the data set too.

    Returns
    -------
    Split
        Those that the model was not trained on. Of the very data set that it was trained on: the test images, as
        the data set has them.
    str
        What is to be said about it, or nothing.

    Raises
    ------
    ParameterError
        If there are none, or if with `every` the model was trained on this data set.
    """
    own = dataset.is_described_by(bundle.manifest.dataset)
    if every and own:
        raise ParameterError(f"the model was trained on the training images of {dataset.name}; leave out --all")
    parts = (dataset.train, dataset.test) if every else (dataset.test,)
    judged = joined(parts)
    images = judged.images
    if not len(images):
        raise ParameterError(
            f"{dataset.name} has no test images; use --all if the model has seen none of its images"
        )
    which = "" if every else "test "
    if bundle.seen is None:
        remark = "" if own else _not_known(dataset.name, which)
        return judged, remark
    seen = np.isin(image_hashes(images), bundle.seen)
    n_seen = int(np.count_nonzero(seen))
    if not n_seen:
        return judged, ""
    said = f"{n_seen:,} of the {len(images):,} {which}images of {dataset.name} were trained on"
    if own:
        return judged, f"{said}, too: they are copies of training images; see `misread data info`"
    if seen.all():
        raise ParameterError(f"all {len(images):,} {which}images of {dataset.name} were trained on; give others")
    return judged.take(~seen), f"{said} and are left out"


def _not_known(name: str, which: str) -> str:
    return (
        f"the model file does not say which images it was trained on; if {which}images of {name} were among them, "
        "the numbers are too good; train it again to know"
    )
