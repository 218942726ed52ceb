"""The file of corrections: read as people and spreadsheets leave it, appended to by several at once."""

import os
import subprocess
import sys

import pytest

from misread.data.corrections import COLUMNS, Correction, Corrections, append_corrections
from misread.errors import FormatError, OutputError

HEAD = ",".join(COLUMNS)
LINE = "00000000000000ff,a/1.png,5,3,wrong,2026-11-27T10:00:00+00:00,Ann"


def written(tmp_path, text, name="corrections.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


EXPECTED = Correction(255, "a/1.png", "5", "3", "wrong", "2026-11-27T10:00:00+00:00", "Ann")


@pytest.mark.parametrize(
    "content",
    [
        f"{HEAD}\n{LINE}\n",
        f"{HEAD}\r\n{LINE}",
        f"\ufeff{HEAD}\r\n{LINE}\r\n".replace(",", ";"),
        f"sep=;\r\n{HEAD}\r\n{LINE}\r\n".replace(",", ";"),
        f"{HEAD}\n{LINE}\n".replace(",", "\t").encode("utf-16"),
        f"{HEAD}\n\n,,,,,,\n{LINE}\n",
        f"{HEAD}\n{LINE.upper().replace('A/1.PNG', 'a/1.png').replace('ANN', 'Ann')}\n",
        f"{HEAD},note\n{LINE},mine\n",
        "\n".join(",".join(reversed(line.split(","))) for line in (HEAD, LINE)),
    ],
    ids=["plain", "no last newline", "Excel", "sep", "UTF-16", "blank lines", "capitals", "more columns", "order"],
)
def test_as_it_comes(tmp_path, content):
    assert Corrections.read(written(tmp_path, content)).rows == (EXPECTED,)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("00000000000000ff,a,5,3,wrong", "line 3: has 5 cells"),
        ("<<<<<<< mine", "line 3: has 1 cells"),
        ("1.2E+15,a,5,3,wrong,,", r"line 3: the hash '1\.2E\+15'"),
        (",a,5,3,maybe,,", "line 3: the verdict is 'maybe'"),
        (",,5,3,wrong,,", "line 3: says neither hash nor name"),
        (",a,5,,wrong,,", "line 3: the label is wrong, but"),
        (",a,5,5,wrong,,", "line 3: the label is said to be wrong"),
        (",a,5,3,right,,", "line 3: the label '5' is said to be right"),
        (",a,,,right,,", "line 3: a label is said to be right"),
        (",a,5,3,unclear,,", "line 3: the verdict is 'unclear'"),
        (",a,5,3,wrong,27/11/26 10:00,", "line 3: the time"),
        (',"a,5,3,wrong,,', "line 3:"),
    ],
)
def test_a_broken_line_is_named(tmp_path, line, said):
    with pytest.raises(FormatError, match=said) as caught:
        Corrections.read(written(tmp_path, f"{HEAD}\n{LINE}\n{line}\n"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("name,age\nx,1\n", "line 1: no column says what it should be"),
        ("label,verdict\n3,wrong\n", "line 1: no column says which image"),
        ("name,label,label\na,3,3\n", "stands there twice"),
        (f"{HEAD}\n{LINE}\n,\xfcber,5,3,wrong,,\n".encode("latin-1"), "line 3: is not UTF-8"),
    ],
)
def test_no_file_of_corrections(tmp_path, content, said):
    with pytest.raises(FormatError, match=said):
        Corrections.read(written(tmp_path, content))
    with pytest.raises(FormatError, match=r"none\.csv.*No such file"):
        Corrections.read(tmp_path / "none.csv")


def test_suspects_with_a_column_of_labels_are_corrections(tmp_path):
    path = written(tmp_path, "hash,name,given,suggested,label\n,a,5,3,3\n,b,5,3,5\n,c,5,3,\n")
    found = Corrections.read(path)
    assert [(one.name, one.verdict) for one in found.rows] == [("a", "wrong"), ("b", "right")]
    assert found.unjudged == 1


def test_formulas_go_out_as_text_and_come_back(tmp_path):
    path = tmp_path / "corrections.csv"
    one = Correction(1, "=cmd|x.png", "@5", "+3", "wrong", by='-Ann "A", B')
    append_corrections(path, [one])
    assert "'=cmd" in path.read_text()
    assert Corrections.read(path).rows == (one,)


def test_appending_keeps_what_is_there_in_its_own_form(tmp_path):
    path = written(tmp_path, f"\ufeff{HEAD}\r\n{LINE}".replace(",", ";"))
    before = path.read_bytes()
    append_corrections(path, [Correction(1, "b", "5", "", "unclear")])
    assert path.read_bytes().startswith(before)
    assert [one.name for one in Corrections.read(path).rows] == ["a/1.png", "b"]
    other = written(tmp_path, "name,label\na,3\n", "other.csv")
    with pytest.raises(FormatError, match="has no column 'hash'"):
        append_corrections(other, [EXPECTED])
    assert other.read_text() == "name,label\na,3\n"
    with pytest.raises(OutputError, match="No such"):
        append_corrections(tmp_path / "nowhere" / "c.csv", [EXPECTED])


def test_several_writers_lose_nothing(tmp_path):
    path = tmp_path / "corrections.csv"
    code = (
        "import sys\nfrom misread.data.corrections import *\n"
        "for i in range(40): append_corrections(sys.argv[1],[Correction(i,sys.argv[2],'5','3','wrong')]*2)"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path), who]) for who in ("Ann", "Bob")]
    assert [one.wait(120) for one in writers] == [0, 0]
    rows = Corrections.read(path).rows
    assert len(rows) == 160
    assert path.read_text().count(HEAD) == 1


def test_the_later_word_counts_and_contradictions_are_named(tmp_path):
    ann = written(tmp_path, f"{HEAD}\n{LINE}\n,b,5,5,right,2026-01-01,Ann\n", "ann.csv")
    bob = written(
        tmp_path,
        f"{HEAD}\n,a/1.png,5,8,wrong,2026-11-27T09:00:00+00:00,Bob\n,b,5,,unclear,2026-01-02,Bob\n"
        ",b,5,6,wrong,2026-01-03,Bob\n",
        "bob.csv",
    )
    for files in ((ann, bob), (bob, ann)):
        decided = Corrections.read(*files).decisions()
        assert decided[255].last.label == "3"
        assert [one.label for one in decided[255].contradicted] == ["8"]
        assert decided["b"].last.label == "6"
        assert [one.by for one in decided["b"].contradicted] == ["Ann"]  # Bob may change his own mind


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "c.csv")
    with pytest.raises(FormatError, match="is a pipe, expected an ordinary file"):
        Corrections.read(tmp_path / "c.csv")
    with pytest.raises(OutputError, match="is a pipe, expected an ordinary file"):
        append_corrections(tmp_path / "c.csv", [EXPECTED])
