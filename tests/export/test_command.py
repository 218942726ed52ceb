"""`misread export` and `misread inspect` of what it wrote."""

import json
import re
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from misread.bundle import save
from misread.cli import app
from misread.errors import MisreadError

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

RUNNER = CliRunner()


def run(*words: object) -> str:
    result = RUNNER.invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def fails(*words: object) -> str:
    result = RUNNER.invoke(app, [str(word) for word in words])
    assert isinstance(result.exception, MisreadError), result.output
    assert "\n" not in str(result.exception)
    return str(result.exception)


@pytest.fixture(autouse=True)
def model(bundle_of, tmp_path, monkeypatch) -> Path:
    """A linear model in the current folder."""
    monkeypatch.chdir(tmp_path)
    save(bundle_of("sgd"), "m.misread")
    return tmp_path / "m.misread"


def test_an_exported_file_says_what_it_is_from_and_how_well_it_agrees(model):
    told = run("export", "m.misread", "--onnx", "m.onnx", "--data", "digits")
    assert "compared  on 360 test images, 300 training images and 100 of noise, by onnxruntime" in told
    assert "the same answers on all 760 images" in told
    said = json.loads(run("inspect", "m.onnx", "--json"))
    digest = sha256(model.read_bytes()).hexdigest()
    assert said["exported"]["kind"] == "an ONNX model"
    assert said["exported"]["model_sha256"] == digest
    assert said["exported"]["agreement"]["n_held_out"] == 360
    assert said["classes"] == json.loads(run("inspect", "m.misread", "--json"))["classes"]
    shown = run("inspect", "m.onnx")
    assert f"an ONNX model from m.misread, sha256 {digest}" in shown.replace("\n", "")
    assert "agrees    on 360 test images" in shown


def test_c_code_says_that_it_does_not_say_what_is_unlike():
    assert "unlike" not in run("inspect", "m.misread")
    run("train", "sgd", "digits", "--out", "u.misread")
    told = RUNNER.invoke(app, ["export", "u.misread", "--c", "u-c", "--data", "digits"]).output
    assert "note: the C code does not say `unlike`" in " ".join(told.split())
    shown = " ".join(run("inspect", "u-c").split())
    assert "unlike not in this file: it answers whatever it is shown" in shown
    assert json.loads(run("inspect", "u-c", "--json"))["unlike"]["reject_rate"] == 0.01


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "say what to write: --onnx OUT.onnx, --html OUT.html or --c DIR"),
        (
            ["--onnx", "there.onnx"],
            "there.onnx is there already, and it was not exported by misread; give another",
        ),
        (["--onnx", "nowhere/m.onnx"], "cannot write nowhere/m.onnx"),
    ],
)
def test_what_it_cannot_do_is_one_line(words, said, tmp_path):
    Path("there.onnx").write_text("mine")
    assert said in fails("export", "m.misread", *words)
    assert {one.name for one in tmp_path.iterdir()} == {"there.onnx", "m.misread"}
    assert Path("there.onnx").read_text() == "mine"


def test_the_same_model_may_be_written_again_another_not(bundle_of):
    run("export", "m.misread", "--onnx", "m.onnx")
    run("export", "m.misread", "--onnx", "m.onnx")
    save(bundle_of("sgd-scaled"), "other.misread")
    assert "from another model; give another name" in fails("export", "other.misread", "--onnx", "m.onnx")


def test_force_replaces_what_is_there():
    Path("there.onnx").write_text("mine")
    run("export", "m.misread", "--onnx", "there.onnx", "--force")
    assert b"misread" in Path("there.onnx").read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x08",
        b"\x08\x08",
        b"not onnx at all",
        b"\x72\xff\xff\xff\xff\x0f",
        b"\x72\x02",
        b"\x72\x04\x0a\x02ab",
    ],
)
def test_a_file_of_somebody_else_is_told_from_ours(content):
    Path("theirs.onnx").write_bytes(content)
    assert re.search("refused|damaged|does not say what it is from", fails("inspect", "theirs.onnx"))


@pytest.mark.parametrize("end", range(-2000, 0, 97))
def test_a_file_cut_short_is_damaged_or_says_the_same(end):
    run("export", "m.misread", "--onnx", "m.onnx")
    Path("cut.onnx").write_bytes(Path("m.onnx").read_bytes()[:end])
    fails("inspect", "cut.onnx")


def test_c_code_says_what_it_is_from_and_how_good_it_is(model):
    told = run("export", "m.misread", "--c", "c", "--data", "digits")
    said = json.loads(run("inspect", "c", "--json"))["exported"]
    assert said["kind"] == "C code"
    assert said["model_sha256"] == sha256(model.read_bytes()).hexdigest()
    assert said["accuracy"]["n"] == 360
    assert f"{said['accuracy']['right']} of these 360 answered rightly" in told
    assert "rounded   " in run("inspect", "c/misread.h")
    run("export", "m.misread", "--c", "c")
    Path("c/misread.c").unlink()
    Path("c/misread.h").write_text("int mine;")
    assert "is there already" in fails("export", "m.misread", "--c", "c")


@pytest.mark.parametrize(
    "text", ["", "int mine;", " * misread: {", " * misread: {}\n", ' * misread: {"manifest": 3}\n']
)
def test_a_header_of_somebody_else_is_told_from_ours(text):
    Path("theirs.h").write_text(text)
    assert re.search("damaged|does not say what it is from", fails("inspect", "theirs.h"))
