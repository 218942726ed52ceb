"""The model elsewhere, in files that are seen to answer as it does before they are written."""

from misread.export.agreement import Agreement
from misread.export.onnx import export_onnx, onnx_of
from misread.export.source import Source

__all__ = ["Agreement", "Source", "export_onnx", "onnx_of"]
