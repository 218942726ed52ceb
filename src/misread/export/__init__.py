"""The model elsewhere, in files that are seen to answer as it does before they are written."""

from misread.export.agreement import Agreement
from misread.export.c import c_of, export_c
from misread.export.html import export_html, html_of
from misread.export.measured import Measured
from misread.export.onnx import export_onnx, onnx_of
from misread.export.source import Source

__all__ = [
    "Agreement",
    "Measured",
    "Source",
    "c_of",
    "export_c",
    "export_html",
    "export_onnx",
    "html_of",
    "onnx_of",
]
