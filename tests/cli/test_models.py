"""The commands about models, from a folder of images to an answer."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from crafted import rewritten
from PIL import Image
from typer.testing import CliRunner

from misread.cli import app
from misread.data import load
from misread.errors import FormatError, MisreadError, ModelFileError, ParameterError

RUNNER = CliRunner()
MISREAD = str(Path(sys.executable).with_name("misread"))


def run(*words: object) -> str:
    """Standard output of a command that ends well."""
    result = RUNNER.invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def run_json(*words: object):
    return json.loads(run(*words, "--json"))


def fails(*words: object) -> MisreadError:
    result = RUNNER.invoke(app, [str(word) for word in words])
    assert isinstance(result.exception, MisreadError), result.output
    assert "\n" not in str(result.exception)
    return result.exception


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """Run folders that are not named go to runs/, below the current folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> Path:
    """Four hundred digits as PNG files, one folder per class."""
    folder = tmp_path_factory.mktemp("images")
    digits = load("digits")
    for i, (image, label) in enumerate(zip(digits.train.images[:400], digits.train.labels, strict=False)):
        (folder / digits.class_names[label]).mkdir(exist_ok=True)
        Image.fromarray(image).save(folder / digits.class_names[label] / f"{i:03}.png")
    return folder


@pytest.fixture(scope="module")
def model(images, tmp_path_factory) -> Path:
    """A detector of fives trained on that folder."""
    path = tmp_path_factory.mktemp("models") / "fives.misread"
    out = run("train", "sgd-scaled", images, "--positive", 5, "--precision", 0.9, "--out", path)
    assert "detects class 5" in out
    assert "90% of these are right" in out
    assert str(path) in out
    return path


def test_train_tells_what_it_wrote(images, tmp_path):
    told = run_json("train", "knn", images, "--param", "n_neighbors=3", "--out", tmp_path / "m.misread")
    assert told["task"] == "classification"
    assert told["params"] == {"n_neighbors": 3}
    assert told["command"].split()[:3] == ["misread", "train", "knn"]
    assert "--param n_neighbors=3" in told["command"]
    assert told["dataset"]["n_train"] + told["dataset"]["n_test"] == 400
    assert Path(told["file"]).is_file()


def test_evaluate_repeats_what_training_measured(model, images, tmp_path):
    inspected = run_json("inspect", model)
    values = run_json("evaluate", model, images, "--out", tmp_path / "run")["values"]
    assert values == {f"model.{name}": value for name, value in inspected["metrics"]["test"].items()}
    assert json.loads((tmp_path / "run" / "results.json").read_text())["values"] == values
    assert "promised" in run("evaluate", model, images)


def test_evaluate_ends_with_a_report(model, images, tmp_path):
    out = run("evaluate", model, images)
    page = Path("runs") / f"fives-on-{images.name}" / "report.html"
    assert out.splitlines()[-1] == f"written   {page}"
    assert page.stat().st_size > 10_000
    written = page.read_bytes()
    assert run("report", page.parent).strip() == str(page)
    assert page.read_bytes() == written
    told = run_json("evaluate", model, images, "--out", tmp_path / "run")
    assert told["report"] == str(tmp_path / "run" / "report.html")


def test_predict_in_words_and_as_json(model, images):
    files = [*sorted((images / "5").iterdir())[:3], *sorted((images / "0").iterdir())[:3]]
    answers = run_json("predict", model, *files)
    assert [answer["image"] for answer in answers] == [str(file) for file in files]
    assert sum(answer["positive"] for answer in answers[:3]) >= 2
    assert not any(answer["positive"] for answer in answers[3:])
    assert set(answers[0]["scores"]) == {"5"}
    assert f"{files[3]}: not 5" in run("predict", model, files[3])


def test_threshold_changes_the_file_in_place(model, images, tmp_path):
    path = tmp_path / "copy.misread"
    path.write_bytes(model.read_bytes())
    before = run_json("inspect", path)["operating_point"]
    run("threshold", path, "--recall", 0.99)
    after = run_json("inspect", path)["operating_point"]
    assert (before["aim"], after["aim"]) == ("precision", "recall")
    assert after["threshold"] < before["threshold"]
    assert isinstance(fails("threshold", path), ParameterError)


