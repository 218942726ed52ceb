"""Tables lose nothing, whatever the width."""

import pytest

from misread.cli.judge import print_confusion
from misread.cli.tables import print_table

TITLES = ("name", "count", "what it is")
ROWS = [("[red]one", "1,000", "a first thing that is long"), ("\x1b[2Jtwo", "2", ""), ("五 三", "30", "other")]


@pytest.fixture
def printed(capsys, monkeypatch):
    def lines(width, call, *arguments, **options):
        monkeypatch.setenv("COLUMNS", str(width))
        call(*arguments, **options)
        return capsys.readouterr().out.splitlines()

    return lines


@pytest.mark.parametrize("width", [1, 12, 20, 30, 40, 80, 500])
def test_nothing_is_lost_and_no_word_is_broken(width, printed):
    lines = printed(width, print_table, TITLES, ROWS, numbers=["count"])
    words = " ".join(lines).split()
    for text in ("[red]one", "?[2Jtwo", "五", "三", "1,000", "2", "30", "a first thing that is long", "other"):
        assert set(text.split()) <= set(words)
    if width >= 20:
        assert max(map(len, lines)) <= width
    assert not any(line.endswith(" ") for line in lines)


def test_numbers_stand_right(printed):
    assert [line.rstrip() for line in printed(80, print_table, TITLES, ROWS, numbers=["count"])][1:3] == [
        "[red]one  1,000  a first thing that is long",
        "?[2Jtwo       2",
    ]


@pytest.mark.parametrize("n", [2, 10, 26, 47, 300])
@pytest.mark.parametrize("width", [40, 80, 100_000])
def test_every_count_of_a_confusion_is_said(n, width, printed):
    names = [f"letter{code}" if n == 26 else f"c{code}" for code in range(n)]
    counts = [[7 if k == code else 0 for k in range(n)] for code in range(n)]
    counts[n - 1][0] = 5
    counts[0][n - 1] = 3
    lines = printed(width, print_confusion, counts, names)
    assert all(line.strip() for line in lines)
    assert max(len(line.rstrip()) for line in lines) <= max(width, 200 if width > 200 else 0)
    last = next(line for line in reversed(lines) if line.split()[0] == names[-1])
    assert "5" in last
    assert any(line.split()[0] == names[0] and "3" in line for line in lines)
    assert sum(line.split()[0] in names for line in lines) == n


def test_a_class_that_has_no_images(printed):
    lines = printed(10, print_confusion, [[0, 0], [1, 2]], ["a", "b"])
    assert " ".join(" ".join(lines).split()).count("images: 3") == 1
