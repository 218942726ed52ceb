"""Folders of images: order, classes, splits, errors that are named, and MNIST written out as files."""

import tracemalloc

import numpy as np
import pytest
from PIL import Image

from misread.data import load
from misread.data.labels import read_labels
from misread.errors import DataError, ParameterError
from misread.images.picture import read_grey
from misread.recipes.train import train
from misread.tasks import class_code


def save(path, grey):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(grey, np.uint8)).save(path)


def level(value, shape=(4, 4)):
    return np.full(shape, value, np.uint8)


def by_name(dataset):
    parts = (dataset.train, dataset.test)
    return {name: image.tobytes() for part in parts for name, image in zip(part.names, part.images, strict=True)}


def levels(split):
    return split.images[:, 0, 0].tolist()


@pytest.fixture
def plain(tmp_path):
    """Ten images of each of three classes, 0.png to 29.png, the grey level telling the number."""
    for number in range(30):
        save(tmp_path / f"class{number % 3}" / f"{number}.png", level(number * 8))
    return tmp_path


def test_train_and_test_folders(tmp_path):
    for number in range(12):
        save(tmp_path / "train" / "ba"[number % 2] / f"{number}.png", level(number))
    save(tmp_path / "test" / "b" / "0.png", level(99))
    dataset = load(tmp_path)
    assert levels(dataset.train) == list(range(12))
    assert levels(dataset.test) == [99]
    assert dataset.class_names == ("a", "b")
    assert dataset.train.labels.tolist() == [1, 0] * 6
    assert dataset.licence == "unknown"


@pytest.mark.parametrize("folders", [("train", "test"), ("training", "Validation"), ("train",)])
def test_folders_of_a_split_are_no_classes(tmp_path, folders):
    for number in range(12):
        save(tmp_path / folders[number % len(folders)] / f"{number}.png", level(number))
    (tmp_path / "train" / "metadata.csv").write_text("file_name,label\n") if "train" in folders else None
    with pytest.raises(DataError, match=f"{folders[0]}/.*no class; expected a folder for each class") as error:
        load(tmp_path)
    assert ("metadata.csv" in str(error.value)) == ("train" in folders)


def test_a_class_may_be_called_train(tmp_path):
    for number in range(12):
        save(tmp_path / ("train", "car")[number % 2] / f"{number}.png", level(number))
    assert load(tmp_path).class_names == ("car", "train")


def test_a_reason_is_said_once(plain):
    for number in range(3, 9):
        (plain / "class0" / f"bad{number}.png").write_bytes(b"none")
    with pytest.raises(DataError) as error:
        load(plain)
    assert str(error.value).count("not an image") == 1
    assert "bad8.png" in str(error.value)


def test_ties_go_by_class(tmp_path):
    for folder, value in (("c10", 10), ("c9", 9), ("c1", 1)):
        save(tmp_path / "train" / folder / "same.png", level(value))
        save(tmp_path / "test" / folder / "same.png", level(value))
    dataset = load(tmp_path)
    assert dataset.class_names == ("c1", "c9", "c10")
    assert levels(dataset.train) == [1, 9, 10]


def test_a_split_is_chosen_when_none_is_given(plain):
    first, second = load(plain), load(plain)
    assert len(first.train) + len(first.test) == 30
    assert set(np.bincount(first.test.labels)) <= {1, 2, 3}
    assert first.sha256 == second.sha256
    assert "20% of every class chosen for testing" in first.source
    assert sorted(levels(first.train) + levels(first.test)) == [number * 8 for number in range(30)]
    assert levels(first.train) == sorted(levels(first.train))


def test_train_alone_is_split(tmp_path):
    for number in range(10):
        save(tmp_path / "train" / "a" / f"{number}.png", level(number))
        save(tmp_path / "train" / "b" / f"{number}.png", level(number + 100))
    assert 2 <= len(load(tmp_path).test) <= 6


def test_a_growing_folder_keeps_its_test_images(tmp_path):
    """Added, removed and renamed images change nothing for the others."""
    rng = np.random.default_rng(3)
    for label in "ab":
        for number in range(60):
            save(tmp_path / label / f"{number}.png", rng.integers(0, 256, (6, 6), np.uint8))
    before = load(tmp_path)
    save(tmp_path / "a" / "0-new.png", rng.integers(0, 256, (6, 6), np.uint8))
    (tmp_path / "a" / "7.png").unlink()
    (tmp_path / "b" / "3.png").rename(tmp_path / "b" / "99.png")
    after = load(tmp_path)
    old, new = ({image.tobytes() for image in dataset.train.images} for dataset in (before, after))
    assert len(new - old) <= 1
    assert not old & {image.tobytes() for image in after.test.images}


