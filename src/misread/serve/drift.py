"""Whether what a server is asked about is still like the training images: a number, and a line in the log."""

import logging
import threading

import numpy as np
from numpy.typing import NDArray

from misread.bundle import Bundle, Readings
from misread.bundle.watch import Watch

__all__ = ["EVERY", "WINDOW", "Drift"]

WINDOW = 200
"""Images that are looked at together, the last ones."""
EVERY = 50
"""After so many more they are looked at again."""
_log = logging.getLogger("uvicorn.error")


class Drift:
    """Watches the last images that a server answered; its memory does not grow.

    Parameters
    ----------
    bundle : Bundle

    Attributes
    ----------
    differs : bool
        Whether they differ from the training images now.
    share_unlike : float
        How many of them are unlike all training images, as a share.
    n : int
        How many images that was said of.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._watch = None if bundle.manifest.task == "denoising" else Watch(bundle, WINDOW)
        self._fresh = 0
        self.differs = False
        self.share_unlike = 0.0
        self.n = 0

    def warm(self) -> None:
        """Find out now what the training images are like: nobody should wait for it later."""
        if self._watch is not None:
            self._watch.prepare()

    def see(self, images: NDArray[np.uint8], answers: Readings) -> None:
        """Take note of images that were answered, and look again after some; what is new is logged."""
        if self._watch is None:
            return
        try:
            self._watch.add(images, answers)
            self._fresh += len(images)
            if self._fresh >= EVERY:
                self._look(self._watch)
        except Exception:  # answers matter more than what is said of them
            self._watch = None
            _log.exception("images are no longer compared with the training images")

    def _look(self, watch: Watch) -> None:
        self._fresh, before = 0, self.differs
        self.share_unlike, self.differs, self.n = watch.share_unlike, watch.alarm(), watch.n
        if self.differs and not before:  # to name the cause takes a while, in which others want answers
            threading.Thread(target=_tell, args=(watch.copy(),), name="misread-drift", daemon=True).start()


def _tell(watch: Watch) -> None:
    said = watch.said()
    if said is not None:
        _log.error("%s", said)
