"""The log says each thing once and counts the rest; nothing in it steers a terminal or forges an entry."""

import logging

import pytest

from misread.serve.limits import Refused
from misread.serve.log import quiet_log
from misread.serve.multipart import read_parts


@pytest.fixture
def log():
    names = ("uvicorn.error", "asyncio")
    before = [(list(logging.getLogger(name).handlers), logging.getLogger(name).propagate) for name in names]
    yield logging.getLogger("asyncio")
    for name, (handlers, propagate) in zip(names, before, strict=True):
        logging.getLogger(name).handlers, logging.getLogger(name).propagate = handlers, propagate


def fail(log, words):
    try:
        raise OSError(24, words)
    except OSError:
        log.exception("socket.accept() out of system resource")


def test_what_repeats_is_counted(log, capsys, monkeypatch):
    quiet_log()
    now = 1_000.0
    monkeypatch.setattr("misread.serve.log.time.monotonic", lambda: now)
    for number in range(5_000):
        fail(log, f"too many, {number}")
    log.error("something else")
    written = capsys.readouterr().err
    assert written.count("out of system resource") == 1
    assert "something else" in written
    now += 61
    fail(log, "again")
    assert "4,999 times more" in capsys.readouterr().err


def test_hostile_words_stay_in_their_entry(log, capsys):
    quiet_log()
    fail(log, "\x1b[2J\x1b]0;title\x07\n2026-01-01 00:00:00,000 ERROR forged\r\n\x9b31m\u202egnp")
    written = capsys.readouterr().err
    assert all(letter.isprintable() or letter == "\n" for letter in written)
    first, *rest = written.rstrip("\n").split("\n")
    assert first.endswith("out of system resource")
    assert all(line.startswith("  ") for line in rest)
    assert any("forged" in line for line in rest)


def test_a_long_entry_is_cut(log, capsys):
    quiet_log()
    fail(log, "x" * 1_000_000)
    assert len(capsys.readouterr().err) < 10_000


def test_forms_that_are_none_write_nothing(log, capsys):
    quiet_log()
    for body in (b"--e\r\n\0: x\r\n\r\n", b"--x\r\n", b"--e;"):
        with pytest.raises(Refused):
            read_parts(body, b"e", 3)
    assert capsys.readouterr().err == ""
