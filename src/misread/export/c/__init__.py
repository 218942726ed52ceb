"""A linear model for a microcontroller: two files of C99 with 8-bit weights."""

from misread.export.c.write import c_of, export_c

__all__ = ["c_of", "export_c"]
