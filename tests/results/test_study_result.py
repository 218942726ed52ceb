"""A run folder can be interrupted, damaged or crafted: what is read is one run, or one line says what is wrong."""

import html
import io
import json
import os
import re
import zipfile

import numpy as np
import pytest
from typer.testing import CliRunner

from misread.cli import app
from misread.errors import RunError
from misread.results.study import StudyResult

MANIFEST = {"dataset": {"name": "few", "class_names": ["a", "b"]}, "positive": "a", "seed": 42}
RESULT = StudyResult(
    values={"x": 0.5},
    arrays={"a": np.arange(3), "names": np.array(["ä", "b"]), "none": np.zeros((0, 4)), "one": np.array(1.5)},
    skipped={"s": "no need"},
    timings={"t": 1.5},
    manifest=MANIFEST,
)


@pytest.fixture
def run(tmp_path):
    RESULT.save(tmp_path)
    return tmp_path


def test_a_report_is_shown_in_a_frame_that_reaches_nothing_else(run):
    page = """<!doctype html><p class="a">"quoted" & <script>1</script>"""
    (run / "report.html").write_text(page)
    for result in (RESULT, StudyResult.load(run)):
        assert result.folder == run
        shown = result.show(400)
        assert len(repr(shown)) < 80
        text = shown._repr_html_()
        assert "height:400px" in text
        assert 'sandbox="allow-scripts allow-downloads"' in text
        assert html.unescape(re.search('srcdoc="([^"]*)"', text)[1]) == page


def test_what_cannot_be_shown_says_what_to_do(run):
    with pytest.raises(RunError, match=r"report.html; try: misread report "):
        StudyResult.load(run).show()
    with pytest.raises(RunError, match=r"never saved; call save\(FOLDER\)"):
        StudyResult().show()


def refused(folder) -> str:
    with pytest.raises(RunError) as caught:
        StudyResult.load(folder)
    message = str(caught.value)
    assert "\n" not in message
    assert str(folder) in message
    assert len(message) < 1_000
    return message


def edited(folder, **changes):
    document = json.loads((folder / "results.json").read_text())
    (folder / "results.json").write_text(json.dumps({**document, **changes}))


def test_what_is_written_comes_back(run):
    loaded = StudyResult.load(run)
    assert (loaded.values, loaded.skipped, loaded.timings) == (RESULT.values, RESULT.skipped, RESULT.timings)
    assert loaded.manifest == MANIFEST
    assert loaded.arrays.keys() == RESULT.arrays.keys()
    for name, array in RESULT.arrays.items():
        np.testing.assert_array_equal(loaded.arrays[name], array)


def test_runs_from_before_they_had_an_id_are_read(run):
    np.savez(run / "arrays.npz", **RESULT.arrays)
    document = json.loads((run / "results.json").read_text())
    del document["run_id"]
    (run / "results.json").write_text(json.dumps(document))
    assert StudyResult.load(run).values == RESULT.values


@pytest.mark.parametrize(
    "other",
    [
        StudyResult({"x": 0.6}, RESULT.arrays, RESULT.skipped, {}, MANIFEST),
        StudyResult(RESULT.values, RESULT.arrays, RESULT.skipped, {}, {**MANIFEST, "seed": 7}),
        StudyResult(RESULT.values, {**RESULT.arrays, "a": np.arange(1, 4)}, RESULT.skipped, {}, MANIFEST),
    ],
    ids=["values", "seed", "arrays"],
)
def test_values_of_one_run_and_arrays_of_another_are_refused(run, tmp_path, other):
    values = (run / "results.json").read_bytes()
    other.save(run)
    (run / "results.json").write_bytes(values)
    assert "of one run and the arrays.npz of another" in refused(run)
    result = CliRunner().invoke(app, ["report", str(run)])
    assert isinstance(result.exception, RunError)


def test_values_from_before_and_arrays_with_an_id_are_refused(run):
    document = json.loads((run / "results.json").read_text())
    del document["run_id"]
    (run / "results.json").write_text(json.dumps(document))
    assert "of another" in refused(run)


@pytest.mark.parametrize(
    "changes",
    [
        {"values": []},
        {"values": None},
        {"skipped": {"s": 1}},
        {"timings": {"t": "long"}},
        {"manifest": None},
        {"manifest": {}},
        {"manifest": {"dataset": {}}},
        {"manifest": {"dataset": {"name": 7, "class_names": ["a"]}}},
        {"manifest": {"dataset": {"name": "few", "class_names": "ab"}}},
        {"manifest": {"dataset": {"name": "few", "class_names": [1, 2]}}},
        {"schema_version": "x" * 100_000},
        {"schema_version": 2},
        {"values": {"x": "y" * 100_000}},
    ],
    ids=lambda changes: str(changes)[:60],
)
def test_results_that_make_no_sense_are_refused(run, changes):
    edited(run, **changes)
    refused(run)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"null", b"[" * 100_000, b'{"values":' * 900 + b"1" + b"}" * 900]
)
def test_results_that_are_no_json_are_refused(run, content):
    (run / "results.json").write_bytes(content)
    refused(run)


def npz(folder, members, flags=0):
    with zipfile.ZipFile(folder / "arrays.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    if flags:
        content = bytearray((folder / "arrays.npz").read_bytes())
        content[content.rfind(b"PK\x01\x02") + 8] |= flags
        content[content.find(b"PK\x03\x04") + 6] |= flags
        (folder / "arrays.npz").write_bytes(content)


def header(**claims) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"fortran_order": False, **claims})
    return buffer.getvalue()


def test_arrays_that_lie_are_refused(run):
    good = io.BytesIO()
    np.save(good, np.arange(3))
    npz(run, {"a.npy": good.getvalue()}, flags=1)
    assert "encrypted" in refused(run)
    npz(run, {"a.npy": bytes(300_000_000)})
    assert "bomb" in refused(run)
    for claims in (
        {"descr": "<f8", "shape": (10**12,)},
        {"descr": "|O", "shape": (1,)},
        {"descr": "<M8[s]", "shape": ()},
    ):
        npz(run, {"a.npy": header(**claims) + bytes(8)})
        assert "not stored as it should be" in refused(run)
    (run / "arrays.npz").write_bytes(b"no archive")
    refused(run)
    (run / "arrays.npz").unlink()
    assert "there is no arrays.npz" in refused(run)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files")
def test_what_is_no_ordinary_file_is_not_waited_for(run):
    for name in ("arrays.npz", "results.json"):
        (run / name).unlink()
        os.mkfifo(run / name)
        assert "is a pipe" in refused(run)
        (run / name).unlink()
        (run / name).symlink_to("/dev/zero")
        assert "is a device" in refused(run)


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_a_crafted_run_is_no_traceback(run, words):
    """Whatever a report misses is one line."""
    rng = np.random.default_rng(0)
    for values in (
        {"errors.confusion": "x"},
        {"model.n": "many", "model.accuracy": [1]},
        {"detector.precision": {}},
    ):
        StudyResult(values, {"labels.test": rng.integers(0, 9, 5)}, {}, {}, MANIFEST).save(run)
        result = CliRunner().invoke(app, ["report", str(run), *words])
        assert result.exit_code == 0 or isinstance(result.exception, RunError)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files")
@pytest.mark.parametrize("name", ["arrays.npz", "results.json"])
def test_a_pipe_in_a_run_folder_is_not_waited_for(run, name):
    (run / name).unlink()
    os.mkfifo(run / name)
    assert "is a pipe, expected an ordinary file" in refused(run)
