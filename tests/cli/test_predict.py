"""`misread predict` takes whatever holds images, and one that cannot be read ends nothing."""

import csv
import json
import os
import tracemalloc

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from misread.bundle import asking
from misread.bundle import load as load_bundle
from misread.cli import app, begun, predict
from misread.cli.predicted import write_table
from misread.data import load
from misread.data.readers.idx import write_idx
from misread.errors import DataError, FormatError, ParameterError

N = 30
DIGITS = load("digits").test.images[:N]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.misread"
    done = CliRunner().invoke(app, ["train", "knn", "digits", "--out", str(path)])
    assert done.exit_code == 0, done.output
    return path


@pytest.fixture
def run(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, ["predict", str(model), *map(str, words)])


@pytest.fixture(scope="module")
def expected(model):
    return load_bundle(model).answer(DIGITS).names


def rows(path, *, header=None, before=()):
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        if header:
            writer.writerow(header)
        writer.writerows([*(column[i] for column in before), *image.ravel()] for i, image in enumerate(DIGITS))


PIXELS = [f"pixel{i}" for i in range(64)]


def kaggle(path):
    rows(path / "set.csv", header=PIXELS)


def nameless(path):
    rows(path / "set.csv")


def with_index(path):
    rows(path / "set.csv", header=["id", *PIXELS], before=[range(N)])


def labelled(path):
    rows(path / "set.csv", header=["label", *PIXELS], before=[[i % 10 for i in range(N)]])


def named_files(path):
    pictures(path, path / "pictures")
    names = "".join(f"pictures/{i}.png\n" for i in range(N))
    (path / "set.csv").write_text(f"filename\n{names}")


def pictures(path, folder=None):
    folder = folder or path / "set"
    (folder / "sub").mkdir(parents=True)
    for i, image in enumerate(DIGITS):
        Image.fromarray(image).save(
            (folder if i < 12 or folder.name == "pictures" else folder / "sub") / f"{i}.png"
        )


