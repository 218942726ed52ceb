"""Written after all answers were seen to be those of the model, with as few bits a weight as that takes."""

import os
from contextlib import suppress
from functools import partial

import numpy as np
from numpy.typing import NDArray

from misread.bundle import Bundle
from misread.errors import ModelFileError
from misread.export.agreement import Agreement, OnAsked, Outputs, agree
from misread.export.html.browser import asked_in_browser
from misread.export.html.page import as_page
from misread.export.html.told import Told, candidates
from misread.export.source import Source, described
from misread.files import atomic_write

__all__ = ["export_html", "html_of"]


def export_html(
    bundle: Bundle,
    path: str | os.PathLike[str],
    held_out: NDArray[np.uint8] | None = None,
    source: Source | None = None,
    *,
    check: bool = False,
) -> Agreement:
    """Write a model as one page to draw on: no server, no network, answers as in Python.

    Linear models and the convnet go into a page. Weights are written in as few bits as leave all answers (label
    and 'sure') on all images at hand as they are.

    Parameters
    ----------
    bundle : Bundle
    path : path
        Of the file to write, whole or not at all.
    held_out : ndarray of uint8, shape (n, height, width), optional
        Images that the model was not trained on, to compare on as well.
    source : Source, optional
        The file that the model is from.
    check : bool
        Ask the page itself, in Chromium; otherwise its arithmetic is compared in Python.

    Returns
    -------
    Agreement
        On how many images both gave the same answers.

    Raises
    ------
    ParameterError
        If the page has no JavaScript for the model, or the images are of another size.
    ModelFileError
        If the page answers differently, or with `check` there is no Chromium.
    MissingExtraError
        With `check`, if playwright is not installed.
    """
    content, agreement = html_of(bundle, held_out, source, check=check)
    with atomic_write(path) as stream:
        stream.write(content)
    return agreement


def html_of(
    bundle: Bundle,
    held_out: NDArray[np.uint8] | None = None,
    source: Source | None = None,
    *,
    check: bool = False,
    on_asked: OnAsked = lambda done, of: None,
) -> tuple[bytes, Agreement]:
    """The content of the file that `export_html` writes, and how well it agrees.

    `on_asked` is told how many of how many images were answered, anew for each number of bits and by the browser.
    """
    known: dict[int, Outputs] = {}
    told, agreement = _smallest(bundle, held_out, known, on_asked)
    if check:
        with asked_in_browser(as_page(told.document, {})) as (ask, browser):
            with_bits = f"{browser} offline, {told.bits}-bit weights"
            agreement = agree(bundle, held_out, ask, with_bits, rounded=True, known=known, on_asked=on_asked)
    page = as_page(told.document, described(bundle, source, agreement))
    return page.encode(), agreement


def _smallest(
    bundle: Bundle, held_out: NDArray[np.uint8] | None, known: dict[int, Outputs], on_asked: OnAsked
) -> tuple[Told, Agreement]:
    """The model in as few bits as leave all answers as they are."""
    for told in candidates(bundle):
        checked_with = f"its arithmetic in Python, {told.bits}-bit weights"
        ask = partial(
            agree, bundle, held_out, told.answer, checked_with, rounded=True, known=known, on_asked=on_asked
        )
        with suppress(ModelFileError):
            return told, ask(count=False)
    return told, ask()
