"""The model file: one trained model with its manifest, its examples and its evidence, in one `*.misread` file."""

from misread.bundle.manifest import FORMAT_VERSION, Manifest, OperatingPointRecord
from misread.bundle.model import Answers, Bundle, Evidence, load, read_manifest, save

__all__ = [
    "FORMAT_VERSION",
    "Answers",
    "Bundle",
    "Evidence",
    "Manifest",
    "OperatingPointRecord",
    "load",
    "read_manifest",
    "save",
]
