"""The model file: one trained model with its manifest, its examples and its evidence, in one `*.misread` file."""

from misread.bundle.file import load, read_manifest, save
from misread.bundle.manifest import FORMAT_VERSION, Manifest, OperatingPointRecord, UnlikeRecord
from misread.bundle.model import Bundle
from misread.bundle.readings import Evidence, Readings

__all__ = [
    "FORMAT_VERSION",
    "Bundle",
    "Evidence",
    "Manifest",
    "OperatingPointRecord",
    "Readings",
    "UnlikeRecord",
    "load",
    "read_manifest",
    "save",
]
