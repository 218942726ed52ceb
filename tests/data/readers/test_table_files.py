"""Tables that name image files, and folders of two tables."""

import numpy as np
import pytest
from digit_tables import LABELS, PIXELS, labelled, same_digits, save
from PIL import Image

from misread.data import load
from misread.errors import FormatError


@pytest.fixture
def pictures(tmp_path):
    (tmp_path / "pictures").mkdir()
    for index, image in enumerate(PIXELS):
        Image.fromarray(image).save(tmp_path / "pictures" / f"{index}.png")
    return tmp_path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("name", ["pictures/{}.png", "pictures\\{}.png", " pictures/{}.png "])
def test_names_of_files_without_a_header(pictures, name, delimiter):
    rows = [[name.format(index), label] for index, label in enumerate(LABELS)]
    dataset = load(save(pictures / "t.csv", rows, delimiter))
    assert same_digits(dataset)
    assert dataset.layout == ("label in the last column (2), image files named in the first column; no header")
    rows = [row[::-1] for row in rows]
    assert same_digits(load(save(pictures / "t.csv", rows, delimiter)))


@pytest.mark.parametrize("name", ["pictures/{}.png", "pictures\\{}.png", "{folder}/pictures/{}.png"])
def test_names_of_files_in_a_column_of_any_name(pictures, name):
    rows = [[index, name.format(index, folder=pictures), label] for index, label in enumerate(LABELS)]
    dataset = load(save(pictures / "t.csv", [["id", "what", "label"], *rows]))
    assert same_digits(dataset)
    assert dataset.layout == "label in column 'label', image files named in column 'what'; not used: 'id'"
    twice = [[*row[:2], *row[1:]] for row in rows]
    with pytest.raises(FormatError, match=r"'what' .column 2. and 'scan' .* may each hold the pictures; .*--path"):
        load(save(pictures / "t.csv", [["id", "what", "scan", "label"], *twice]))


@pytest.mark.parametrize("kind", ["pictures", "pixels"])
def test_rows_for_validation(pictures, kind):
    names = [f"pictures/{index}.png" for index in range(len(LABELS))]
    header, *rows = (
        labelled() if kind == "pixels" else [["file", "label"], *map(list, zip(names, LABELS, strict=True))]
    )

    def split_as(*words):
        given = [[*row, words[index % len(words)]] for index, row in enumerate(rows)]
        return load(save(pictures / "t.csv", [[*header, "split"], *given]))

    three = split_as("train", "Validation", "test")
    np.testing.assert_array_equal(three.train.images, PIXELS[::3])
    np.testing.assert_array_equal(three.test.images, PIXELS[2::3])
    np.testing.assert_array_equal(three.test.labels, LABELS[2::3])
    assert "not read: 20 images for validation; training and test images are" in three.notes
    two = split_as("train", "dev")
    np.testing.assert_array_equal(two.test.images, PIXELS[1::2])
    assert "no row is for testing: the images for validation are the test images" in two.notes


def test_boxes(pictures):
    rows = [[f"pictures/{index}.png", 1, 2, 30, 40, label] for index, label in enumerate(LABELS)]
    dataset = load(save(pictures / "t.csv", rows), label_column="last")
    assert same_digits(dataset)
    assert "not used: 2, 3, 4, 5" in dataset.layout.replace("column ", "")
    header = ["filename", "x", "y", "w", "h", "class"]
    assert same_digits(load(save(pictures / "t.csv", [header, *rows])))
    rows.append([*rows[3][:-1], (rows[3][-1] + 1) % 10])
    with pytest.raises(FormatError, match=r"row 62 says that 3.png is '4', and row 5 that it is '3'.*cut boxes"):
        load(save(pictures / "t.csv", [header, *rows]))


@pytest.mark.parametrize(
    ("training", "test", "header", "last"),
    [
        ("train.csv", "test.csv", True, False),
        ("mnist_train.csv", "mnist_test.csv", False, False),
        ("fashion-mnist_train.csv", "fashion-mnist_test.csv", True, False),
        ("optdigits.tra", "optdigits.tes", False, True),
    ],
)
def test_a_folder_of_a_training_and_a_test_table(tmp_path, training, test, header, last):
    folder = tmp_path / "set"
    folder.mkdir()
    rows = labelled(header=header, last=last)
    head, rows = rows[:header], rows[header:]
    save(folder / training, [*head, *rows[:40]])
    save(folder / test, [*head, *rows[40:]])
    dataset = load(folder)
    assert same_digits(dataset)
    assert (len(dataset.train), len(dataset.test)) == (40, 20)
    assert dataset.source == f"tables in {folder}"


def test_a_test_table_without_labels(tmp_path):
    """As Kaggle has it: the other table alone can be read."""
    folder = tmp_path / "set"
    folder.mkdir()
    rows = labelled()
    save(folder / "train.csv", rows)
    save(folder / "test.csv", [row[1:] for row in rows])
    with pytest.raises(
        FormatError, match=r"test.csv: has other columns .* than train.csv; .* or give the path of"
    ):
        load(folder)
    assert same_digits(load(folder / "train.csv"))