def parquet(path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet as files

    table = pyarrow.table({name: DIGITS.reshape(N, 64)[:, i] for i, name in enumerate(PIXELS)})
    files.write_table(table, path / "set.parquet")


SOURCES = [
    kaggle,
    nameless,
    with_index,
    labelled,
    named_files,
    pictures,
    parquet,
    lambda path: np.savez(path / "set.npz", x_test=DIGITS),
    lambda path: np.savez(path / "set.npz", images=DIGITS, labels=np.arange(N)),
    lambda path: np.savez(path / "set.npz", DIGITS / 255),
    lambda path: np.save(path / "set.npy", DIGITS),
    lambda path: write_idx(path / "set-images-idx3-ubyte", DIGITS),
]


@pytest.mark.parametrize("write", SOURCES)
def test_every_source_is_answered_in_its_order(write, run, tmp_path, expected):
    write(tmp_path)
    source = next(path for path in tmp_path.iterdir() if path.name.startswith("set"))
    result = run(source.name, "--json")
    assert result.exit_code == 0, result.exception
    answers = json.loads(result.stdout)
    assert [answer["answer"] for answer in answers] == expected
    assert len({answer["image"] for answer in answers}) == N
    assert all(answer["image"].startswith(source.name) for answer in answers)


def test_what_cannot_be_read_is_named_at_the_end(run, tmp_path):
    pictures(tmp_path)
    (tmp_path / "set" / "bad \x1b[2J.png").write_text("no image")
    (tmp_path / "set" / "worse.png").write_bytes(b"\x89PNG")
    result = run("set", "no-such.png")
    assert isinstance(result.exception, FormatError)
    assert "3 of 33 images cannot be read" in str(result.exception)
    assert len(result.stdout.splitlines()) == N
    left_out = [line for line in result.stderr.splitlines() if line.startswith("! left out")]
    assert len(left_out) == 3
    assert "\x1b" not in result.stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files")
def test_a_pipe_is_named_once(run, tmp_path):
    os.mkfifo(tmp_path / "f.png")
    assert str(run("f.png").exception).startswith("f.png: is a pipe, expected an ordinary file")


def test_one_row_of_a_table_that_is_damaged(run, tmp_path):
    kaggle(tmp_path)
    text = (tmp_path / "set.csv").read_text().splitlines()
    text[3] = text[3].replace("0,", "x,", 1)
    (tmp_path / "set.csv").write_text("\n".join(text))
    result = run("set.csv")
    assert "row 4" in str(result.exception)
    assert len(result.stdout.splitlines()) == N - 1


def test_a_table_of_answers(run, tmp_path, expected):
    pictures(tmp_path)
    (tmp_path / "=1+1.png").write_bytes((tmp_path / "set" / "0.png").read_bytes())
    assert run("set", "=1+1.png", "--out", "a.csv").exit_code == 0
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as stream:
        written = list(csv.DictReader(stream))
    assert [row["answer"] for row in written] == [*expected, expected[0]]
    assert written[-1]["name"] == "'=1+1.png"
    assert {"name", "answer", "state", "probability:0"} <= set(written[0])
    assert run("set", "=1+1.png", "--out", "a.csv").exit_code == 0
    assert "another content" in str(run("set", "--out", "a.csv").exception)
    assert run("set", "--out", "a.csv", "--force").exit_code == 0
    assert isinstance(run("set", "--out", "a.xlsx").exception, ParameterError)


def test_a_parquet_table_of_answers(run, tmp_path, expected):
    parquet = pytest.importorskip("pyarrow.parquet")
    pictures(tmp_path)
    assert run("set", "--out", "a.parquet").exit_code == 0
    assert parquet.read_table(tmp_path / "a.parquet").column("answer").to_pylist() == expected


def many(path, n):
    path.mkdir()
    for i in range(n):
        Image.fromarray(DIGITS[i % N]).save(path / f"{i}.bmp")


@pytest.fixture
def put_away_at_once(monkeypatch):
    monkeypatch.setattr(begun, "_SECONDS", -1.0)
    monkeypatch.setattr(asking, "BATCH", 8)


@pytest.mark.parametrize("ended", [KeyboardInterrupt, "killed"])
def test_a_long_run_goes_on_where_it_ended(run, tmp_path, expected, monkeypatch, put_away_at_once, ended):
    """After Ctrl-C, or a kill in the middle of a line, few are asked about twice, and the table is the same."""
    many(tmp_path / "set", 60)
    (tmp_path / "set" / "3.bmp").write_text("no image")
    assert isinstance(run("set", "--out", "whole.csv").exception, FormatError)
    asked, answers = [], predict._said

    def some_answers(bundle, some, *more):
        asked.extend(some)
        if len(asked) > 24:
            raise KeyboardInterrupt
        return answers(bundle, some, *more)

    with monkeypatch.context() as patched:
        patched.setattr(predict, "_said", some_answers)
        run("set", "--out", "a.csv")
    kept = tmp_path / "a.csv.unfinished"
    assert len(kept.read_text().splitlines()) == 1 + 24
    assert not (tmp_path / "a.csv").exists()
    if ended == "killed":
        kept.write_bytes(kept.read_bytes()[:-5])
    asked.clear()
    monkeypatch.setattr(
        predict, "_said", lambda bundle, some, *more: asked.extend(some) or answers(bundle, some, *more)
    )
    done = run("set", "--out", "a.csv")
    assert str(done.exception).startswith("set/3.bmp: ")
    assert f"going on after {24 - (ended == 'killed')} answers" in done.stderr
    assert len(asked) == 60 - 24 + (ended == "killed")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert not kept.exists()


def test_nobody_goes_on_with_anothers_run(run, model, tmp_path, monkeypatch, put_away_at_once):
    many(tmp_path / "set", 30)
    (tmp_path / "taken.csv").write_text("mine")
    assert "another content" in str(run("set", "--out", "taken.csv").exception)
    kept = tmp_path / "taken.csv.unfinished"
    assert len(kept.read_text().splitlines()) == 31
    assert "read in another way" in str(run("set", "--path-column", "x", "--out", "taken.csv").exception)
    (tmp_path / "set" / "5.bmp").unlink()
    assert "image 6 was set/5.bmp, not set/6.bmp" in str(run("set", "--out", "taken.csv").exception)
    kept.write_text(kept.read_text().replace("image", "imagine", 1))
    assert "line 2 is damaged" in str(run("set", "--out", "taken.csv").exception)
    assert (tmp_path / "taken.csv").read_text() == "mine"
    kept.unlink()
    assert run("set", "--out", "taken.csv", "--force").exit_code == 0
    assert not kept.exists()


def test_folders_without_images(run, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "no images found" in str(run("empty").exception)
    np.savez(tmp_path / "two.npz", a=DIGITS, b=DIGITS)
    assert "expected images" in str(run("two.npz").exception)
    assert isinstance(run("two.npz", "empty").exception, DataError)


def test_what_is_unlike_all_that_it_learnt_is_said_in_every_form(run, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    assert "(unlike anything it learnt)" in run("noise.png").stdout
    (said,) = json.loads(run("noise.png", "--json").stdout)
    assert (said["state"], said["sure"]) == ("unlike", False)
    assert run("noise.png", "--out", "a.csv").exit_code == 0
    with open(tmp_path / "a.csv", newline="") as stream:
        assert [row["state"] for row in csv.DictReader(stream)] == ["unlike"]


def test_how_many_are_called_unlike_is_measured_and_a_wrong_rate_is_refused(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(app, ["inspect", str(model)]).stdout
    assert "unlike    what is less like all it learnt than 1% of 1,437 held-out images are" in shown
    done = CliRunner().invoke(app, ["evaluate", str(model), "digits", "--out", "run"])
    assert "of them unlike the training images" in " ".join(done.output.split())
    assert "Called unlike" in (tmp_path / "run" / "report.html").read_text()
    failed = CliRunner().invoke(app, ["train", "knn", "digits", "--reject-rate", "0.5"])
    assert isinstance(failed.exception, ParameterError)
    assert "from 0 (none) to below 0.5, not 0.5" in str(failed.exception)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_writing_many_answers_takes_as_much_memory_as_few(tmp_path, suffix):
    def peak(n):
        scores = {"0": 0.25, "1": 0.75}
        answers = ({"image": f"{i}.png", "answer": "1", "state": "sure", "scores": dict(scores)} for i in range(n))
        tracemalloc.start()
        write_table(tmp_path / f"{n}.{suffix}", answers, force=False)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(34_000) < 1.3 * peak(17_000)


def test_a_folder_of_arrays_is_its_images(run, tmp_path):
    (tmp_path / "set").mkdir()
    np.save(tmp_path / "set" / "x_test.npy", DIGITS)
    np.save(tmp_path / "set" / "y_test.npy", np.arange(N))
    done = run("set", "--json")
    assert done.exception is None
    assert len(json.loads(done.stdout)) == N
