"""Cells of CSV files that a spreadsheet could take for a formula."""

import csv
import io
import re

import pytest

from misread.spreadsheet import inert, original

PLAIN = ["", "7", "-1", "+1.5e-3", "T-shirt/top", "a=b", "x@y.z", "a - b", "O'Neill", "naïve", "a;b", "a,b;-1"]
HOSTILE = [
    *(f"{sign}1+1" for sign in "=+-@＝＋－＠"),
    *(f"a{separator}=1+1" for separator in ",;|\t\r\n"),
    " =1+1",
    '"=1+1',
    'a;"=1+1"',
    "a; \t=cmd|' /C calc'!A0",
    "\ufeff=1+1",
    "a;-1+cmd",
    "-1-1",
    "=",
    "b;1;=1",
]


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_formula_stays(text):
    assert inert(text) == text


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_is_a_formula_however_it_is_cut(text, delimiter):
    stream = io.StringIO()
    csv.writer(stream).writerow([0, inert(text), "after"])
    for line in re.split(r"[\r\n]+", stream.getvalue()):
        for cell in (*line.split(delimiter), *next(csv.reader([line], delimiter=delimiter), [])):
            found = cell.strip(' \t"\ufeff')
            assert not re.match(r"[=+\-@＝＋－＠]", found) or re.fullmatch(r"[+-]\d+", found), cell


@pytest.mark.parametrize("text", [*PLAIN, *HOSTILE, "'=1", "''=1", "'-1", "a;'=1", "'"])
def test_what_was_written_can_be_read(text):
    assert original(inert(text)) == text
