"""Read a multipart/form-data body that is in memory, with a bound on its parts; nothing goes to the disk."""

from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from misread.serve.limits import Refused

__all__ = ["Part", "read_parts"]

_PLAIN = (b"binary", b"8bit", b"7bit")


@dataclass
class Part:
    """One part of a form: a file if it has a file name."""

    name: str = ""
    filename: str | None = None
    data: bytearray = field(default_factory=bytearray)


def read_parts(body: bytes, boundary: bytes, most: int) -> list[Part]:
    """Split a form into its parts, at most `most` and one more, so that the caller can tell that it is too many.

    What stands before the first boundary and after the last is no part of it (RFC 2046, 5.1.1).

    Raises
    ------
    Refused
        400 if the body is not a whole multipart/form-data body, 415 if a part's bytes are coded as text.
    """
    if not boundary:
        raise Refused(400, "not-multipart", "the Content-Type multipart/form-data has no boundary")
    first = body.find(b"\r\n--" + boundary)
    if first >= 0 and not body.startswith(b"--" + boundary):
        body = body[first + 2 :]
    collector = _Collector(most)
    try:
        parser = MultipartParser(boundary, collector.callbacks())  # type: ignore[arg-type]
        parser.write(body)
        parser.finalize()
    except _Enough:
        return collector.parts
    except (FormParserError, ValueError) as error:
        raise Refused(400, "not-multipart", f"the body is not multipart/form-data: {error}") from None
    if not collector.ended:
        raise Refused(400, "not-multipart", "the multipart/form-data body was cut off before its end")
    return collector.parts


class _Enough(Exception):  # noqa: N818
    pass


class _Collector:
    def __init__(self, most: int) -> None:
        self.parts: list[Part] = []
        self.ended = False
        self._most = most
        self._header, self._value = b"", b""

    def callbacks(self) -> dict[str, object]:
        names = ("part_begin", "header_field", "header_value", "header_end", "part_data", "end")
        return {f"on_{name}": getattr(self, name) for name in names}

    def part_begin(self) -> None:
        self.parts.append(Part())
        if len(self.parts) > self._most:
            raise _Enough

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        name = self._header.lower()
        if name == b"content-transfer-encoding" and self._value.strip().lower() not in _PLAIN:
            shown = self._value[:40].decode("utf-8", "replace")
            raise Refused(415, "part-encoding", f"the bytes of a part must come as they are, not as {shown!r}")
        if name == b"content-disposition":
            _, options = parse_options_header(self._value)
            self.parts[-1].name = options.get(b"name", b"").decode("utf-8", "replace")
            if b"filename" in options:
                self.parts[-1].filename = options[b"filename"].decode("utf-8", "replace")
        self._header, self._value = b"", b""

    def part_data(self, data: bytes, start: int, end: int) -> None:
        self.parts[-1].data += data[start:end]

    def end(self) -> None:
        self.ended = True
