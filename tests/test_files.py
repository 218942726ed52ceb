import os
import signal
import subprocess
import sys

import pytest

from misread.errors import OutputError
from misread.files import atomic_write, writable_folder


def test_a_file_appears_whole(tmp_path):
    path = tmp_path / "result.json"
    path.write_text("old")
    with atomic_write(path) as stream:
        stream.write(b"new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["result.json"]


def test_a_failed_block_leaves_nothing_behind(tmp_path):
    path = tmp_path / "result.json"
    with pytest.raises(KeyboardInterrupt), atomic_write(path) as stream:
        stream.write(b"half")
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == []


KILLED = """
import os, signal, sys
from misread.files import atomic_write

with atomic_write(sys.argv[1]) as stream:
    stream.write(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_removed_what_a_living_one_writes_is_not(tmp_path):
    path = tmp_path / "result.json"
    assert subprocess.run([sys.executable, "-c", KILLED, path], check=False).returncode == -signal.SIGKILL
    assert len(os.listdir(tmp_path)) == 1
    with atomic_write(path) as first:
        assert len(os.listdir(tmp_path)) == 1
        with atomic_write(path) as second:
            second.write(b"second")
        first.write(b"first")
    assert path.read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["result.json"]


def test_what_cannot_be_written_is_one_clear_error(tmp_path):
    with pytest.raises(OutputError, match="choose another folder"), atomic_write(tmp_path / "no" / "file"):
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        writable_folder(tmp_path / "file" / "run")


def test_a_full_disk_says_so(tmp_path, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with (
        pytest.raises(OutputError, match="No space left on device; free some space"),
        atomic_write(tmp_path / "x"),
    ):
        pass
    assert os.listdir(tmp_path) == []
