"""The limit on memory: how it is written, and what is said when it is too low."""

import pytest

from misread.data import load, memory
from misread.errors import DataError, ParameterError


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [("2G", 2**31), ("1.5 GiB", 3 * 2**29), ("500MB", 500 * 2**20), ("10k", 10_240), (7, 7), ("7", 7)],
)
def test_amounts(text, n_bytes):
    assert memory.as_bytes(text) == n_bytes


@pytest.mark.parametrize("text", ["", "much", "-1G", "0", 0, True, "1e9", "2X", "9" * 40, "nan"])
def test_no_amounts(text):
    with pytest.raises(ParameterError, match="such as 500M or 8G"):
        memory.as_bytes(text)


def test_the_limit_comes_from_the_call_or_the_environment(monkeypatch):
    monkeypatch.delenv(memory.VARIABLE, raising=False)
    assert memory.most_memory() == memory.DEFAULT
    monkeypatch.setenv(memory.VARIABLE, "3G")
    assert memory.most_memory() == 3 * 2**30
    assert memory.most_memory("1M") == 2**20


def test_what_is_too_much_is_refused_with_the_remedy():
    memory.require(100, "x", 100)
    with pytest.raises(DataError, match=r"x would take about 4.3 GiB .* 2.0 GiB is the limit.*--most-memory 5G"):
        memory.require(int(4.3 * 2**30), "x", 2**31)


def test_images_that_are_read_ask_first(tmp_path):
    """Two images of 512x512 are 512 KiB, and as much again while they are put together."""
    from PIL import Image

    for name in "ab":
        (tmp_path / name).mkdir()
        for index in range(2):
            Image.new("L", (2, 2), index).save(tmp_path / name / f"{index}.png")
    with pytest.raises(DataError, match=r"4 images of 512x512 would take about 2.0 MiB.*--most-memory 2M"):
        load(tmp_path, size=512, most_memory="1M")
    assert load(tmp_path, size=512, most_memory="2M").shape == (512, 512)
