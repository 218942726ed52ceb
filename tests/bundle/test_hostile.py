"""A model file can come from anyone: nothing in it is run, and whatever is wrong is said in one line."""

import io
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest
from crafted import refused, rewritten, zipped
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from misread.bundle import archive, load, read_manifest, save
from misread.errors import ModelFileError


def test_no_file_a_folder_and_other_files(tmp_path):
    assert "there is no file" in refused(tmp_path / "none.misread")
    assert "cannot be read" in refused(tmp_path)
    (tmp_path / "text.misread").write_text("hello")
    assert "not a model file" in refused(tmp_path / "text.misread")
    assert "not a model file" in refused(zipped(tmp_path / "zip.misread", {"other.txt": b"x"}))


def test_a_newer_format_is_named(valid, tmp_path):
    path = rewritten(valid, tmp_path / "m.misread", document=lambda old: {**old, "format_version": 99})
    assert "format version 99" in refused(path)
    with pytest.raises(ModelFileError, match="newer misread"):
        read_manifest(path)


def test_every_truncation_is_refused(valid, tmp_path):
    content = valid.read_bytes()
    for length in [*range(0, len(content) - 1, 97), len(content) - 1]:
        path = tmp_path / "cut.misread"
        path.write_bytes(content[:length])
        refused(path)


def test_path_tricks_and_strange_parts_are_refused(valid, tmp_path):
    with zipfile.ZipFile(valid) as file:
        members = {name: file.read(name) for name in file.namelist()}
    for name in ("../evil.npy", "/tmp/evil.npy", "a/b.npy", "x.pkl", "..npy/../x.npy", "x.npy\n", "C:\\x.npy"):
        path = zipped(tmp_path / "m.misread", {**members, name: b"x"})
        assert "refused" in refused(path)
    assert [path.name for path in tmp_path.iterdir()] == ["m.misread"]


def test_doubled_parts_are_refused(valid, tmp_path):
    path = tmp_path / "m.misread"
    path.write_bytes(valid.read_bytes())
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as file:
        file.writestr("manifest.json", b"{}")
    assert "distinct names" in refused(path)


def test_a_bomb_is_refused_before_it_is_unpacked(valid, tmp_path, monkeypatch):
    with zipfile.ZipFile(valid) as file:
        members = {name: file.read(name) for name in file.namelist()}
    bomb = zipped(tmp_path / "bomb.misread", {**members, "bomb.npy": bytes(200_000_000)})
    assert bomb.stat().st_size < 1_000_000
    monkeypatch.setattr(archive, "content_of", lambda *args: pytest.fail("unpacked"))
    assert "bomb" in refused(bomb)


def test_a_part_that_lies_about_its_size_is_refused(valid, tmp_path):
    content = bytearray(valid.read_bytes())
    end = content.rfind(b"PK\x05\x06")
    start = struct.unpack_from("<I", content, end + 16)[0]
    struct.pack_into("<I", content, start + 24, 10)
    path = tmp_path / "m.misread"
    path.write_bytes(content)
    refused(path)


@pytest.mark.parametrize(
    "header",
    [
        {"descr": "<f8", "fortran_order": False, "shape": (10**12,)},
        {"descr": "<f8", "fortran_order": False, "shape": (-1, 64)},
        {"descr": "<f8", "fortran_order": True, "shape": (10, 64)},
        {"descr": "|O", "fortran_order": False, "shape": (10, 64)},
        {"descr": "<U8", "fortran_order": False, "shape": (10, 64)},
        {"descr": [("a", "<f8")], "fortran_order": False, "shape": (10, 64)},
    ],
)
def test_array_headers_that_lie_are_refused(valid, tmp_path, header):
    with zipfile.ZipFile(valid) as file:
        members = {name: file.read(name) for name in file.namelist()}
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, header)
    members["model.coef.npy"] = buffer.getvalue() + bytes(10 * 64 * 8)
    refused(zipped(tmp_path / "m.misread", members))


class Planted:
    """Unpickling this leaves a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_a_pickled_array_is_not_unpickled(valid, tmp_path):
    with zipfile.ZipFile(valid) as file:
        members = {name: file.read(name) for name in file.namelist()}
    trace = tmp_path / "trace"
    buffer = io.BytesIO()
    np.save(buffer, np.array([Planted(str(trace))], object), allow_pickle=True)
    for content in (buffer.getvalue(), pickle.dumps(Planted(str(trace)))):
        refused(zipped(tmp_path / "m.misread", {**members, "model.coef.npy": content}))
    assert not trace.exists()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_files_load_or_are_refused(golden, tmp_path, data):
    """Bytes flipped, removed or doubled anywhere: a model, or our own error."""
    name = data.draw(st.sampled_from(["sgd.misread", "forest.misread", "knn.misread", "svc.misread"]))
    content = bytearray((golden / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "double"])):
            case "flip":
                content[at] ^= data.draw(st.integers(1, 255))
            case "cut":
                del content[at : at + data.draw(st.integers(1, 40))]
            case "double":
                content[at:at] = content[at : at + data.draw(st.integers(1, 40))]
    path = tmp_path / "mutated.misread"
    path.write_bytes(content)
    try:
        load(path)
    except ModelFileError as error:
        assert "\n" not in str(error)  # noqa: PT017


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_arrays_load_or_are_refused(golden, tmp_path, data):
    """The same behind the checksums: single values of single arrays changed to anything."""
    name = data.draw(st.sampled_from(["sgd.misread", "forest.misread", "knn.misread", "svc.misread"]))

    def edit(arrays):
        key = data.draw(st.sampled_from(sorted(arrays)))
        changed = np.array(arrays[key])
        flat = changed.reshape(-1).view(np.uint8)
        if flat.size:
            at = data.draw(st.integers(0, flat.size - 1))
            flat[at] = data.draw(st.integers(0, 1 if changed.dtype == bool else 255))
        return {**arrays, key: changed}

    path = rewritten(golden / name, tmp_path / "mutated.misread", arrays=edit)
    try:
        load(path)
    except ModelFileError as error:
        assert "\n" not in str(error)  # noqa: PT017


def test_a_file_saved_again_is_the_same_file(golden, tmp_path):
    save(load(golden / "forest.misread"), tmp_path / "again.misread")
    save(load(tmp_path / "again.misread"), tmp_path / "twice.misread")
    assert (tmp_path / "again.misread").read_bytes() == (tmp_path / "twice.misread").read_bytes()
