"""Tables as pandas, R, NumPy, UCI and Windows write them: understood rightly, or refused with the remedy."""

import os

import numpy as np
import pytest
from digit_tables import FLAT, LABELS, NAMES, PIXELS, WHOLE, european, labelled, same_digits, save, scientific

from misread.data import load
from misread.data.assemble import stratified_test
from misread.errors import DataError, FormatError, ParameterError

UNDERSTOOD = {
    "header": (labelled(), ",", WHOLE),
    "label last": (labelled(last=True), ",", WHOLE),
    "semicolons": (labelled(), ";", WHOLE),
    "tabs": (labelled(), "\t", WHOLE),
    "bars": (labelled(), "|", WHOLE),
    "spaces": (labelled(), " ", WHOLE),
    "pandas with its index": (labelled(index=True, before=[""]), ",", f"{WHOLE}; not used: ''"),
    "pandas, index twice": (labelled(index=True, before=["Unnamed: 0"]), ",", f"{WHOLE}; not used: 'Unnamed: 0'"),
    "an id": (labelled(index=True, before=["id"]), ",", f"{WHOLE}; not used: 'id'"),
    "R, write.csv": (
        [
            [f'"{cell}"' if row == 0 or column == 0 else cell for column, cell in enumerate(cells)]
            for row, cells in enumerate(labelled(index=True, before=[""]))
        ],
        ",",
        f"{WHOLE}; not used: ''",
    ),
    "R, write.table": (
        labelled(index=True),
        " ",
        f"{WHOLE}; the first cell of each row, which the header does not name, is its name and left out",
    ),
    "a last separator": (
        [[*row, ""] if index else row for index, row in enumerate(labelled())],
        ",",
        f"{WHOLE}; nothing stands behind the last separator",
    ),
    "Excel's line that tells the separator": ([["sep=;"], *labelled()], ";", WHOLE),
    "a spreadsheet's empty rows": ([*labelled(), [""] * 65, [""] * 65], ",", WHOLE),
    "its empty rows, no header": (
        [*labelled(header=False), [" "] * 65],
        ";",
        "label in the first column, 64 pixels as 8x8; no header",
    ),
    "quoted": ([[f'"{cell}"' for cell in row] for row in labelled()], ",", WHOLE),
    "decimal commas": (labelled(label=european, pixel=european), ";", WHOLE),
    "decimal commas and tabs": (labelled(label=european, pixel=european), "\t", WHOLE),
    "scientific": (labelled(label=scientific, pixel=scientific), ",", WHOLE),
    "floats": (labelled(label=float, pixel=float), ",", WHOLE),
    "bytes as Python prints them": (labelled(label=lambda digit: f"b'{digit}'"), ",", WHOLE),
    "as PyTorch prints them": (labelled(label=lambda digit: f"tensor({digit})"), ",", WHOLE),
    "as NumPy prints them": (labelled(label=lambda digit: f"np.float32({digit}.0)"), ",", WHOLE),
    "single quotes": (labelled(label=lambda digit: f"'{digit}.0'"), ",", WHOLE),
    "no header": (labelled(header=False), ",", "label in the first column, 64 pixels as 8x8; no header"),
    "no header, optdigits": (
        labelled(header=False, last=True),
        ",",
        "label in the last column (65), 64 pixels as 8x8; no header",
    ),
    "no header, savetxt": (
        labelled(header=False, label=scientific, pixel=scientific),
        " ",
        "label in the first column, 64 pixels as 8x8; no header",
    ),
    "a counting header": (
        [list(range(65)), *labelled(header=False)],
        ",",
        "label in the first column, 64 pixels as 8x8; the columns are only counted",
    ),
    "a counting header and an index": (
        [["", *range(65)], *labelled(header=False, last=True, index=True)],
        ",",
        "label in the last column (65), 64 pixels as 8x8; the first column, which has no name, is left out; "
        "the columns are only counted",
    ),
}


@pytest.mark.parametrize("kind", UNDERSTOOD)
@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_understood(tmp_path, kind, suffix):
    rows, delimiter, layout = UNDERSTOOD[kind]
    dataset = load(save(tmp_path / f"t.{suffix}", rows, delimiter))
    assert same_digits(dataset)
    assert dataset.layout == layout


