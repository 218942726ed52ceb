"""The server's log: what repeats is counted, and what clients say cannot steer a terminal or forge a line."""

import logging
import time

__all__ = ["quiet_log"]

_LOGGERS = ("uvicorn.error", "asyncio")
_TALKATIVE = "python_multipart"  # writes a line for every form that is not one; the client is told
_PAUSE = 60.0
_KINDS = 1_000
_LONGEST = 8_000


class _Counting(logging.Filter):
    """Lets a message of one kind pass once in a while, with how often it was held back."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[object, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        kind = (record.name, str(record.msg), _place(record))
        now = time.monotonic()
        last, held = self._seen.get(kind, (-_PAUSE, 0))
        if now - last < _PAUSE:
            self._seen[kind] = last, held + 1
            return False
        if len(self._seen) >= _KINDS:
            self._seen.clear()
        self._seen[kind] = now, 0
        if held:
            record.msg = f"{record.getMessage()} (and {held:,} times more since it was last written)"
            record.args = None
        return True


def _place(record: logging.LogRecord) -> object:
    """The kind of an exception and the line that raised it; not its words, which may be different each time."""
    if not record.exc_info or record.exc_info[1] is None:
        return None
    trace = record.exc_info[2]
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    line = trace and (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
    return record.exc_info[0], line


class _Plain(logging.Formatter):
    """Writes further lines with an indent, and letters that are no text as their codes."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        if len(text) > _LONGEST:
            text = f"{text[: _LONGEST // 2]}\n[...]\n{text[-_LONGEST // 2 :]}"
        first, *rest = text.splitlines() or [""]
        return "\n".join([_printable(first), *(f"  {_printable(line)}" for line in rest)])


def _printable(line: str) -> str:
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in line)


def quiet_log() -> None:
    """Have the loggers of the server and of asyncio write to standard error in this way."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Plain("%(asctime)s %(levelname)s %(message)s"))
    handler.addFilter(_Counting())
    logging.getLogger(_TALKATIVE).setLevel(logging.CRITICAL)
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(logging.ERROR)
