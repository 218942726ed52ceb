"""Images that were asked about, kept in a folder to learn from: each once, and never more than so many."""

import asyncio
import io
import json
import logging
import os
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from misread.bundle import Manifest
from misread.data.content import hash_in_digits, image_hashes
from misread.data.corrections import RIGHT, Correction, append_corrections, now
from misread.data.memory import in_words
from misread.data.unlabelled import ABOUT, KEPT_CORRECTIONS, KEPT_NAME, KEPT_TEXT, about_kept
from misread.errors import MisreadError, ParameterError
from misread.files import appending, atomic_write, writable_folder

__all__ = ["Keep", "Keeper"]

_PAUSE = 1.0
"""Seconds for which images are gathered before they are written, so that few requests meet the writing."""
_REST = 30.0
"""Seconds after a failure in which nothing is tried."""
_MOST_WAITING = 2_000
_MOST_SAID = 8 << 20
_NOTHING = ("empty",)
_log = logging.getLogger("uvicorn.error")


@dataclass(frozen=True)
class Keep:
    """What to keep, and how much of it.

    Parameters
    ----------
    folder : path
    what : str
        `unsure` (whatever is not sure), `unlike`, `all`, or `sample=0.01` (such a share of all); never an image
        with nothing on it.
    most : int
        Images at most; the oldest leaves first.
    most_bytes : int
        Bytes of all of them at most.

    Raises
    ------
    ParameterError
        If `what` is none of these.
    """

    folder: Path
    what: str = "unsure"
    most: int = 10_000
    most_bytes: int = 1 << 30

    def __post_init__(self) -> None:
        self.wants("sure")
        if not (self.most > 0 and self.most_bytes > 0):
            raise ParameterError("at least one image, and one byte, must be allowed to be kept")

    def wants(self, state: str) -> bool:
        """Whether to keep an image with an answer of this state."""
        kind, _, share = self.what.partition("=")
        if kind == "sample":
            with suppress(ValueError):
                if 0 < float(share) <= 1:
                    return state not in _NOTHING and random.random() < float(share)
        elif self.what in ("unsure", "unlike", "all"):
            return {"unsure": state not in ("sure", *_NOTHING), "unlike": state == "unlike"}.get(
                self.what, state not in _NOTHING
            )
        raise ParameterError(f"what to keep is unsure, unlike, all or sample=0.01 (a share), not {self.what!r}")

    def in_words(self) -> str:
        """What is kept, for whoever runs the server."""
        which = {
            "unsure": "what it is not sure of",
            "unlike": "what is unlike all that it has learnt from",
            "all": "all",
        }.get(self.what, f"a share of {self.what.partition('=')[2]} of all")
        most = f"at most {self.most:,} and {in_words(self.most_bytes)}"
        return f"{which}, {most}; label them with misread review {self.folder}"

    def in_public(self) -> dict[str, Any]:
        """What clients are told; not where the folder is."""
        return {"what": self.what, "most": self.most, "most_bytes": self.most_bytes}


