"""Every image has a name that leads back to where it came from, and a hash that no size or fit changes."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from misread.data import joined, load
from misread.data.words import folder_name


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(8):
            pixels = rng.integers(0, 256, (12, 9), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / label / f"{number}.png")
    return tmp_path / "photos"


def every(dataset):
    return joined([dataset.train, dataset.test])


def test_a_folder_gives_paths(photos):
    dataset = load(photos)
    split = every(dataset)
    for name, label, image in zip(split.names, split.labels, split.images, strict=True):
        assert name.startswith(dataset.class_names[label])
        np.testing.assert_array_equal(np.asarray(Image.open(photos / name)), image)


@pytest.mark.parametrize("how", [{"size": 20}, {"fit": "mnist"}, {"size": 9, "fit": "pad", "invert": True}])
def test_hashes_and_names_stay_whatever_images_are_made_into(photos, how):
    plain, other = load(photos), load(photos, **how)
    for one, same in ((plain.train, other.train), (plain.test, other.test)):
        assert one.names.tolist() == same.names.tolist()
        np.testing.assert_array_equal(one.hashes, same.hashes)


def test_a_table_of_paths_gives_paths_one_of_pixels_its_rows(photos, tmp_path):
    files = sorted(photos.rglob("*.png"))
    (tmp_path / "t.csv").write_text(
        "file,label\n" + "".join(f"photos/{file.parent.name}/{file.name},{file.parent.name}\n" for file in files)
    )
    assert set(every(load(tmp_path / "t.csv")).names) == {f"photos/{f.parent.name}/{f.name}" for f in files}
    rows = [",".join(map(str, np.asarray(Image.open(file)).ravel()[:100])) for file in files]
    header = ",".join(["label", *(f"pixel{k}" for k in range(100))])
    lines = [f"{file.parent.name},{row}" for file, row in zip(files, rows, strict=True)]
    (tmp_path / "p.csv").write_text("\n".join([header, *lines]) + "\n")
    dataset = load(tmp_path / "p.csv")
    for name, image in zip(every(dataset).names, every(dataset).images, strict=True):
        file, number = name.rsplit(":", 1)
        assert file == "p.csv"
        cells = (tmp_path / file).read_text().splitlines()[int(number) - 1].split(",")[1:]
        np.testing.assert_array_equal(np.array(cells, np.uint8), image.ravel())


def test_arrays_and_named_sets_give_places(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (10, 5, 5), np.uint8)
    np.savez(
        tmp_path / "a.npz", x_train=images[:6], y_train=np.arange(6) % 2, x_test=images[6:], y_test=[0, 1, 0, 1]
    )
    dataset = load(tmp_path / "a.npz")
    assert dataset.test.names.tolist() == [f"x_test/{row}" for row in range(4)]
    assert load("digits").train.names[:2].tolist() == ["train/0", "train/1"]


def test_some_of_a_split(photos):
    split = load(photos).train
    some = split.take(np.array([2, 0]))
    assert some.names.tolist() == split.names[[2, 0]].tolist()
    np.testing.assert_array_equal(some.hashes, split.hashes[[2, 0]])


@pytest.mark.parametrize("name", ["é", "\udcc3\udca9"], ids=["UTF-8", "ASCII"])
def test_folders_are_called_alike_whatever_the_locale(name):
    """As a process sees the same folder that has UTF-8 for names of files, and one that has ASCII."""
    assert folder_name(Path(name)) == "é"
    assert folder_name(Path("\udcff")) == "\udcff"
