"""How many images corrections changed, counted."""

from dataclasses import dataclass

from misread.data.corrections import NONE

__all__ = ["Tally"]


@dataclass
class Tally:
    """What corrections do to the training images, or to the test images.

    Attributes
    ----------
    relabelled, confirmed, unclear, none : int
        Images that got another label, had the right one, and were left out since nobody can tell or since they are
        of no class.
    """

    relabelled: int = 0
    confirmed: int = 0
    unclear: int = 0
    none: int = 0

    @property
    def changed(self) -> int:
        """Images that have another label now, or are left out."""
        return self.relabelled + self.unclear + self.none

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(**{name: count + getattr(other, name) for name, count in vars(self).items()})

    def in_words(self, kind: str) -> str:
        """What was changed, or nothing."""
        parts = [f"{self.relabelled:,} {kind} labels changed"] if self.relabelled else []
        for n, why in ((self.unclear, "unclear"), (self.none, NONE)):
            parts += [f"{n:,} {kind} images left out ({why})"] if n else []
        return ", ".join(parts)
