"""What exported C code takes in a microcontroller; the tests measure it on a Cortex-M0."""

from dataclasses import dataclass

__all__ = ["Costs"]


@dataclass(frozen=True)
class Costs:
    """Bytes and work.

    Attributes
    ----------
    tables : int
        Bytes of flash for weights and tables, without names of classes.
    code : int
        Bytes of flash that the code takes at most (Cortex-M0, -Os).
    static : int
        Bytes of RAM that are always taken.
    stack : int
        Bytes of stack at most.
    multiply_adds : int
        For an answer.
    """

    tables: int
    code: int
    static: int
    stack: int
    multiply_adds: int
