"""`misread export`: the model elsewhere."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from misread.bundle import Bundle, load
from misread.cli.loading import load_alike
from misread.cli.options import FileArgument, JsonOption, needs
from misread.cli.outputs import ForceOption, file_to_write, folder_to_write, write_new
from misread.cli.own import DATA, Own, reads
from misread.cli.progress import stages
from misread.cli.words import print_json, say
from misread.data import Dataset, Split, names
from misread.errors import DataError, ModelFileError, OutputError, ParameterError
from misread.export import Agreement, Source, export_c, html_of, onnx_of
from misread.export.agreement import OnAsked
from misread.export.exported import WITHOUT_UNLIKE, read_exported
from misread.export.html.browser import browser_program
from misread.recipes.unseen import judging_images

__all__ = ["export"]


@reads(DATA)
def export(
    file: FileArgument,
    onnx: Annotated[
        Path | None, typer.Option("--onnx", metavar="OUT", help="Write an ONNX file, of any model.")
    ] = None,
    c: Annotated[
        Path | None,
        typer.Option("--c", metavar="DIR", help="Write C99 for a microcontroller, of a linear model or tiny."),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="OUT", help="Write a page to draw on: linear models, tiny, the convnet."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Compare the answers of the page in Chromium, not of its arithmetic.")
    ] = False,
    force: ForceOption = False,
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            help="Compare on the test images of this data set or path as well; by default of the named set that "
            "the model was trained on, if it is on this machine.",
        ),
    ] = None,
    as_json: JsonOption = False,
    *,
    own: Own,
) -> None:
    """Write a model for other runtimes, if the exported one is seen to give the same answers.

    It takes images in the size and polarity that the model takes; all that the model does to them goes along.
    """
    if (onnx, c, html) == (None, None, None):
        raise ParameterError("say what to write: --onnx OUT.onnx, --html OUT.html or --c DIR")
    if check and html is None:
        raise ParameterError("--check asks a page in a browser; it goes with --html OUT.html")
    if onnx is not None:
        needs("onnx", "onnx", "onnxruntime")
    if check:
        needs("test", "playwright")
        browser_program()
    if c is not None:
        folder_to_write(c)
    for path in (onnx, html):
        if path is not None:
            file_to_write(path)
    bundle = load(file, most_memory=own.get("most_memory"))
    source = Source.of(file)
    for path in (onnx, html, c and c / "misread.h", c and c / "misread.c"):
        if path is not None:
            claim_export(path, source, force)
    held_out = _held_out(bundle, data, own)
    images = None if held_out is None else held_out.images
    if c is not None and bundle.manifest.unlike is not None:
        say(f"note: the C code does not say `unlike`: {WITHOUT_UNLIKE}", aside=True)
    documents = []
    if onnx is not None:
        documents.append(_write(onnx, lambda told: onnx_of(bundle, images, source, on_asked=told), quiet=as_json))
    if html is not None:
        documents.append(
            _write(html, lambda told: html_of(bundle, images, source, check=check, on_asked=told), quiet=as_json)
        )
    if c is not None:
        documents.append(_write_c(bundle, c, held_out, source, quiet=as_json))
    if as_json:
        print_json(documents)


def _write(path: Path, make: Callable[[OnAsked], tuple[bytes, Agreement]], *, quiet: bool) -> dict[str, Any]:
    with stages(None) as on_stage:
        stage = f"Writing {path} and asking it"
        on_stage(stage)
        content, agreement = make(lambda done, of: on_stage(f"{stage}: {done:,} of {of:,} images"))
    write_new(path, content, force=True)
    if not quiet:
        say(f"compared  on {agreement.in_words()}, by {agreement.checked_with}")
        say(f"written   {path}, {len(content):,} bytes; the same answers on all {agreement.n:,} images")
    return {"file": str(path), "bytes": len(content), "agreement": agreement.as_json()}


def _write_c(
    bundle: Bundle, folder: Path, held_out: Split | None, source: Source, *, quiet: bool
) -> dict[str, Any]:
    images, labels = (None, None) if held_out is None else (held_out.images, held_out.labels)
    with stages(None) as on_stage:
        on_stage(f"Writing {folder} and asking it")
        agreement, measured = export_c(bundle, folder, images, labels, source)
    if not quiet:
        say(f"compared  on {agreement.in_words()}, by {agreement.checked_with}")
        for row, line in enumerate(measured.in_words()):
            say(f"{'' if row else 'rounded':<10}{line}")
        say(f"written   {folder / 'misread.h'}, which says what it takes, and {folder / 'misread.c'}")
    return {"file": str(folder), "agreement": agreement.as_json(), "accuracy": measured.as_json()}


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
        if old := read_exported(path.with_name("misread.h") if path.name == "misread.c" else path):
            if old.model_sha256 == source.sha256:
                return
            why = "it is from another model"
    except ModelFileError:
        pass
    raise OutputError(f"{path} is there already, and {why}; give another name, or --force to overwrite it")


def _held_out(bundle: Bundle, data: str | None, own: Own) -> Split | None:
    """Images that the model was not trained on, labelled as it labels; else say that there are none."""
    dataset = _own_named_set(bundle, own) if data is None else load_alike(bundle.manifest, data, own)
    if dataset is None:
        say("! on no held-out images: --data DATA compares on the test images of DATA, too", aside=True)
        return None
    images, remark = judging_images(bundle, dataset)
    if remark:
        say(f"note: {remark}", aside=True)
    known = bundle.manifest.classes
    codes = np.array([known.index(name) if name in known else -1 for name in dataset.class_names], np.int64)
    labels = codes[images.labels]
    if bundle.manifest.positive is not None:
        labels = (labels == known.index(bundle.manifest.positive)).astype(np.int64)
    return Split(images.images, labels)


def _own_named_set(bundle: Bundle, own: Own) -> Dataset | None:
    """The set that the model was trained on, if it has a name and is on this machine."""
    name = bundle.manifest.dataset.get("name")
    if name not in names():
        return None
    try:
        dataset = load_alike(bundle.manifest, name, {"data_dir": own.get("data_dir")}, download=False)
    except DataError:
        return None
    return dataset if dataset.is_described_by(bundle.manifest.dataset) else None
