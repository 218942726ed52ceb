"""Tables of answers from anywhere: refused in a sentence, in bounded memory and time, whatever they hold."""

import io
import os
import random
import zipfile

import numpy as np
import pytest

from misread.errors import AnswersError
from misread.evaluation.answers import Answers


def written(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def npz(path, **arrays):
    np.savez_compressed(path, **arrays)
    return path


def crafted(path, **members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, (shape, kind, content) in members.items():
            head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
            archive.writestr(
                f"{name}.npy", b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + content
            )
    return path


TEXTS = {
    "one huge line": ("label,answer\na," + "b" * 5_000_000, "line 2 has more than"),
    "many columns": (",".join(map(str, range(20_000))) + "\n", "20,000 columns are more than"),
    "an open quote": ('label,answer\na,"' + "b\n" * 70_000, "is a quote missing"),
    "a quote left open at the end": ('label,answer\na,"b\nb,b\n', "is a quote missing"),
    "a NUL": ("label,answer\na,\0\nb,b\n", "line 2 holds a character of no text"),
    "one long name among many": (
        "name,label,answer\n" + "x,a,b\n" * 9_000 + "z" * 120_000 + ",a,b\n",
        "would take",
    ),
    "a class of a million letters": (f"label,answer\n{'x' * 100_000},a\n", "characters, at most"),
    "no number": ("label,0,1\n0,0.1,x\n", "row 0: '1' is 'x'"),
    "no fold": ("label,answer,fold\n0,1,1e300\n1,0,0\n", "row 0: the fold 1e"),
    "nothing": ("", "no rows"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_texts(tmp_path, name):
    text, message = TEXTS[name]
    with pytest.raises(AnswersError, match=message):
        Answers.read(written(tmp_path / "a.csv", text))


METAS = ["[1]", "[" * 100_000, '{"a":' + "[" * 900 + "]" * 900 + "}", '{"threshold": 1e999}', '{"class_names": 5}',
         '{"class_names": [1, 2]}', '{"scale": [1]}', '{"provenance": 7}', '{"positive": 3}', "x"]  # fmt: skip


@pytest.mark.parametrize("meta", METAS, ids=lambda text: text[:20])
def test_what_a_writer_says(tmp_path, meta):
    path = npz(tmp_path / "a.npz", scores=np.eye(2), label=np.arange(2), meta=np.array(meta))
    with pytest.raises(AnswersError, match="not understood"):
        Answers.read(path)


def test_archives(tmp_path):
    bomb = npz(tmp_path / "bomb.npz", scores=np.zeros((200_000, 10)), label=np.zeros(200_000, int))
    with pytest.raises(AnswersError, match="of memory"):
        Answers.read(bomb, most_memory="10M")
    for shape, kind in (("(20000000000, 10)", "<f8"), ("(2,)", "<U100000000"), ("(2000000000,)", "<U0")):
        path = crafted(tmp_path / "lie.npz", answer=(shape, kind, b""), label=("(2,)", "<i8", bytes(16)))
        with pytest.raises(AnswersError, match=r"more than the file can hold|never objects"):
            Answers.read(path)
    outside = crafted(
        tmp_path / "outside.npz", answer=("(2,)", "<U1", b"\xff" * 8), label=("(2,)", "<i8", bytes(16))
    )
    with pytest.raises(AnswersError, match="no character"):
        Answers.read(outside)
    for content in (b"", b"PK\x03\x04garbage"):
        with pytest.raises(AnswersError, match="not a readable NPZ"):
            Answers.read(written(tmp_path / "damaged.npz", content))


def test_a_directory_of_a_zip_that_is_huge(tmp_path):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number in range(40_000):
            archive.writestr(f"{number}.npy", b"")
    with pytest.raises(AnswersError, match="far too many parts"):
        Answers.read(written(tmp_path / "a.npz", content.getvalue()))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("ending", ["csv", "tsv", "npz", "parquet"])
def test_pipes_and_devices(tmp_path, ending):
    os.mkfifo(tmp_path / f"pipe.{ending}")
    (tmp_path / f"device.{ending}").symlink_to("/dev/zero")
    (tmp_path / f"folder.{ending}").mkdir()
    for kind, message in (
        ("pipe", "is a pipe"),
        ("device", "is a device"),
        ("folder", "directory"),
        ("no", "no such"),
    ):
        with pytest.raises(AnswersError, match=message):
            Answers.read(tmp_path / f"{kind}.{ending}")


def test_parquet(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    def stored(metadata=None, **columns):
        table = pyarrow.table(columns)
        parquet.write_table(table.replace_schema_metadata(metadata), tmp_path / "a.parquet", compression="zstd")
        return tmp_path / "a.parquet"

    coded = pyarrow.DictionaryArray.from_arrays(pyarrow.array(np.zeros(300_000, np.int32)), ["x" * 300])
    with pytest.raises(AnswersError, match="of memory"):
        Answers.read(stored(label=coded, answer=coded), most_memory="100M")
    with pytest.raises(AnswersError, match="holds list"):
        Answers.read(stored(label=["a", "b"], answer=[[1], [2]]))
    with pytest.raises(AnswersError, match="row 1: the answer '' is none"):
        Answers.read(stored(label=["a", "b"], answer=["a", None]))
    with pytest.raises(AnswersError, match="not UTF-8"):
        Answers.read(stored(label=[b"a", b"b"], answer=[b"a", b"\xff"]))
    with pytest.raises(AnswersError, match="not understood"):
        Answers.read(stored({"misread": "[" * 100_000}, label=["a", "b"], answer=["a", "b"]))
    assert Answers.read(stored(label=[b"a", None, b"b"], answer=["a", "b", "b"])).labels.tolist() == [0, -1, 1]


def test_labels_with_gaps_as_pandas_has_them():
    for labels in ([1.0, np.nan, 2.0], np.array(["1", None, "2"], object), [b"1", b"", b"2"]):
        answers = Answers.from_scores(labels, np.array([1, 2, 2]))
        assert answers.class_names == ("1", "2")
        assert answers.labels.tolist() == [0, -1, 1]
    for odd in (np.array([{}, []], object), np.array([1j, 2]), np.array(["2020-01-01"], "M8[D]"), [[1], [2, 3]]):
        with pytest.raises(AnswersError):
            Answers.from_scores(odd, np.array([1, 2]))


def mutated(content, chance):
    changed = bytearray(content)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(changed))
        match chance.randrange(4):
            case 0:
                changed[at] ^= 1 << chance.randrange(8)
            case 1:
                changed[at : at + chance.randint(1, 9)] = bytes(chance.randrange(256) for _ in range(4))
            case 2:
                del changed[at : at + chance.randint(1, 30)]
                changed += b"0"
            case _:
                changed[at:at] = chance.choice([b'"', b",", b"\n", b"nan", b"\xff", b"-1", b"{", b"1e999"])
    return bytes(changed)


@pytest.mark.parametrize("ending", ["csv", "npz", "parquet"])
def test_mutations(tmp_path, ending):
    """Whatever a byte is changed to, it is read or refused; more of the same: MISREAD_MUTATIONS=2000."""
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"a.{ending}"
    table = Answers.from_scores(
        ["a", "b", "b"], [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], folds=[0, 1, -1], hashes=[1, 2, 3], groups=["x"] * 3
    )
    table.write(path)
    if ending == "npz":  # so that more than check sums are tried
        with np.load(path) as stored:
            np.savez(path, **stored)
    content, chance = path.read_bytes(), random.Random(14)
    refused = []
    for _ in range(int(os.environ.get("MISREAD_MUTATIONS", "120"))):
        path.write_bytes(mutated(content, chance))
        try:
            Answers.read(path).write(tmp_path / "again.npz")
        except AnswersError as error:
            refused.append(str(error))
    assert refused
    assert all(message.startswith(str(path)) for message in refused)
