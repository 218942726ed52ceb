"""Nothing is overwritten that another data set or model made; what cannot be written is said before the work."""

import json
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from misread.cli import app
from misread.cli.outputs import named_after
from misread.errors import MisreadError


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def good(*words):
    result = run(*words)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def refused(*words):
    result = run(*words)
    assert isinstance(result.exception, MisreadError), result.output
    return str(result.exception)


@pytest.fixture
def sets(tmp_path, monkeypatch):
    """Two tables of one name in two folders, and two folders of images whose names differ after a dot."""
    monkeypatch.chdir(tmp_path)
    for seed, (table, folder) in enumerate((("a", "v1.2"), ("b", "v1.3"))):
        rng = np.random.default_rng(seed)
        images = [rng.integers(100 * (i % 2), 100 * (i % 2) + 100, (4, 4), np.uint8) for i in range(30)]
        (tmp_path / table).mkdir()
        rows = [",".join(map(str, [f"c{i % 2}", *image.ravel()])) for i, image in enumerate(images)]
        header = "label," + ",".join(f"pixel{i}" for i in range(16))
        (tmp_path / table / "test.csv").write_text("\n".join([header, *rows]) + "\n")
        for i, image in enumerate(images):
            (tmp_path / folder / f"c{i % 2}").mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(tmp_path / folder / f"c{i % 2}" / f"{i}.png")
    return tmp_path


def test_names(sets):
    assert [named_after(data) for data in ("v1.2", "v1.3/", "a/test.csv", "digits", "a/..")] == [
        "v1.2",
        "v1.3",
        "test",
        "digits",
        sets.name,
    ]


def test_models_and_runs_of_folders_do_not_collide(sets):
    for folder in ("v1.2", "v1.3"):
        good("train", "knn", folder)
        good("evaluate", f"{folder}-knn.misread", folder)
    assert {path.name for path in sets.glob("*.misread")} == {"v1.2-knn.misread", "v1.3-knn.misread"}
    assert {path.name for path in (sets / "runs").iterdir()} == {
        "v1.2-knn-on-v1.2",
        "v1.3-knn-on-v1.3",
    }


def test_what_another_set_or_model_made_stays(sets):
    good("train", "knn", "a/test.csv")
    good("train", "knn", "a/test.csv", "--param", "n_neighbors=1")
    before = (sets / "test-knn.misread").read_bytes()
    assert "holds a model of other data (test)" in refused("train", "knn", "b/test.csv")
    assert "holds another model (knn for classification)" in refused(
        "train", "sgd", "a/test.csv", "--out", "test-knn.misread"
    )
    assert "another model" in refused("train", "knn", "a/test.csv", "--positive", "c1")
    assert "no model file" in refused("train", "knn", "a/test.csv", "--out", "b/test.csv")
    assert (sets / "test-knn.misread").read_bytes() == before
    good("train", "knn", "b/test.csv", "--force")
    assert (sets / "test-knn.misread").read_bytes() != before


def test_runs_of_evaluate(sets):
    good("train", "knn", "v1.2", "--out", "m.misread")
    shutil.copytree("v1.3", "other/v1.2")
    good("evaluate", "m.misread", "v1.2")
    good("evaluate", "m.misread", "v1.2")
    assert "results on other data" in refused("evaluate", "m.misread", "other/v1.2")
    good("train", "sgd", "v1.2", "--out", "a/m.misread")
    assert "another model (m.misread)" in refused("evaluate", "a/m.misread", "v1.2")
    good("evaluate", "a/m.misread", "v1.2", "--force")
    (sets / "study").mkdir()
    (sets / "study" / "results.json").write_text(json.dumps({"manifest": {"dataset": {}}}))
    assert "holds a study" in refused("evaluate", "m.misread", "v1.2", "--out", "study")


