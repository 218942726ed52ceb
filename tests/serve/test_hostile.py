"""What is meant to keep the server busy is refused or ended, and honest requests are answered meanwhile."""

import asyncio
import gzip
import io
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import httpx
import numpy as np
import pytest
from PIL import Image

from misread.bundle import Bundle
from misread.serve.apart import Setup
from misread.serve.decoders import Decoders
from misread.serve.decoding import Order
from misread.serve.limits import Limits, Refused
from misread.serve.multipart import read_parts
from misread.serve.unfolding import unfolded

Serve = Callable[..., AbstractContextManager[str]]
Png = Callable[..., bytes]

SETUP = Setup((8, 8), "stretch", False, False, Limits())


def large(side: int) -> bytes:
    stream = io.BytesIO()
    Image.new("L", (side, side), 9).save(stream, "PNG", compress_level=9)
    return stream.getvalue()


def drawing() -> Order:
    stream = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(stream, "PNG")
    return Order([("image 0", stream.getvalue())], 64)


def with_decoders(setup: Setup, use: Callable) -> None:
    async def run() -> None:
        decoders = Decoders(setup)
        decoders.start()
        try:
            await decoders.ready()
            await use(decoders)
        finally:
            decoders.close()

    asyncio.run(run())


def endless(pixels: int = 0) -> Order:
    """A minute of work that says it is none: what no check of the structure has found."""
    return Order([("image 0", large(8_000))] * 300, pixels)


# --- decoding that does not end -------------------------------------------------------------------------------


def test_what_computes_too_long_is_ended_and_others_are_answered() -> None:
    async def use(decoders: Decoders) -> None:
        bomb = asyncio.ensure_future(decoders.decode(endless()))
        await asyncio.sleep(0.1)
        for _ in range(3):
            assert (await decoders.decode(drawing())).tolist() == [np.arange(64).reshape(8, 8).tolist()]
        assert not bomb.done()
        with pytest.raises(Refused, match="far longer"):
            await bomb
        assert decoders.ended == 1
        for _ in range(3):
            assert (await decoders.decode(drawing())).shape == (1, 8, 8)

    with_decoders(SETUP, use)


def test_a_request_that_is_given_up_is_ended() -> None:
    async def use(decoders: Decoders) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await decoders.decode(endless(60_000_000))
        assert decoders.flight == 0
        started = time.monotonic()
        await asyncio.gather(*(decoders.decode(drawing()) for _ in range(4)))
        assert time.monotonic() - started < 20

    with_decoders(SETUP, use)


def test_decoders_close_in_the_middle_of_work() -> None:
    async def use(decoders: Decoders) -> None:
        tasks = [asyncio.ensure_future(decoders.decode(endless(1_000_000))) for _ in range(5)]
        await asyncio.sleep(0.3)
        started = time.monotonic()
        decoders.close()
        assert time.monotonic() - started < 5
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    with_decoders(SETUP, use)