def test_what_lies_beside_train_is_told(tmp_path):
    for number in range(20):
        save(tmp_path / "train" / "ab"[number % 2] / f"{number}.png", level(number))
        save(tmp_path / "val" / "ab"[number % 2] / f"{number}.png", level(number))
    (tmp_path / "README.txt").write_text("hello")
    (tmp_path / ".hidden").mkdir()
    notes = load(tmp_path).notes
    assert "ignored 1 x file beside train" in notes
    assert not any(".hidden" in note for note in notes)
    save(tmp_path / "Test" / "0.png", level(9))
    (flat,) = [note for note in load(tmp_path).notes if "folder Test" in note]
    assert flat.startswith("ignored 1 x folder Test without a folder for each class")
    save(tmp_path / "Test" / "a" / "0.png", level(9))
    dataset = load(tmp_path)
    assert (len(dataset.train), len(dataset.test)) == (20, 1)
    assert "ignored 1 x folder val beside train" in dataset.notes
    assert "ignored 1 x file outside the class folders" in dataset.notes


@pytest.mark.parametrize("inside", ["images/0.png", "unlabelled/a/0.png"])
def test_images_for_testing_without_a_class_are_left_out(tmp_path, inside):
    """As Kaggle's are: one folder that is no class of the training images, or folders deeper down."""
    for number in range(20):
        save(tmp_path / "train" / "ab"[number % 2] / f"{number}.png", level(number))
    save(tmp_path / "test" / inside, level(9))
    dataset = load(tmp_path)
    assert dataset.class_names == ("a", "b")
    assert len(dataset.train) + len(dataset.test) == 20 > len(dataset.train)
    assert "ignored 1 x folder test without a folder for each class" in dataset.notes
    save(tmp_path / "val" / "a" / "0.png", level(9))
    assert (len(load(tmp_path).train), len(load(tmp_path).test)) == (20, 1)


def test_a_folder_without_images_is_said(tmp_path):
    for number in range(4):
        save(tmp_path / "ab"[number % 2] / f"{number}.png", level(number))
    (tmp_path / "c").mkdir()
    (tmp_path / ".git").mkdir()
    notes = [note for note in load(tmp_path).notes if note.startswith("ignored")]
    assert notes == ["ignored 1 x folder without images (c)"]


@pytest.mark.parametrize("name", ["val", "valid", "validation", "Dev"])
def test_validation_is_the_test_where_there_is_no_other(tmp_path, name):
    """As Parquet files are read."""
    for number in range(20):
        save(tmp_path / "train" / "ab"[number % 2] / f"{number}.png", level(number))
    save(tmp_path / name / "a" / "0.png", level(30))
    dataset = load(tmp_path)
    assert (len(dataset.train), len(dataset.test)) == (20, 1)
    said = f"no folder is for testing: the images for validation are the test images ({name})"
    assert dataset.notes[0] == said
    save(tmp_path / "test" / "b" / "0.png", level(40))
    dataset = load(tmp_path)
    assert dataset.test.images.max() == 40
    assert f"ignored 1 x folder {name} beside train" in dataset.notes


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("training", "testing"),
        ("Train", "TEST"),
        ("mnist_train", "mnist_test"),
        ("trainset", "testset"),
        ("seg_train", "seg_test2"),
    ],
)
def test_folders_whose_names_say_it(tmp_path, train, test):
    for number in range(10):
        save(tmp_path / train / "ab"[number % 2] / f"{number}.png", level(number))
    save(tmp_path / test / "a" / "0.png", level(99))
    dataset = load(tmp_path)
    assert (len(dataset.train), levels(dataset.test), dataset.notes) == (10, [99], ())


