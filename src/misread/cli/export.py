"""`misread export`: the model elsewhere."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from misread.bundle import Bundle, load
from misread.cli.data import DataDirOption, OnErrorOption
from misread.cli.loading import load_alike
from misread.cli.options import FileArgument, JsonOption, needs
from misread.cli.outputs import ForceOption, file_to_write, write_new
from misread.cli.own import Own, reads_own_data
from misread.cli.progress import stages
from misread.cli.words import print_json, say
from misread.data import Dataset, names
from misread.errors import DataError, ModelFileError, OutputError, ParameterError
from misread.export import Source, onnx_of
from misread.export.exported import read_exported
from misread.recipes.unseen import judging_images

__all__ = ["export"]


@reads_own_data
def export(
    file: FileArgument,
    onnx: Annotated[
        Path | None, typer.Option("--onnx", metavar="OUT", help="Write an ONNX file, of any model.")
    ] = None,
    force: ForceOption = False,
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            help="Compare on the test images of this data set or path as well; by default of the named set that "
            "the model was trained on, if it is on this machine.",
        ),
    ] = None,
    on_error: OnErrorOption = "stop",
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
    *,
    own: Own,
) -> None:
    """Write a model for other runtimes, if the exported one is seen to give the same answers.

    It takes images in the size and polarity that the model takes; all that the model does to them goes along.
    """
    if onnx is None:
        raise ParameterError("say what to write: --onnx OUT.onnx")
    needs("onnx", "onnx", "onnxruntime")
    target = file_to_write(onnx)
    bundle = load(file, most_memory=own.get("most_memory"))
    source = Source.of(file)
    claim_export(target, source, force)
    held_out = _held_out(bundle, data, data_dir, on_error, own)
    with stages(None) as on_stage:
        on_stage(f"Writing {onnx} and asking it")
        content, agreement = onnx_of(bundle, held_out, source)
    write_new(target, content, force=True)
    if as_json:
        print_json({"file": str(onnx), "bytes": len(content), "agreement": agreement.as_json()})
        return
    say(f"compared  on {agreement.in_words()}, by {agreement.checked_with}")
    say(f"written   {onnx}, {len(content):,} bytes; the same answers on all {agreement.n:,} images")


def claim_export(path: Path, source: Source, force: bool) -> None:
    """Refuse to overwrite a file that was not exported from the same model file.

    Raises
    ------
    OutputError
        If it holds something else, and `force` is not given.
    """
    if force or not path.exists():
        return
    why = "it was not exported by misread"
    try:
        if old := read_exported(path):
            if old.model_sha256 == source.sha256:
                return
            why = "it is from another model"
    except ModelFileError:
        pass
    raise OutputError(f"{path} is there already, and {why}; give another name, or --force to overwrite it")


def _held_out(
    bundle: Bundle, data: str | None, data_dir: Path | None, on_error: str, own: Own
) -> NDArray[np.uint8] | None:
    """Images that the model was not trained on, where they can be had; else say that there are none."""
    if data is None:
        dataset = _own_named_set(bundle, data_dir)
    else:
        dataset = load_alike(bundle.manifest, data, data_dir, on_error, own=own)
    if dataset is None:
        say("! on no held-out images: --data DATA compares on the test images of DATA, too", aside=True)
        return None
    images, remark = judging_images(bundle, dataset)
    if remark:
        say(f"note: {remark}", aside=True)
    return images.images


def _own_named_set(bundle: Bundle, data_dir: Path | None) -> Dataset | None:
    """The set that the model was trained on, if it has a name and is on this machine."""
    name = bundle.manifest.dataset.get("name")
    if name not in names():
        return None
    try:
        dataset = load_alike(bundle.manifest, name, data_dir, download=False)
    except DataError:
        return None
    return dataset if dataset.sha256 == bundle.manifest.dataset.get("sha256") else None