class Keeper:
    """Writes what is to be kept, in a thread of its own; a server goes on if it cannot.

    Several may write to one folder: each holds its `kept.json` locked while it writes, and looks again at what is
    there when another has been at it.

    Parameters
    ----------
    keep : Keep
    manifest : Manifest
        Of the model that answers.
    """

    def __init__(self, keep: Keep, manifest: Manifest) -> None:
        self.keep = keep
        self._manifest = manifest
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="misread-keep")
        self._waiting: list[tuple[NDArray[np.uint8], dict[str, Any]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._sizes: dict[str, int] | None = None
        self._bytes = 0
        self._changed_at = 0
        self._resting_until = 0.0
        self._failed = False
        self.kept = self.lost = 0

    def claim(self) -> str:
        """Take the folder; gives what is to be said if it cannot be written to, which is tried again later.

        Raises
        ------
        ParameterError
            If it holds other things, or what another model was asked.
        """
        folder = self.keep.folder
        try:
            there = set(os.listdir(folder)) if folder.is_dir() else set()
        except OSError:
            there = set()
        if folder.exists() and not folder.is_dir():
            raise ParameterError(f"{folder} is a file; give the folder to keep images in")
        if there and ABOUT not in there:
            raise ParameterError(f"{folder} holds other files; give a new folder, or one that images are kept in")
        kept = about_kept(folder) if there else {}
        mine = (list(self._manifest.classes), list(self._manifest.image_size))
        if kept and (kept["classes"], kept["image_size"]) != mine:
            raise ParameterError(
                f"{folder} keeps what a model of other classes or image size was asked; give another"
            )
        try:
            with self._alone():
                self._look()
        except (MisreadError, OSError) as error:
            return self._rest(error)
        return ""

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep others from writing to the folder until the block ends."""
        folder, manifest = self.keep.folder, self._manifest
        if not (folder / ABOUT).exists():
            about = {"model": manifest.model, "classes": manifest.classes, "image_size": manifest.image_size}
            with atomic_write(writable_folder(folder) / ABOUT) as stream:
                stream.write(json.dumps(about, indent=1).encode())
        with appending(folder / ABOUT):
            yield

    def _look(self) -> dict[str, int]:
        """Sizes of the images in the folder by their names, the oldest first."""
        if self._sizes is None or self._changed_at != self._folder_changed():
            found = []
            with os.scandir(writable_folder(self.keep.folder)) as entries:
                for one in entries:
                    if one.name.endswith(".png.part"):
                        os.unlink(one.path)
                    elif KEPT_NAME.fullmatch(one.name):
                        status = one.stat()
                        found.append((status.st_mtime_ns, one.name, status.st_size))
            self._sizes = {name: size for _, name, size in sorted(found)}
            self._bytes = sum(self._sizes.values())
            self._make_room(self._sizes)
            self._changed_at = self._folder_changed()
        return self._sizes

    def _folder_changed(self) -> int:
        """When a file of the folder was added or taken away."""
        try:
            return self.keep.folder.stat().st_mtime_ns
        except OSError:
            return -1

    def offer(self, image: NDArray[np.uint8], state: str, answer: dict[str, Any]) -> None:
        """Keep one image if its answer is of the kind that is kept; in the event loop's thread, and at once."""
        if not self.keep.wants(state):
            return
        if len(self._waiting) >= _MOST_WAITING:
            self.lost += 1
            return
        self._waiting.append((image.copy(), {**answer, "state": state, "when": now()}))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_PAUSE, self._hand_over)

    def _hand_over(self) -> None:
        self._timer = None
        waiting, self._waiting = self._waiting, []
        self._thread.submit(self._write_all, waiting)

    async def told(self, images: NDArray[np.uint8], label: str) -> None:
        """Keep images of which a person has said what they are, and write that down.

        Raises
        ------
        OutputError
            If that cannot be done.
        """
        await asyncio.get_running_loop().run_in_executor(self._thread, self._write_told, images, label)

    def close(self) -> None:
        """Write what still waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._hand_over()
        self._thread.shutdown()

    def _write_told(self, images: NDArray[np.uint8], label: str) -> None:
        path = self.keep.folder / KEPT_CORRECTIONS
        if path.exists() and path.stat().st_size > _MOST_SAID:
            raise ParameterError("the file of what was said is full; whoever runs the server should move it away")
        rows = []
        with self._alone():
            for image in images:
                name = self._write(image, {"when": now()})
                rows.append(Correction(int(name[:16], 16), name, "", label, RIGHT, now(), "the page"))
        append_corrections(path, rows)

    def _write_all(self, waiting: list[tuple[NDArray[np.uint8], dict[str, Any]]]) -> None:
        if time.monotonic() < self._resting_until:
            self.lost += len(waiting)
            return
        done = 0
        try:
            with self._alone():
                for image, answer in waiting:
                    self._write(image, answer)
                    done += 1
        except (MisreadError, OSError) as error:
            self.lost += len(waiting) - done
            self._rest(error)
            return
        if self._failed:
            self._failed = False
            _log.error("images are kept again in %s", self.keep.folder)

    def _rest(self, error: Exception) -> str:
        reason = getattr(error, "strerror", None) or str(error)
        said = f"images cannot be kept in {self.keep.folder}: {reason}; serving goes on without"
        if not self._failed:
            _log.error("%s", said)
        self._failed, self._sizes = True, None
        self._resting_until = time.monotonic() + _REST
        return said

    def _write(self, image: NDArray[np.uint8], answer: dict[str, Any]) -> str:
        """Write an image that is not there yet, and take away the oldest ones for it; gives its file's name."""
        sizes = self._look()
        name = f"{hash_in_digits(image_hashes(image[None])[0])}.png"
        if name in sizes:
            return name
        content = _png(image, answer)
        part = self.keep.folder / f".{name}.part"
        try:
            part.write_bytes(content)
            part.replace(self.keep.folder / name)
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        self.kept += 1
        sizes[name] = len(content)
        self._bytes += len(content)
        self._make_room(sizes)
        self._changed_at = self._folder_changed()
        return name

    def _make_room(self, sizes: dict[str, int]) -> None:
        while len(sizes) > 1 and (len(sizes) > self.keep.most or self._bytes > self.keep.most_bytes):
            oldest = next(iter(sizes))
            (self.keep.folder / oldest).unlink(missing_ok=True)
            self._bytes -= sizes.pop(oldest)


def _png(image: NDArray[np.uint8], answer: dict[str, Any]) -> bytes:
    text = PngInfo()
    text.add_itxt(KEPT_TEXT, json.dumps(answer))
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(stream, "PNG", pnginfo=text)
    return stream.getvalue()