def test_what_is_odd_about_a_folder_is_said(tmp_path):
    for number in range(12):
        save(tmp_path / ("Cat", "cat ", "A", "a")[number % 4] / f"{number}.png", level(number * 20))
    (tmp_path / "a" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    notes = load(tmp_path).notes
    assert (
        "classes whose names differ in case, width, spaces or leading zeros alone: 'Cat' and 'cat '; are they one?"
        in notes
    )
    assert "ignored 1 x link to a file that is not there (gone.png)" in notes


def test_classes_whose_images_lie_deeper_are_not_taken_for_sets(tmp_path):
    for number in range(6):
        save(tmp_path / f"class{number % 2}" / "more" / f"{number}.png", level(number))
    with pytest.raises(DataError, match=r"found class0/, class1/ with folders of images in each: give one"):
        load(tmp_path)


def test_files_of_other_types_are_counted_in_class_folders_too(tmp_path):
    for number in range(6):
        (tmp_path / f"class{number % 2}").mkdir(exist_ok=True)
        (tmp_path / f"class{number % 2}" / f"{number}.gif").write_bytes(b"GIF89a")
    with pytest.raises(DataError, match=r"found class./, class./, 6 .gif"):
        load(tmp_path)


def test_folders_that_could_both_be_it(tmp_path):
    for name in ("training", "train_more"):
        save(tmp_path / name / "a" / "0.png", level(9))
    with pytest.raises(DataError, match=r"folders train_more, training could each hold the training images"):
        load(tmp_path)
    save(tmp_path / "train" / "a" / "0.png", level(9))
    assert len(load(tmp_path).train) == 1


def test_classes_are_not_splits(tmp_path):
    """Trains are a class, and so are latest tests."""
    for number in range(10):
        save(tmp_path / ("train", "latest", "bus")[number % 3] / f"{number}.png", level(number))
    assert load(tmp_path).class_names == ("bus", "latest", "train")


def test_letters_however_they_are_composed(tmp_path):
    """A folder from macOS and one from Linux are one class, and a name finds it in either form."""
    apart, as_one = "e\u0301", "\u00e9"
    for number in range(4):
        save(tmp_path / "train" / (apart, "b")[number % 2] / f"{number}.png", level(number))
    save(tmp_path / "test" / as_one / "0.png", level(99))
    dataset = load(tmp_path)
    assert dataset.class_names == ("b", as_one)
    for name in (apart, as_one):
        assert class_code(dataset, name) == 1
        (tmp_path / "labels.csv").write_text(f"class,round\nb,0\n{name},1\n", "utf-8")
        assert read_labels(tmp_path / "labels.csv").table(dataset.class_names).tolist() == [[0], [1]]


def test_sizes(plain):
    assert load(plain).shape == (4, 4)
    assert load(plain, size=9).shape == (9, 9)
    assert load(plain, fit="mnist").shape == (28, 28)
    save(plain / "class0" / "large.png", level(5, (40, 30)))
    mixed = load(plain)
    assert mixed.shape == (28, 28)
    assert "28x28" in mixed.notes[0]


def test_large_images_of_one_size_are_reduced(tmp_path):
    for number in range(4):
        save(tmp_path / "ab"[number % 2] / f"{number}.png", level(number, (300, 400)))
    assert load(tmp_path).shape == (28, 28)


def test_mixed_formats_read_alike(tmp_path):
    for index, suffix in enumerate(("png", "bmp", "tif", "webp", "jpg", "JPEG", "tiff")):
        save(tmp_path / "a" / f"{index}.{suffix}", level(200, (16, 16)))
        save(tmp_path / "b" / f"{index}.{suffix}", level(10, (16, 16)))
    dataset = load(tmp_path)
    assert len(dataset.train) + len(dataset.test) == 14
    assert set(levels(dataset.train)) == {200, 10}


def test_unreadable_files_stop_or_are_skipped_by_name(plain):
    (plain / "class1" / "7.png").write_bytes(b"not an image")
    (plain / "class2" / "8.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"class1/7.png, class2/8.png: not an image.*--on-error skip"):
        load(plain)
    dataset = load(plain, on_error="skip")
    assert len(dataset.train) + len(dataset.test) == 28
    skipped = [note for note in dataset.notes if note.startswith("skipped")]
    assert len(skipped) == 2
    assert "class1/7.png: not an image" in skipped[0]
    assert not {7 * 8, 8 * 8} & set(levels(dataset.train) + levels(dataset.test))


def test_nothing_readable(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.png").write_bytes(b"")
    with pytest.raises(DataError, match="none of the 1 images"):
        load(tmp_path, on_error="skip")


def test_other_files_are_told(plain):
    (plain / "class0" / "notes.txt").write_text("x")
    (plain / "class0" / ".DS_Store").write_text("x")
    (plain / "README.md").write_text("x")
    (plain / "class0" / "deeper").mkdir()
    notes = " | ".join(load(plain).notes)
    assert "1 x file of type .txt" in notes
    assert "1 x file outside the class folders" in notes
    assert "1 x folder inside a class folder" in notes
    assert "DS_Store" not in notes


def test_inverted_scans_are_noticed(tmp_path):
    ink = level(0, (8, 8))
    ink[2:6, 3:5] = 255
    for number in range(20):
        save(tmp_path / "ab"[number % 2] / f"{number}.png", 255 - ink)
    noticed = load(tmp_path)
    assert any("20 of 20 images look like dark ink" in note for note in noticed.notes)
    turned = load(tmp_path, invert=True)
    assert turned.notes == ()
    np.testing.assert_array_equal(turned.train.images[0], ink)


def test_faint_images_are_noticed(tmp_path):
    for number in range(4):
        save(tmp_path / "ab"[number % 2] / f"{number}.png", level(3 * (number % 2)))
    assert any("brightest grey level is 3" in note for note in load(tmp_path).notes)


@pytest.mark.parametrize("side", [8, 80])
def test_levels_0_and_1_are_black_and_white_for_the_whole_set_and_its_model(tmp_path, side):
    """What was asked of the set holds for every image that its model is asked about."""
    masks = [
        np.kron(np.random.default_rng(i).integers(0, 2, (8, 8)), np.ones((side // 8,) * 2)) for i in range(40)
    ]
    for i, mask in enumerate(masks):
        mask[0, 0] = i % 2
        save(tmp_path / "binary" / "ab"[i % 2] / f"{i}.png", mask.astype(np.uint8))
        save(tmp_path / "levels" / "ab"[i % 2] / f"{i}.png", 255 * mask.astype(np.uint8))
    binary, levels = load(tmp_path / "binary"), load(tmp_path / "levels")
    assert "levels 0 and 1 were multiplied by 255" in binary.notes
    assert not levels.binary
    assert by_name(binary) == by_name(levels)
    model = train("knn", binary)
    for part in (binary.train, binary.test):
        for name, image in zip(part.names, part.images, strict=True):
            np.testing.assert_array_equal(model.prepare(read_grey(tmp_path / "binary" / name)), image)


def test_levels_0_and_1_beside_others_are_said(tmp_path):
    for number in range(6):
        save(tmp_path / "ab"[number % 2] / f"{number}.png", level(255 if number % 2 else 1))
    assert any("3 of 6 pictures have no levels but 0 and 1" in note for note in load(tmp_path).notes)


def test_empty_missing_and_wrong(tmp_path):
    with pytest.raises(DataError, match="no images found; expected one sub-folder per class"):
        load(tmp_path)
    with pytest.raises(DataError, match="no such file or folder"):
        load(tmp_path / "none")
    (tmp_path / "x.xlsx").write_text("")
    with pytest.raises(DataError, match="not a kind of data set"):
        load(tmp_path / "x.xlsx")
    with pytest.raises(ParameterError, match="on_error"):
        load(tmp_path, on_error="ignore")
    with pytest.raises(ParameterError, match="fit must be"):
        load(tmp_path, fit="crop")


def test_progress_and_memory(tmp_path):
    """Two thousand images of 100 kB: what is held at once is the result and a few images, not all of them."""
    large = Image.fromarray(level(7, (320, 320)))
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for number in range(600):
        large.save(tmp_path / "ab"[number % 2] / f"{number}.png", compress_level=1)
    calls = []
    tracemalloc.start()
    load(tmp_path, progress=lambda *call: calls.append(call))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert calls[-1] == ("reading images", 600, 600)
    assert [done for _, done, _ in calls] == sorted(done for _, done, _ in calls)
    assert peak < 10_000_000


@pytest.mark.mnist
@pytest.mark.slow
def test_mnist_as_files_is_mnist(mnist_folder, tmp_path):
    mnist = load("mnist", data_dir=mnist_folder)
    for name, split in (("train", mnist.train), ("test", mnist.test)):
        for label in range(10):
            (tmp_path / name / str(label)).mkdir(parents=True)
        for index, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
            Image.fromarray(image).save(tmp_path / name / str(label) / f"{index}.png", compress_level=0)
    written = load(tmp_path)
    assert written.sha256 == mnist.sha256
    assert written.licence == mnist.licence
    assert written.notes == ("recognised by its content as mnist",)


def test_what_is_found_instead_of_images_is_said(tmp_path):
    """The folder above mnist_png, a folder of pictures without classes, and one of something else."""
    for split, number in (("training", 3), ("testing", 4)):
        save(tmp_path / "above" / "mnist_png" / split / "7" / "0.png", level(number))
        save(tmp_path / "plain" / "mine" / "ab"[number % 2] / "0.png", level(number))
        save(tmp_path / "flat" / f"{number}.png", level(number))
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.pdf").write_bytes(b"%PDF")
    (tmp_path / "none").mkdir()
    above = tmp_path / "above" / "mnist_png"
    for name, said in {
        "above": f"found mnist_png/ with training/ with a folder per class: give {above}",
        "flat": "found 2 images in no class folder",
        "docs": "found 1 .pdf",
        "none": "found nothing",
    }.items():
        with pytest.raises(DataError) as caught:
            load(tmp_path / name)
        assert str(caught.value).endswith(said)
    assert len(load(above).train) == 1