def test_the_other_commands_that_write(sets):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    good("data", "show", "v1.2", "--out", "sheet.png")
    good("data", "show", "v1.2", "--out", "sheet.png")
    assert "another content" in refused("data", "show", "v1.3", "--out", "sheet.png")
    good("data", "show", "v1.3", "--out", "sheet.png", "--force")
    for model in ("sgd", "sgd-scaled"):
        good("train", model, "v1.2", "--out", f"{model}.misread")
    good("export", "sgd.misread", "--onnx", "m.onnx")
    good("export", "sgd.misread", "--onnx", "m.onnx")
    assert "another model" in refused("export", "sgd-scaled.misread", "--onnx", "m.onnx")
    assert "another model" in refused(
        "threshold", "sgd.misread", "--precision", "0.5", "--out", "sgd-scaled.misread"
    )
    good("threshold", "sgd.misread", "--precision", "0.5", "--out", "new.misread")
    good("threshold", "sgd.misread", "--precision", "0.6", "--out", "new.misread")
    good("ladder", "v1.2", "--models", "knn", "--out", "ladder")
    good("ladder", "v1.2", "--models", "knn", "--out", "ladder")
    assert "the ladder of other data (v1.2)" in refused("ladder", "v1.3", "--models", "knn", "--out", "ladder")
    good("train", "knn", "v1.2", "--denoise", "--out", "clean.misread")
    good("denoise", "clean.misread", "v1.2/c0/0.png")
    assert "another content" in refused("denoise", "clean.misread", "v1.3/c0/0.png")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "knn", "--out", "no/such/m.misread"], "there is no folder no/such"),
        (["train", "knn", "--out", "v1.2"], "is a folder"),
        (["train", "knn", "--out", "/dev/null"], "no ordinary file"),
        (["data", "show", "--out", "no/sheet.png"], "there is no folder no"),
        (["ladder", "--out", "a/test.csv/run"], "a/test.csv is a file"),
        (["study", "--out", "a/test.csv"], "is a file"),
        (["study", "--model", "kmn"], "no model is called 'kmn'; did you mean knn?"),
        (["train", "kmn"], "did you mean knn?"),
        (["tune", "knn", "--grid", "n_neighbor=1,2"], "did you mean n_neighbors?"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_read(words, said, sets, monkeypatch):
    before = sorted(sets.rglob("*"))
    for module in ("train", "ladder", "study", "data"):
        monkeypatch.setattr(f"misread.cli.{module}.load_with_progress", None)
    assert said in refused(*words)
    assert sorted(sets.rglob("*")) == before


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to send")
@pytest.mark.parametrize(
    "words",
    [
        ["train", "forest", "--param", "n_estimators=100000", "--out", "m.misread"],
        ["tune", "forest", "--grid", "n_estimators=100000"],
        ["study", "noise.npz", "--out", "run"],
    ],
    ids=lambda words: words[0],
)
def test_an_interrupted_command_says_so_in_one_line(words, tmp_path):
    rng = np.random.default_rng(0)  # so much noise that no machine has studied it when Ctrl-C comes
    images = rng.integers(0, 256, (20_000, 28, 28), dtype=np.uint8)
    np.savez(tmp_path / "noise.npz", X=images, y=rng.integers(0, 10, 20_000))
    process = subprocess.Popen(
        [sys.executable, "-m", "misread", *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        time.sleep(8)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert out == ""
    assert err.splitlines()[-1].startswith("error: stopped by Ctrl-C")
    assert "Traceback" not in err
    assert not list(tmp_path.rglob("*.misread")) + list(tmp_path.rglob("*.part"))


def test_judge_and_compare(sets):
    good("train", "knn", "v1.2", "--out", "m.misread")
    good("train", "sgd", "v1.2", "--out", "n.misread")
    good("train", "sgd", "v1.2", "--out", "a/n.misread")
    good("compare", "m.misread", "n.misread", "--data", "v1.2")
    good("compare", "m.misread", "n.misread", "--data", "v1.2")
    assert "another command" in refused("compare", "m.misread", "a/n.misread", "--data", "v1.2")
    good("predict", "m.misread", "v1.2", "--out", "v1.2.csv")
    (sets / "runs" / "answers").mkdir(parents=True)
    (sets / "runs" / "answers" / "results.json").write_text(json.dumps({"manifest": {"dataset": {}}}))
    (sets / "answers.csv").write_text("name,label,answer\n" + "".join(f"{i},c{i % 2},c0\n" for i in range(20)))
    assert "holds other results" in refused("judge", "answers.csv")
    good("judge", "answers.csv", "--force")
    good("judge", "answers.csv")
