import os
import signal
import socket
import subprocess
import sys

import pytest

from misread import files
from misread.errors import FormatError, OutputError, RunError
from misread.files import atomic_write, open_regular, read_regular, writable_folder


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


WRITER = """
import sys
from misread.files import atomic_write

for i in range(150):
    with atomic_write(sys.argv[1]) as stream:
        stream.write(b"%d" % i * 1000)
"""


def test_many_writers_of_one_file_do_not_take_each_others_parts(tmp_path):
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, tmp_path / "f"]) for _ in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert (tmp_path / "f").read_bytes() == b"149" * 1000
    assert os.listdir(tmp_path) == ["f"]


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks")
def test_a_lock_of_somebody_else_on_the_folder_holds_nobody_up(tmp_path):
    import fcntl

    handle = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with atomic_write(tmp_path / "f") as stream:
            stream.write(b"new")
        assert os.listdir(tmp_path) == ["f"]
    finally:
        os.close(handle)


def test_an_ordinary_file_is_read_up_to_its_bound(tmp_path):
    (tmp_path / "f").write_bytes(b"12345")
    assert read_regular(tmp_path / "f", 5) == b"12345"
    with pytest.raises(RunError, match="has 5 bytes, at most 4 are read"):
        read_regular(tmp_path / "f", 4, RunError)
    with pytest.raises(IsADirectoryError):
        open_regular(tmp_path)
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "none")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files")
def test_pipes_devices_and_sockets_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FormatError, match="is a pipe, expected an ordinary file; copy"):
        open_regular(tmp_path / "pipe")
    for device in ("/dev/zero", "/dev/null", "/dev/urandom"):
        with pytest.raises(FormatError, match=f"{device} is a device"):
            open_regular(device)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        with pytest.raises(FormatError, match="is a socket"):
            open_regular(tmp_path / "s")
    (tmp_path / "link").symlink_to("/dev/zero")
    with pytest.raises(FormatError, match="is a device"):
        open_regular(tmp_path / "link")


@pytest.mark.skipif(sys.platform == "win32", reason="knows no such locks")
def test_who_waits_for_another_writer_says_so_and_gives_up(tmp_path, monkeypatch):
    path = tmp_path / "c.csv"
    path.write_text("kept")
    monkeypatch.setattr(files, "_PATIENCE", 0.3)
    monkeypatch.setattr(files, "_SILENCE", 0.1)
    with files.appending(path), pytest.warns(UserWarning, match="waiting for another program"):  # noqa: SIM117
        with pytest.raises(OutputError, match="another program is writing to it"), files.appending(path):
            pass
    assert path.read_text() == "kept"
