"""Downloads against a real local server: mirrors that fail in every way, and processes that race or die."""

import gzip
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from misread.data import fetch
from misread.data.readers.idx import read_idx, write_idx
from misread.errors import DataError, DownloadError, FormatError

NAME = "train-images-idx3-ubyte"


def get(tiny, folder, *mirrors, progress=None):
    return fetch.download(tiny.entry.files[0], [mirror.url for mirror in mirrors], folder, progress)


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_download(tiny, make_mirror, tmp_path):
    told = []
    path = get(tiny, tmp_path / "a", make_mirror(), progress=lambda *call: told.append(call))
    assert path == tmp_path / "a" / f"{NAME}.gz"
    np.testing.assert_array_equal(read_idx(path, ndim=3), tiny.arrays[NAME])
    assert left_in(tmp_path) == [f"{NAME}.gz"]
    assert told[-1] == (NAME, path.stat().st_size, path.stat().st_size)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask()


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_plain_answer_is_kept_under_a_plain_name(tiny, make_mirror, answers, tmp_path):
    mirror = make_mirror()
    mirror.default = answers["send"](tiny.content[NAME])
    assert get(tiny, tmp_path, mirror).name == NAME


def test_a_gzip_file_declared_as_encoding_is_kept_as_it_is(tiny, make_mirror, answers, tmp_path):
    mirror = make_mirror()
    mirror.default = answers["send"](gzip.compress(tiny.content[NAME]), Content_Encoding="gzip")
    assert get(tiny, tmp_path, mirror).name == f"{NAME}.gz"


@pytest.mark.parametrize("status", [500, 503, 504, 429])
def test_a_busy_mirror_is_asked_again(tiny, make_mirror, answers, tmp_path, status):
    mirror = make_mirror()
    mirror.answers = [answers["send"](b"busy", status)] * 2
    get(tiny, tmp_path, mirror)
    assert len(mirror.requests) == 3


def test_retry_after_is_honoured(tiny, make_mirror, answers, tmp_path, monkeypatch):
    waits = []
    monkeypatch.setattr(fetch.time, "sleep", waits.append)
    mirror = make_mirror()
    mirror.answers = [
        answers["send"](b"", 503, Retry_After="3"),
        answers["send"](b"", 503, Retry_After="9999999"),
    ]
    get(tiny, tmp_path, mirror)
    assert waits == [3.0, 20.0]


def test_a_truncated_transfer_is_repeated(tiny, make_mirror, answers, tmp_path):
    body = gzip.compress(tiny.content[NAME])
    mirror = make_mirror()
    mirror.answers = [answers["send"](body[:50], length=len(body))]
    get(tiny, tmp_path, mirror)
    assert left_in(tmp_path) == [f"{NAME}.gz"]


def test_the_next_mirror_is_asked(tiny, make_mirror, answers, tmp_path):
    wrong, good = make_mirror(), make_mirror()
    wrong.default = answers["send"](gzip.compress(tiny.content["t10k-images-idx3-ubyte"]))
    get(tiny, tmp_path, wrong, good)
    assert len(wrong.requests) == len(good.requests) == 1


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("missing", "HTTP 404"),
        ("wrong", "sent something else.*sha256"),
        ("page", "sent something else.*not an IDX file"),
        ("swapped", "sent something else.*holds labels"),
        ("truncated", "broke off after 50 bytes|sent 50 of"),
        ("announced too large", "would send"),
        ("endless", "sent more than"),
        ("bomb", "sent something else.*holds more"),
    ],
)
def test_nothing_is_left_when_no_mirror_has_it(tiny, make_mirror, answers, tmp_path, case, reason):
    send = answers["send"]
    good = gzip.compress(tiny.content[NAME])
    mirror = make_mirror()
    mirror.default = {
        "missing": send(b"", 404),
        "wrong": send(gzip.compress(tiny.content[NAME][:-1] + b"\0")),
        "page": send(b"<html>moved</html>"),
        "swapped": send(gzip.compress(tiny.content["train-labels-idx1-ubyte"])),
        "truncated": send(good[:50], length=len(good)),
        "announced too large": send(b"x", length=10**12),
        "endless": send(bytes(10**7), length=-1),
        "bomb": send(gzip.compress(tiny.content[NAME] + bytes(2_000_000))),
    }[case]
    with pytest.raises(DownloadError, match=reason) as caught:
        get(tiny, tmp_path / "a", mirror)
    assert "MISREAD_MIRRORS" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert left_in(tmp_path) == []


