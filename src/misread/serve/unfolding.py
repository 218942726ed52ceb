"""Bodies that come compressed, unfolded no further than a body may be large."""

import zlib

from misread.serve.limits import Limits, Refused

__all__ = ["unfolded"]

_GZIP = 16 + zlib.MAX_WBITS
_MAX_MEMBERS = 16
_ACCEPTED = {"Accept-Encoding": "gzip"}


def unfolded(coding: str, body: bytes, limits: Limits) -> bytes:
    """Undo a request's Content-Encoding.

    Parameters
    ----------
    coding : str
        The header; empty without one.
    body : bytes
    limits : Limits
        What is unfolded may have `limits.body` bytes, as a body that comes as it is.

    Raises
    ------
    Refused
        415 for another coding than gzip, 413 for more bytes, 400 for what is not gzip.

    Examples
    --------
    >>> import gzip
    >>> unfolded("gzip", gzip.compress(b"{}"), Limits())
    b'{}'
    """
    match coding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return _gunzipped(body, limits.body)
        case _:
            detail = f"send the body as it is, or with Content-Encoding: gzip, not {coding[:60]!r}"
            raise Refused(415, "content-encoding", detail, _ACCEPTED)


def _gunzipped(body: bytes, most: int) -> bytes:
    content, rest, members = bytearray(), body, 0
    try:
        while rest:
            members += 1
            if members > _MAX_MEMBERS:
                raise Refused(400, "not-gzip", f"the gzip body has more than {_MAX_MEMBERS} parts")
            member = zlib.decompressobj(_GZIP)
            content += member.decompress(rest, most + 1 - len(content))
            if len(content) > most:
                raise Refused(
                    413, "body-too-large", f"a request may have {most:,} bytes, this one unfolds to more"
                )
            if not member.eof:
                raise Refused(400, "not-gzip", "the gzip body was cut off before its end")
            rest = member.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise Refused(400, "not-gzip", f"the body is not gzip: {error}") from None
    return bytes(content)
