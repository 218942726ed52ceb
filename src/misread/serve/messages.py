"""Messages between processes over pipes: a length, and so many bytes."""

import struct
from typing import BinaryIO

__all__ = ["receive", "send"]

_LENGTH = struct.Struct("<Q")


def send(stream: BinaryIO, message: bytes) -> None:
    """Write one message."""
    stream.write(_LENGTH.pack(len(message)))
    stream.write(message)
    stream.flush()


def receive(stream: BinaryIO) -> bytes:
    """Read one message.

    Raises
    ------
    EOFError
        If the other side has ended.
    """
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    message = stream.read(length)
    if len(message) < length:
        raise EOFError
    return message
