"""What an exported file says of itself: the model file that it is from, and how well it agrees."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from misread.bundle import Bundle
from misread.export.agreement import Agreement
from misread.files import sha256_of

__all__ = ["Source", "described"]


@dataclass(frozen=True)
class Source:
    """The model file that an exported one is from.

    Attributes
    ----------
    name : str
        Without folders.
    sha256 : str
    """

    name: str
    sha256: str

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> "Source":
        """Read the file's hash."""
        return cls(Path(path).name, sha256_of(path))


def described(bundle: Bundle, source: Source | None, agreement: Agreement) -> dict[str, str]:
    """What is to be known of an exported model, as named texts."""
    manifest = bundle.manifest
    found = {
        "classes": "\n".join(manifest.classes),
        "positive": manifest.positive or "",
        "outputs": "\n".join(manifest.outputs),
        "fit": manifest.fit,
        "invert": "yes" if manifest.invert else "no",
        "binary": "yes" if manifest.binary else "no",
        "manifest": json.dumps(manifest.as_json(), ensure_ascii=False),
        "agreement": json.dumps(agreement.as_json()),
    }
    if source is not None:
        found |= {"model_file": source.name, "model_sha256": source.sha256}
    return found