def test_large_images_leave_a_process_for_small_ones() -> None:
    """And more pixels than may be in flight are told to come back."""

    async def use(decoders: Decoders) -> None:
        order = Order([("image 0", large(5_000))] * 4, 60_000_000)
        slow = [asyncio.ensure_future(decoders.decode(order)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Refused, match="large images of others") as refused:
            await decoders.decode(order)
        assert refused.value.status == 503
        await decoders.decode(drawing())
        assert not all(task.done() for task in slow)
        for images in await asyncio.gather(*slow):
            assert images.shape == (4, 8, 8)

    with_decoders(SETUP, use)


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs a bound on memory")
def test_memory_beyond_the_pixels_is_refused() -> None:
    async def use(decoders: Decoders) -> None:
        body = b'{"images": [' + b"[1,2,3]," * 4_000_000 + b"[]]}"
        with pytest.raises(Refused, match="memory"):
            await decoders.decode(Order(body, 0))
        assert (await decoders.decode(drawing())).shape == (1, 8, 8)

    with_decoders(SETUP, use)


# --- bodies that come otherwise -------------------------------------------------------------------------------


def test_gzip_is_understood_within_bounds() -> None:
    limits = Limits(body=1_000)
    assert unfolded("GZIP", gzip.compress(b"x" * 1_000), limits) == b"x" * 1_000
    assert unfolded("gzip", gzip.compress(b"x") + gzip.compress(b"y"), limits) == b"xy"
    for coding, body, status in (
        ("gzip", gzip.compress(b"x" * 1_001), 413),
        ("gzip", gzip.compress(bytes(10**8)), 413),
        ("gzip", gzip.compress(b"x")[:-3], 400),
        ("gzip", b"hello", 400),
        ("gzip", gzip.compress(b"") * 100_000, 400),
        ("br", b"x", 415),
        ("gzip, gzip", b"x", 415),
    ):
        started = time.process_time()
        with pytest.raises(Refused) as refused:
            unfolded(coding, body, limits)
        assert refused.value.status == status
        assert time.process_time() - started < 1
        if status == 415:
            assert refused.value.headers == {"Accept-Encoding": "gzip"}


def test_gzip_a_byte_order_mark_and_a_preamble(client: httpx.Client, digits_bundle: Bundle, png: Png) -> None:
    image = digits_bundle.example_images[:1]
    name = digits_bundle.manifest.classes[digits_bundle.example_labels[0]]
    text = json.dumps({"images": image.tolist()}).encode()
    form = (
        b"This is a message with several parts.\r\n--edge\r\n"
        b'Content-Disposition: form-data; name="images"; filename="a.png"\r\n\r\n%b\r\n--edge--\r\nThe end.\r\n'
    ) % png(image[0])
    json_type, form_type = "application/json", "multipart/form-data; boundary=edge"
    for body, kind, coding in (
        (b"\xef\xbb\xbf" + text, json_type, "identity"),
        (gzip.compress(text), json_type, "gzip"),
        (gzip.compress(form), form_type, "gzip"),
        (form, form_type, "identity"),
        (form[form.index(b"--edge") :], form_type, "identity"),
        (b"\r\n" + form[form.index(b"--edge") :], form_type, "identity"),
    ):
        headers = {"Content-Type": kind, "Content-Encoding": coding}
        answer = client.post("/v1/predict", content=body, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.json()["predictions"][0]["label"] == name
    refused = client.post("/v1/predict", content=text, headers={"Content-Encoding": "zstd"})
    assert refused.status_code == 415
    assert refused.json()["error"] == "content-encoding"
    assert "gzip" in refused.json()["detail"]
    assert refused.headers["accept-encoding"] == "gzip"


def test_parts_coded_as_text_are_told_so() -> None:
    head = b'--e\r\nContent-Disposition: form-data; name="images"\r\n'
    part = head + b"Content-Transfer-Encoding: %b\r\n\r\nx\r\n--e--\r\n"
    assert read_parts(part % b"binary", b"e", 3)[0].data == b"x"
    with pytest.raises(Refused, match="base64") as refused:
        read_parts(part % b"base64", b"e", 3)
    assert refused.value.status == 415


# --- everything at once ---------------------------------------------------------------------------------------


def mutated(rng: random.Random, seeds: list[tuple[str, bytes]]) -> tuple[str, bytes]:
    """A request of a kind that is understood, with some bytes changed, cut off, or there again."""
    kind, body = rng.choice(seeds)
    changed = bytearray(body)
    for _ in range(rng.choice((1, 1, 2, 8, 40))):
        at = rng.randrange(len(changed) or 1)
        match rng.randrange(4):
            case 0:
                changed[at : at + 1] = bytes([rng.choice((0, 1, 127, 128, 254, 255, rng.randrange(256)))])
            case 1:
                del changed[at : at + rng.choice((1, 2, 50))]
            case 2:
                piece = changed[at : at + rng.choice((1, 20, 300))]
                changed[at:at] = piece * rng.choice((1, 3, 30))
            case 3:
                changed[at : at + 4] = rng.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"))
    return kind, bytes(changed)


def seeds_of(image: np.ndarray) -> list[tuple[str, bytes]]:
    seeds = [("application/json", json.dumps({"images": [image.tolist()] * 2}).encode())]
    picture = Image.fromarray(image).resize((60, 50))
    for form, options in (
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("WEBP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("BMP", {}),
    ):
        stream = io.BytesIO()
        picture.save(stream, form, **options)
        head = b'--edge\r\nContent-Disposition: form-data; name="images"; filename="a"\r\n\r\n'
        seeds.append(("multipart/form-data; boundary=edge", head + stream.getvalue() + b"\r\n--edge--\r\n"))
    return seeds


@pytest.mark.parametrize("seed", [1, 2])
def test_mutated_requests_are_answered_or_refused(digits_bundle: Bundle, serve: Serve, seed: int) -> None:
    rng = random.Random(seed)
    seeds = seeds_of(digits_bundle.example_images[0] * 15)
    requests = [mutated(rng, seeds) for _ in range(200)]
    honest = {"images": digits_bundle.example_images[:1].tolist()}
    statuses: list[int] = []
    slowest = 0.0
    with serve(digits_bundle) as url:

        def attack(part: list[tuple[str, bytes]]) -> None:
            with httpx.Client(base_url=url, timeout=60) as client:
                for kind, body in part:
                    headers = {"Content-Type": kind}
                    statuses.append(client.post("/v1/predict", content=body, headers=headers).status_code)

        threads = [threading.Thread(target=attack, args=(requests[start::4],)) for start in range(4)]
        for thread in threads:
            thread.start()
        with httpx.Client(base_url=url, timeout=60) as client:
            while any(thread.is_alive() for thread in threads):
                started = time.monotonic()
                assert client.post("/v1/predict", json=honest).status_code == 200
                slowest = max(slowest, time.monotonic() - started)
                time.sleep(0.05)
        for thread in threads:
            thread.join()
    assert len(statuses) == len(requests)
    assert set(statuses) <= {200, 400, 413, 415, 422}
    assert slowest < 20


def test_a_decoder_starts_without_what_it_does_not_need() -> None:
    """One that was ended is replaced while somebody waits."""
    program = "import sys, misread.serve.apart; print({'sklearn', 'pandas', 'fastapi'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
