"""What threads that decode share: their pixels together are bounded, and libtiff keeps quiet."""

import io
import struct
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from misread.images import picture
from misread.images.picture import read_grey
from misread.images.sharing import InFlight


def test_large_ones_go_alone_in_their_turn_and_small_ones_side_by_side():
    in_flight, seen = InFlight(100), []
    side_by_side = threading.Barrier(2, timeout=20)

    def work(amount: int) -> None:
        with in_flight.of(amount):
            if amount == 50:
                side_by_side.wait()
            seen.append((amount, in_flight.amount))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, [50, 50, 170, 90, 101, 50, 50]))
    assert all(total <= 100 or total == amount for amount, total in seen)
    assert [amount for amount, _ in seen if amount > 100] == [170, 101]
    assert in_flight.amount == 0


def test_pixels_of_all_threads_together_are_bounded(monkeypatch, tmp_path):
    """Eight threads with an image of the most pixels each would take 13 GB."""
    monkeypatch.setattr(picture, "_PIXELS", InFlight(1_000))
    path, most = tmp_path / "a.png", []
    Image.fromarray(np.zeros((30, 30), np.uint8)).save(path)
    load = Image.Image.load

    def watched(image):
        most.append(picture._PIXELS.amount)
        return load(image)

    monkeypatch.setattr(Image.Image, "load", watched)
    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(read_grey, [path] * 12))) == 12
    assert max(most) == 900


def tiff(mode: str) -> bytes:
    stream = io.BytesIO()
    image = Image.fromarray(np.arange(4096, dtype=np.uint8).reshape(64, 64)).convert(mode)
    image.save(stream, "TIFF", compression="tiff_lzw")
    return stream.getvalue()


SAMPLES = struct.pack("<HHI", 277, 3, 1)
CRAFTED = {
    "strip": tiff("L")[:60] + b"\x55" * 30 + tiff("L")[90:],
    "samples": tiff("RGB").replace(SAMPLES + b"\3\0", SAMPLES + b"\xc8\0"),
}


@pytest.mark.parametrize("content", CRAFTED.values(), ids=CRAFTED)
def test_a_crafted_tiff_writes_nothing_to_the_terminal(content):
    """In a process of its own: pytest's handlers would take what Pillow logs."""
    assert content not in (tiff("L"), tiff("RGB"))
    asked = (
        "import io, sys\nfrom misread.images.picture import read_grey\nfrom misread.errors import FormatError\n"
        "try:\n    read_grey(io.BytesIO(sys.stdin.buffer.read()))\nexcept FormatError:\n    print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", asked], input=content, capture_output=True, check=True)
    assert (done.stdout.strip(), done.stderr) == (b"refused", b"")