def test_windows_endings_and_a_byte_order_mark(tmp_path):
    path = save(tmp_path / "t.csv", labelled(), ";", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert same_digits(load(path))


@pytest.mark.parametrize(
    ("names", "order"),
    [
        ([f"{row}x{column}" for row in range(1, 9) for column in range(1, 9)], None),
        ([f"r{row}c{column}" for row in range(8) for column in range(8)], None),
        (NAMES, sorted(range(64), key=lambda index: NAMES[index])),
        ([f"{row}x{column}" for row in range(1, 9) for column in range(1, 9)], "by text"),
        ([f"x{column}_y{row}" for row in range(8) for column in range(8)], "by text"),
        ([f"pixel_r{row}_c{column}" for row in range(8) for column in range(8)], "shuffled"),
        ([f"{index}" for index in range(64)], None),
    ],
)
def test_pixels_lie_where_their_names_say(tmp_path, names, order):
    if order == "by text":
        order = sorted(range(64), key=lambda index: names[index])
    if order == "shuffled":
        order = np.random.default_rng(0).permutation(64).tolist()
    order = order or list(range(64))
    rows = [[*[names[index] for index in order], "label"]]
    rows += [[*image[order].tolist(), label] for image, label in zip(FLAT, LABELS, strict=True)]
    assert same_digits(load(save(tmp_path / "t.csv", rows)))


def test_images_that_are_not_square(tmp_path):
    header = ["label", *(f"r{row}c{column}" for row in range(4) for column in range(16))]
    dataset = load(save(tmp_path / "t.csv", [header, *labelled(header=False)]))
    assert dataset.shape == (4, 16)
    assert dataset.layout == "label in column 'label', 64 pixels as 4x16"


def changed(rows, number, change):
    rows = [list(row) for row in rows]
    change(rows[number])
    return rows


def renamed(**names):
    return [[names.get(str(cell), cell) for cell in labelled()[0]], *labelled(header=False)]


REFUSED = {
    "a stray field": (
        changed(labelled(), 7, lambda row: row.insert(3, 9)),
        r"row 8 has 66 columns, the header 65;.*commas",
    ),
    "a stray field in the first row": (changed(labelled(), 1, lambda row: row.append(9)), "row 2 has 66 columns"),
    "a stray field without a header": (
        changed(labelled(header=False), 7, lambda row: row.append(9)),
        "row 8 has 66 columns, the first row 65",
    ),
    "a missing field": (changed(labelled(), 7, lambda row: row.pop()), "row 8 has only 64 columns"),
    "two labels": (renamed(pixel3="class"), r"'label' \(column 1\) and 'class' \(column 5\).*--label-column 1"),
    "one name twice": (
        renamed(pixel3="label"),
        r"'label' \(column 1\) and 'label' .column 5.*-column 1",
    ),
    "a pixel twice": (renamed(pixel3="pixel4"), "two columns are the pixel 'pixel4'"),
    "a pixel missing": (renamed(pixel3="pixel99"), "no column lies between the pixels 'pixel2' and 'pixel4'"),
    "an empty label": (changed(labelled(), 7, lambda row: row.__setitem__(0, " ")), "row 8 has no label"),
    "NaN": (changed(labelled(), 7, lambda row: row.__setitem__(0, "nan")), "row 8 has no label"),
    "R's NA among numbers": (changed(labelled(), 7, lambda row: row.__setitem__(0, "NA")), "row 8 has no label"),
    "pandas' NA": (changed(labelled(), 7, lambda row: row.__setitem__(0, "<NA>")), "row 8 has no label"),
    "Excel's #N/A": (changed(labelled(), 7, lambda row: row.__setitem__(0, "#N/A")), "row 8 has no label"),
    "a header that nothing tells": (
        [["0", *(f"0.{index}" for index in range(64))], *labelled(header=False)],
        "row 1, column 3: '0.1' is not a pixel .*--header first",
    ),
    "UCI's semeion": (
        [
            [*(f"{level // 8:.4f}" for level in row[1:]), *(int(digit == row[0]) for digit in range(10))]
            for row in labelled(header=False, label=int, pixel=int)
        ],
        "the last 10 columns hold a single 1 in each row, .*0 to 9, into one column",
    ),
    "between -1 and 1": (
        labelled(header=False, pixel=lambda level: level / 8 - 1),
        "row 1, column 2: '-1.0' is not a pixel 0..255",
    ),
    "no pictures": ([["name", "label"], *([index, index % 2] for index in range(9))], "1 column can hardly be"),
    "lists": (labelled(label=lambda digit: f'"[{digit}]"'), r"row 2 the label \[0\] is a list"),
    "names of files": (labelled(label=lambda digit: f"{digit}.png"), "is the name of a file, such as '0.png'"),
    "a label for every row": (
        [labelled()[0], *([f"x{index}", *row[1:]] for index, row in enumerate(labelled(header=False)))],
        "60 rows have 60 different labels in column 'label'.*--label-column",
    ),
    "not square": ([row[:-1] for row in labelled()], "63 pixel columns are not a square image"),
    "boxes without a header": (
        [[f"{index}.png", 1, 2, 30, 40, "cat"] for index in range(20)],
        "no header, files named in the first column, and 5 other columns; say .*--label-column",
    ),
    "numbers without a header": (
        [[1, 2, 30, 40, index % 3] for index in range(20)],
        "5 columns are hardly a label and the pixels of an image",
    ),
    "the iris": (
        [["sepal_length", "sepal_width", "petal_length", "petal_width", "class"], *([1, 2, 3, 4, "a"],) * 9],
        "columns 'sepal_length', .*are hardly the pixels",
    ),
    "no header, two texts": ([["a", "b", *[0] * 64] for _ in range(9)], "first column and column 2 hold text"),
    "no header, an index": (labelled(header=False, index=True), "not a square image|--label-column"),
    "no header, all random": (
        np.random.default_rng(0).integers(0, 256, (50, 65)).tolist(),
        r"may be the first column \(.* values from .*--label-column first",
    ),
    "fractions and levels": (
        [["label", *NAMES], ["a", *[0.5] * 64], ["b", *[7] * 64]],
        "'0.5' is not a pixel 0..255; grey levels",
    ),
    "LIBSVM's format": ([["1 3:12 7:255"], ["0 2:7"]], "LIBSVM's sparse format, .*load_svmlight_file.*NPZ"),
    "addresses": (
        [["path", "label"], *([f"https://example.org/{index}.png", index % 2] for index in range(9))],
        "'https://example.org/0.png' is an address, and nothing is downloaded",
    ),
    "one column": ([[f"a{index}"] for index in range(9)], "has one column"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refused(tmp_path, kind):
    rows, message = REFUSED[kind]
    with pytest.raises(DataError, match=message) as caught:
        load(save(tmp_path / "t.csv", rows))
    assert "\n" not in str(caught.value)


def test_options_say_what_cannot_be_told(tmp_path):
    path = save(tmp_path / "t.csv", renamed(label="digit", pixel3="kind"))
    with pytest.raises(DataError):
        load(path)
    twice = save(tmp_path / "u.csv", [[*row, row[0]] for row in labelled(header=False)])
    assert same_digits(load(save(tmp_path / "v.csv", labelled(header=False)), label_column="first", header="none"))
    for column in ("nothing", 0, 99):
        with pytest.raises(ParameterError, match=r"--label-column .*expected a name, a number from 1 to 66"):
            load(twice, label_column=column)
    with pytest.raises(ParameterError, match="header must be one of none, first"):
        load(path, header="maybe")


def test_a_label_column_of_any_name(tmp_path):
    path = save(tmp_path / "t.csv", renamed(label="what it is"))
    with pytest.raises(FormatError, match=r"no label column.*--label-column NAME"):
        load(path)
    for column in ("what it is", "What it is", 1, "1", "first"):
        assert same_digits(load(path, label_column=column))


def test_codes_like_1e5_and_versions_are_names(tmp_path):
    for names in (("1E5", "2E5"), ("1.0", "1.5"), ("007", "7"), ("NA", "EU"), ("none", "some")):
        rows = [[names[index % 2], *row[1:]] for index, row in enumerate(labelled(header=False))]
        assert set(load(save(tmp_path / "t.csv", [["label", *NAMES], *rows])).class_names) == set(names)


def test_a_line_that_would_take_too_much(tmp_path):
    (tmp_path / "t.csv").write_text("label," + "0," * 500_000 + "0\n")
    with pytest.raises(DataError, match=r"a line of 500,002 cells would take about .*--most-memory"):
        load(tmp_path / "t.csv", most_memory="50M")


def test_a_pipe_is_not_waited_for(tmp_path):
    for suffix in ("csv", "parquet"):
        os.mkfifo(tmp_path / f"t.{suffix}")
        with pytest.raises(DataError, match="is a pipe, expected an ordinary file"):
            load(tmp_path / f"t.{suffix}")


def test_many_classes_do_not_take_long():
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(100_000), 2)
    chosen = stratified_test(codes, rng.integers(0, 2**63, len(codes)).astype(np.uint64))
    assert np.bincount(codes, weights=chosen).max() == 1


def test_a_header_behind_a_number_sign(tmp_path):
    """As numpy.savetxt writes it."""
    for delimiter in (",", " "):
        path = tmp_path / "t.txt"
        table = np.column_stack([LABELS, FLAT])
        for fmt in ("%.18e", "%5d"):  # the latter lines columns up by spaces
            np.savetxt(path, table, fmt, delimiter, header=delimiter.join(["label", *NAMES]))
            assert same_digits(load(path))


@pytest.mark.parametrize("comment", ["# exported by a scanner, 2026", "# scanned\n# in 2026", "#"])
def test_lines_of_comments_are_no_header(tmp_path, comment):
    path = save(tmp_path / "t.csv", labelled())
    path.write_text(f"{comment}\n{path.read_text()}")
    with pytest.raises(FormatError, match=r"begins with a comment \('#.*take out"):
        load(path)


def test_uci_names(tmp_path):
    assert same_digits(load(save(tmp_path / "optdigits.tra", labelled(header=False, last=True))))


def test_spaces_around_names(tmp_path):
    rows = labelled(last=True)
    assert same_digits(load(save(tmp_path / "t.csv", rows, ", ")))


def test_options_that_would_do_nothing_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", images=PIXELS, labels=LABELS)
    for data in ("digits", tmp_path / "a.npz", tmp_path):
        with pytest.raises(ParameterError, match="--label-column is for tables"):
            load(data, label_column="label")


def test_a_quote_that_is_missing_swallows_no_rows(tmp_path):
    for rows in (
        changed(labelled(last=True), 55, lambda row: row.__setitem__(-1, '"5')),
        changed(
            changed(labelled(last=True), 55, lambda row: row.__setitem__(-1, '"5')),
            58,
            lambda row: row.append('"'),
        ),
    ):
        with pytest.raises(FormatError, match="is a quote missing"):
            load(save(tmp_path / "t.csv", rows))


def test_pixels_of_three_colours_are_told(tmp_path):
    rows = [
        [*(f"pixel{index:04}" for index in range(192)), "label"],
        *([*[0] * 192, index % 2] for index in range(9)),
    ]
    with pytest.raises(
        FormatError, match="192 pixel columns are not a square image, but three times 8x8: colours"
    ):
        load(save(tmp_path / "t.csv", rows))


@pytest.mark.parametrize("write", [str, scientific, lambda value: str(value).replace(".", ",")])
def test_fractions_of_one(tmp_path, write):
    rows = labelled(pixel=lambda value: write(value / 16))
    dataset = load(save(tmp_path / "t.csv", rows, ";"))
    expected = np.rint(PIXELS / 16 * 255).astype(np.uint8)
    images = np.concatenate([dataset.train.images, dataset.test.images])
    assert {image.tobytes() for image in images} == {image.tobytes() for image in expected}
    assert "levels 0 to 1 were multiplied by 255" in dataset.notes
    rows = [*rows, *[rows[1]] * 400, ["7", *[write(2.0)] * 64]]
    with pytest.raises(FormatError, match=r"row 462, column 2 .* is not within 0 to 1, as the first rows"):
        load(save(tmp_path / "t.csv", rows, ";"))