def test_export_is_compared_on_images_that_the_model_has_not_seen(model, images, tmp_path):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    alone = RUNNER.invoke(app, ["export", str(model), "--onnx", "a.onnx"], catch_exceptions=False)
    also = run("export", model, "--onnx", tmp_path / "b.onnx", "--data", images)
    n_alone, n_also = (int(told.split()[-2].replace(",", "")) for told in (alone.stdout, also))
    n_test = run_json("inspect", model)["dataset"]["n_test"]
    assert n_also == n_alone + n_test
    assert "on no held-out images: --data" in alone.stderr
    assert f"compared  on {n_test} test images, " in also


def test_export_of_a_model_of_a_named_set_finds_its_test_images(tmp_path):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    run("train", "sgd", "--out", "digits.misread")
    assert "on 360 test images, 500 training images" in run("export", "digits.misread", "--onnx", "a.onnx")


def test_several_labels_and_denoising(images, tmp_path):
    labels = tmp_path / "labels.csv"
    labels.write_text("class,odd\n" + "".join(f"{digit},{digit % 2}\n" for digit in range(10)))
    odd = tmp_path / "odd.misread"
    run("train", "forest", images, "--labels", labels, "--param", "n_estimators=10", "--out", odd)
    file = next((images / "3").iterdir())
    assert run_json("predict", odd, file)[0]["labels"] == {"odd": True}
    assert "F1 of 'odd'" in run("evaluate", odd, images, "--labels", labels)
    assert isinstance(fails("evaluate", odd, images), ParameterError)

    clean = tmp_path / "clean.misread"
    run("train", "knn", images, "--denoise", "--out", clean)
    run("denoise", clean, file, "--out", tmp_path / "c.png")
    with Image.open(tmp_path / "c.png") as image:
        assert image.size == (8, 8)
    assert isinstance(fails("predict", clean, file), ParameterError)
    assert isinstance(fails("denoise", odd, file), ParameterError)


def test_tune_says_how_to_train(images):
    tuned = run_json("tune", "knn", images, "--grid", "n_neighbors=1,3", "--folds", 3)
    assert tuned["best_score"] == max(one["mean"] for one in tuned["grid"])
    out = run("tune", "knn", images, "--grid", "n_neighbors=1,3", "--folds", 3)
    assert f"--param n_neighbors={tuned['best_params']['n_neighbors']}" in out


def test_models_lists_the_zoo():
    assert {"sgd", "sgd-scaled", "forest", "svc", "svc-ovr", "knn"} <= {one["name"] for one in run_json("models")}
    assert "nearest images" in run("models")


def test_inspect_does_not_steer_the_terminal(images, tmp_path):
    path = tmp_path / "m.misread"
    run("train", "knn", images, "--out", path)
    rewritten(path, path, document=lambda old: {**old, "command": "\x1b[31mred\x07"})
    assert r"\x1b[31mred\x07" in run("inspect", path)


def test_what_goes_wrong_is_one_line(model, images, tmp_path):
    text = tmp_path / "text.png"
    text.write_text("no image")
    assert isinstance(fails("predict", model, text), FormatError)
    assert str(text) in str(fails("predict", model, text))
    assert isinstance(fails("predict", text, text), ModelFileError)
    assert isinstance(fails("inspect", tmp_path / "none.misread"), ModelFileError)
    assert isinstance(fails("train", "nope", images), ParameterError)
    assert isinstance(fails("train", "knn", images, "--param", "n_neighbors"), ParameterError)
    assert isinstance(fails("train", "knn", images, "--out", tmp_path), ParameterError)


def shell(*words: object, **options):
    return subprocess.run([MISREAD, *map(str, words)], capture_output=True, timeout=300, check=False, **options)


def test_from_a_pipe_and_on_the_shell(model, images):
    content = next((images / "5").iterdir()).read_bytes()
    done = shell("predict", model, "-", "--json", input=content)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["image"] == "-"
    empty = shell("predict", model, "-", input=b"")
    assert (empty.returncode, empty.stdout) == (2, b"")
    assert empty.stderr.startswith(b"error: expected one image")
    assert empty.stderr.count(b"\n") == 1
    missing = shell("evaluate", "none.misread", images)
    assert missing.returncode == 1
    assert b"Traceback" not in missing.stderr


def test_photos_of_any_size_are_fitted(model, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (300, 200, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG")
    (tmp_path / "photo.jpg").write_bytes(buffer.getvalue())
    assert len(run_json("predict", model, tmp_path / "photo.jpg")) == 1