def test_nobody_listens(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "_BACKOFF", 0.01)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(DownloadError, match="refused"):
        fetch.download(tiny.entry.files[0], ["http://127.0.0.1:9/"], tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_a_stalled_mirror_is_left(tiny, make_mirror, answers, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "_TIMEOUT", (5.0, 0.2))
    stalled, good = make_mirror(), make_mirror()
    stalled.default = answers["drip"](gzip.compress(tiny.content[NAME]), 3.0)
    get(tiny, tmp_path, stalled, good)
    assert len(good.requests) == 1


def test_a_dripping_mirror_is_left(tiny, make_mirror, answers, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "_PATIENCE", 0.2)
    slow, good = make_mirror(), make_mirror()
    slow.default = answers["drip"](gzip.compress(tiny.content[NAME]), 0.05)
    start = time.monotonic()
    get(tiny, tmp_path, slow, good)
    assert time.monotonic() - start < 5


def test_interrupted_by_the_user(tiny, make_mirror, tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(tiny, tmp_path, make_mirror(), progress=interrupt)
    assert left_in(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="needs /dev/full or permissions")
def test_a_folder_that_cannot_be_written(tiny, make_mirror, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DataError, match=r"cannot keep .*--data-dir"):
        get(tiny, tmp_path / "file" / "x", make_mirror())


def test_a_full_disk(tiny, make_mirror, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetch.os, "fsync", full)
    with pytest.raises(DataError, match="No space left"):
        get(tiny, tmp_path, make_mirror())
    assert left_in(tmp_path) == []


CHILD = """
import sys
from pathlib import Path
from misread.data import fetch
from misread.data.catalogue import NamedFile
print("ready", flush=True)
sys.stdin.readline()
fetch.download(NamedFile(sys.argv[1], sys.argv[2], int(sys.argv[3])), [sys.argv[4]], Path(sys.argv[5]))
"""


def child(tiny, mirror, folder):
    file = tiny.entry.files[0]
    arguments = [file.name, file.sha256, str(file.size), mirror.url, str(folder)]
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    return process


def test_two_processes_at_once(tiny, make_mirror, answers, tmp_path):
    mirror = make_mirror()
    mirror.default = answers["drip"](gzip.compress(tiny.content[NAME]), 0.001)
    processes = [child(tiny, mirror, tmp_path) for _ in range(2)]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert left_in(tmp_path) == [f"{NAME}.gz"]
    np.testing.assert_array_equal(read_idx(tmp_path / f"{NAME}.gz", ndim=3), tiny.arrays[NAME])


def test_killed_in_the_middle(tiny, make_mirror, answers, tmp_path, monkeypatch):
    mirror = make_mirror()
    mirror.answers = [answers["drip"](gzip.compress(tiny.content[NAME]), 0.2)]
    process = child(tiny, mirror, tmp_path)
    process.stdin.write("go\n")
    process.stdin.flush()
    deadline = time.monotonic() + 30
    while not left_in(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    (part,) = left_in(tmp_path)
    assert part.startswith(".")
    assert part.endswith(".part")
    assert fetch.find(tiny.entry, tmp_path) == {}
    get(tiny, tmp_path, mirror)
    assert left_in(tmp_path) == [f"{NAME}.gz"]


@pytest.mark.parametrize("inner", ["tiny", "Tiny/raw"])
@pytest.mark.parametrize("name", [NAME, f"{NAME}.gz", "train-images.idx3-ubyte", "train-images.idx3-ubyte.gz"])
def test_layouts_that_are_found(tiny, tmp_path, inner, name):
    (tmp_path / inner).mkdir(parents=True)
    write_idx(tmp_path / inner / name, tiny.arrays[NAME])
    assert fetch.find(tiny.entry, tmp_path) == {NAME: tmp_path / inner / name}


def test_folders_are_searched_in_order(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("MISREAD_DATA", str(tmp_path / "env"))
    assert fetch.target_folder() == tmp_path / "env"
    assert fetch.target_folder(tmp_path / "given") == tmp_path / "given"
    for folder in ("env", "given"):
        (tmp_path / folder / "tiny").mkdir(parents=True)
        write_idx(tmp_path / folder / "tiny" / NAME, tiny.arrays[NAME])
    assert fetch.find(tiny.entry)[NAME] == tmp_path / "env" / "tiny" / NAME
    assert fetch.find(tiny.entry, tmp_path / "given")[NAME] == tmp_path / "given" / "tiny" / NAME


def test_fetch_downloads_only_what_is_missing(tiny, make_mirror, tmp_path, monkeypatch):
    mirror = make_mirror()
    monkeypatch.setenv("MISREAD_MIRRORS", f" {mirror.url.rstrip('/')} ,")
    (tmp_path / "tiny").mkdir()
    write_idx(tmp_path / "tiny" / NAME, tiny.arrays[NAME])
    paths = fetch.fetch(tiny.entry, tmp_path)
    assert paths[NAME] == tmp_path / "tiny" / NAME
    assert len(mirror.requests) == 3
    fetch.fetch(tiny.entry, tmp_path)
    assert len(mirror.requests) == 3


def test_a_local_file_that_is_not_the_published_one(tiny, tmp_path):
    file = tiny.entry.files[0]
    wrong = tiny.arrays[NAME].copy()
    wrong[0, 0, 0] ^= 1
    write_idx(tmp_path / NAME, wrong)
    with pytest.raises(FormatError, match=f"not the published {NAME}.*expected {file.sha256}"):
        fetch.read_verified(tmp_path / NAME, file)
