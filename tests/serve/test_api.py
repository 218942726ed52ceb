"""The API as a client sees it: right answers, and a 4xx that says why for everything else."""

import io
import json
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager

import httpx
import numpy as np
import pytest
from PIL import Image

from misread.bundle import Bundle, Manifest
from misread.errors import ParameterError
from misread.models.zoo import make
from misread.recipes.train import train
from misread.serve.app import create_app
from misread.serve.limits import Limits

Serve = Callable[..., AbstractContextManager[str]]
Png = Callable[..., bytes]


def images_json(images: np.ndarray) -> dict[str, object]:
    return {"images": images.tolist()}


def files(*contents: bytes, name: str = "images") -> list[tuple[str, tuple[str, bytes]]]:
    return [(name, (f"{i}.png", content)) for i, content in enumerate(contents)]


def refused(response: httpx.Response, status: int, code: str) -> str:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert body["error"] == code
    return str(body["detail"])


# --- right answers --------------------------------------------------------------------------------------------


def test_arrays_are_answered_as_the_model_does(client: httpx.Client, digits_bundle: Bundle) -> None:
    images = digits_bundle.example_images[:7]
    answers = client.post("/v1/predict", json=images_json(images)).raise_for_status().json()["predictions"]
    expected = digits_bundle.answer(images)
    assert [one["label"] for one in answers] == expected.names
    assert [one["sure"] for one in answers] == expected.sure.tolist()
    assert [list(one["scores"].values()) for one in answers] == expected.scores.tolist()
    assert list(answers[0]["scores"]) == list(digits_bundle.manifest.classes)
    assert [one["state"] for one in answers] == ["sure" if sure else "unsure" for sure in expected.sure]
    assert [one["lead"] for one in answers] == expected.lead.tolist()
    assert all(set(one) == {"label", "state", "sure", "scores", "lead"} for one in answers)


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "WEBP", "JPEG"])
def test_files_are_prepared_as_in_training(
    client: httpx.Client, digits_bundle: Bundle, png: Png, format: str
) -> None:
    picture = Image.fromarray(digits_bundle.example_images[3] * 15).resize((40, 56))
    response = client.post("/v1/predict?explain=true", files=files(png(picture, format), png(picture)))
    one, same = response.raise_for_status().json()["predictions"]
    exact = digits_bundle.prepare(picture)
    assert same["seen"] == exact.tolist()
    assert np.abs(np.array(one["seen"]) - exact.astype(int)).max() <= (25 if format in ("JPEG", "WEBP") else 0)


def test_explains_with_the_nearest_training_images(client: httpx.Client, digits_bundle: Bundle) -> None:
    image = digits_bundle.example_images[11].copy()
    image[0, 0] = 3
    (answer,) = client.post("/v1/predict?explain=true", json=images_json(image[None])).json()["predictions"]
    examples = digits_bundle.example_images.astype(float)
    distances = np.sqrt(((examples - image) ** 2).sum(axis=(1, 2)))
    assert [one["distance"] for one in answer["nearest"]] == pytest.approx(np.sort(distances)[:5])
    assert answer["nearest"][0]["image"] == digits_bundle.example_images[11].tolist()
    assert answer["nearest"][0]["label"] == digits_bundle.manifest.classes[digits_bundle.example_labels[11]]
    assert answer["seen"] == image.tolist()


def test_tells_of_the_model_but_not_of_the_machine(client: httpx.Client) -> None:
    model = client.get("/v1/model").raise_for_status().json()
    assert model["classes"] == [str(digit) for digit in range(10)]
    assert model["image_size"] == [8, 8]
    assert model["operating_point"]["threshold"] == 0.5
    assert model["score_kind"] == "share"
    assert model["drawing"]["ink"] == "light"
    assert 0.8 < model["drawing"]["fill"] <= 1
    assert "secret" not in json.dumps(model)


def test_a_detector_and_a_model_without_probabilities(digits_bundle: Bundle, serve: Serve) -> None:
    images, is_five = digits_bundle.example_images, digits_bundle.example_labels == 5
    estimator = make("sgd").fit(images.reshape(len(images), -1), is_five)
    manifest = Manifest("detector", "sgd", digits_bundle.manifest.classes, (8, 8), positive="5")
    detector = Bundle(manifest, estimator, images, digits_bundle.example_labels)
    with serve(detector) as url:
        answers = httpx.post(f"{url}/v1/predict", json=images_json(images[:20])).json()["predictions"]
        assert httpx.get(f"{url}/v1/model").json()["score_kind"] == "score"
    assert [one["label"] for one in answers] == detector.answer(images[:20]).names
    assert all(list(one["scores"]) == ["5"] for one in answers)


def test_a_calibrated_model_tells_probabilities_besides_its_scores(
    calibrated_bundle: Bundle, serve: Serve
) -> None:
    images, estimator = calibrated_bundle.example_images[:20], calibrated_bundle.estimator
    with serve(calibrated_bundle) as url:
        answers = httpx.post(f"{url}/v1/predict", json=images_json(images)).json()["predictions"]
        assert httpx.get(f"{url}/v1/model").json()["score_kind"] == "score"
    X = images.reshape(len(images), -1)
    for kind, table in (("scores", estimator.decision_function(X)), ("probabilities", estimator.predict_proba(X))):
        assert [list(one[kind]) for one in answers] == [list(calibrated_bundle.manifest.classes)] * len(images)
        np.testing.assert_allclose([list(one[kind].values()) for one in answers], table, atol=1e-12)


def test_a_model_that_was_not_calibrated_tells_none(client: httpx.Client, digits_bundle: Bundle) -> None:
    answers = client.post("/v1/predict", json=images_json(digits_bundle.example_images[:2])).json()["predictions"]
    assert all("probabilities" not in one for one in answers)


@pytest.mark.parametrize("level", [0, 100, 255])
def test_a_blank_image_has_a_state_of_its_own(
    client: httpx.Client, digits_bundle: Bundle, png: Png, level: int
) -> None:
    """Neither a sheet nor a scan of one, with its noise, is a digit that anyone may be sure of."""
    noise = np.random.default_rng(0).integers(0, 5, (60, 60))
    scan = np.clip(level + noise, 0, 255).astype(np.uint8)
    sent = (scan, np.full((60, 60), level, np.uint8), digits_bundle.example_images[0])
    answers = client.post("/v1/predict", files=files(*map(png, sent))).json()["predictions"]
    assert [one["state"] for one in answers[:2]] == ["empty", "empty"]
    assert [(one["label"], one["sure"]) for one in answers[:2]] == [(None, False)] * 2
    assert answers[2]["label"] == digits_bundle.manifest.classes[digits_bundle.example_labels[0]]
    blank = np.full((1, 8, 8), level, np.uint8)
    (answer,) = client.post("/v1/predict", json=images_json(blank)).json()["predictions"]
    assert answer["state"] == "empty"


def test_what_is_unlike_all_that_it_learnt_has_a_state_of_its_own(serve: Serve) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (3, 8, 8), np.uint8)
    with serve(train("knn", "digits", precision=0.5)) as url:
        answers = httpx.post(f"{url}/v1/predict", json=images_json(noise)).json()["predictions"]
    assert {(one["state"], one["sure"]) for one in answers} == {("unlike", False)}
    assert all(one["label"] for one in answers)


def test_a_denoising_model_is_refused(digits_bundle: Bundle) -> None:
    manifest = Manifest("denoising", "knn", ("0",), (8, 8))
    with pytest.raises(ParameterError, match="misread denoise"):
        create_app(Bundle(manifest, None, digits_bundle.example_images, digits_bundle.example_labels))


def test_dark_ink_is_told_to_the_page(digits_bundle: Bundle, serve: Serve) -> None:
    dark = 255 - digits_bundle.example_images * 15
    estimator = make("knn").fit(dark.reshape(len(dark), -1), digits_bundle.example_labels)
    manifest = Manifest("classification", "knn", digits_bundle.manifest.classes, (8, 8))
    with serve(Bundle(manifest, estimator, dark, digits_bundle.example_labels)) as url:
        assert httpx.get(f"{url}/v1/model").json()["drawing"]["ink"] == "dark"


# --- bad input: JSON ------------------------------------------------------------------------------------------

BLANK = [[0] * 8] * 8


def with_pixel(value: object) -> list[object]:
    return [[value, *BLANK[0][1:]], *BLANK[1:]]


@pytest.mark.parametrize(
    "value", [-1, 256, 1.5, 1e300, True, None, "7", [], {}, 10**30, float("nan"), float("inf")]
)
def test_a_wrong_pixel(client: httpx.Client, value: object) -> None:
    body = json.dumps({"images": [BLANK, with_pixel(value)]})
    response = client.post("/v1/predict", content=body, headers={"Content-Type": "application/json"})
    detail = refused(response, 422, "not-a-pixel")
    assert "0 to 255" in detail


@pytest.mark.parametrize("value", [0, 255, 7.0])
def test_a_right_pixel(client: httpx.Client, value: object) -> None:
    assert client.post("/v1/predict", json={"images": [with_pixel(value)]}).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "not-json"),
        (b"{", 400, "not-json"),
        (b"\xff\xfe{\x00}\x00", 400, "not-json"),
        (b"[" * 100_000, 400, "not-json"),
        (b'{"images":' + b"[" * 50_000 + b"]" * 50_000 + b"}", 400, "not-json"),
        (b'{"images": [[[' + b"9" * 5_000 + b"]]]}", 400, "not-json"),
        (b"[]", 422, "json-shape"),
        (b"null", 422, "json-shape"),
        (b"{}", 422, "json-shape"),
        (b'{"images": [], "more": 1}', 422, "json-shape"),
        (b'{"images": []}', 422, "no-images"),
        (b'{"images": {"0": 1}}', 422, "no-images"),
        (b'{"images": "x"}', 422, "no-images"),
        (b'{"images": [[]]}', 422, "image-size"),
        (b'{"images": [[[]]]}', 422, "image-size"),
        (b'{"images": [1]}', 422, "image-size"),
        (json.dumps({"images": [BLANK[:7]]}).encode(), 422, "image-size"),
        (json.dumps({"images": [[*BLANK[:7], [0] * 9]]}).encode(), 422, "image-size"),
        (json.dumps({"images": BLANK}).encode(), 422, "image-size"),
        (json.dumps({"images": [BLANK] * 257}).encode(), 422, "batch-too-large"),
        (json.dumps({"images": [[]] * 50_000}).encode(), 422, "batch-too-large"),
        (b'{"images": [' + b"[]," * 1_000_000 + b"[]]}", 413, "body-too-large"),
    ],
)
def test_wrong_json(client: httpx.Client, body: bytes, status: int, code: str) -> None:
    response = client.post("/v1/predict", content=body, headers={"Content-Type": "application/json"})
    assert len(refused(response, status, code)) < 300


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "image/png", "%%%"]
)
def test_wrong_media_type(client: httpx.Client, content_type: str | None) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    response = client.post("/v1/predict", content=b"x", headers=headers)
    refused(response, 415, "media-type")
    assert "application/json" in response.headers["accept"]


def test_a_wrong_parameter(client: httpx.Client) -> None:
    assert "explain" in refused(client.post("/v1/predict?explain=perhaps", json={}), 422, "parameter")


def test_unknown_places_and_methods(client: httpx.Client) -> None:
    refused(client.get("/v1/nothing"), 404, "not-found")
    refused(client.get("/static/../app.py"), 404, "not-found")
    refused(client.get("/static/%2e%2e/%2e%2e/app.py"), 404, "not-found")
    response = client.put("/v1/predict")
    refused(response, 405, "method")
    assert response.headers["allow"] == "POST"


# --- bad input: files -----------------------------------------------------------------------------------------


def bomb(side: int) -> bytes:
    """A PNG of side x side pixels in a few kB, whose pixels are never sent."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def zip_as_jpeg() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x.jpg", "x")
    return buffer.getvalue()


HOSTILE = {
    "empty": b"",
    "text": b"hello",
    "zip": zip_as_jpeg(),
    "jpeg header, then a zip": b"\xff\xd8\xff\xe0" + zip_as_jpeg(),
    "png header alone": b"\x89PNG\r\n\x1a\n",
    "gif": b"GIF89a\x01\x00\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;",
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(id) system",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "tiff without directory": b"II*\x00\xff\xff\xff\xff",
    "webp riff only": b"RIFF\x04\x00\x00\x00WEBP",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_no_image(client: httpx.Client, name: str) -> None:
    detail = refused(client.post("/v1/predict", files=files(HOSTILE[name])), 422, "unreadable-image")
    assert "0.png" in detail


@pytest.mark.parametrize("side", [8_001, 13_000, 60_000])
def test_a_decompression_bomb(client: httpx.Client, side: int) -> None:
    refused(client.post("/v1/predict", files=files(bomb(side))), 413, "too-many-pixels")


def test_pixels_are_counted_over_the_whole_request(client: httpx.Client, png: Png) -> None:
    flat = png(np.zeros((4_000, 4_000), np.uint8))
    assert "64,000,000" in refused(client.post("/v1/predict", files=files(*[flat] * 5)), 413, "too-many-pixels")


def test_truncated_and_damaged_images_never_break_the_server(client: httpx.Client, png: Png) -> None:
    random = np.random.default_rng(0)
    picture = random.integers(0, 256, (30, 30), np.uint8)
    for format in ("PNG", "JPEG", "BMP", "TIFF", "WEBP"):
        whole = png(picture, format)
        for _ in range(25):
            broken = bytearray(whole[: random.integers(1, len(whole) + 1)])
            for at in random.integers(0, len(broken), 3):
                broken[at] = random.integers(256)
            response = client.post("/v1/predict", files=files(bytes(broken)))
            assert response.status_code in (200, 413, 422), response.text
    assert client.get("/healthz").json() == {"status": "ok"}


def test_too_many_files(client: httpx.Client, png: Png) -> None:
    small = png(np.zeros((8, 8), np.uint8))
    assert client.post("/v1/predict", files=files(*[small] * 256)).status_code == 200
    refused(client.post("/v1/predict", files=files(*[small] * 257)), 422, "batch-too-large")


@pytest.mark.parametrize(
    ("content_type", "body", "status", "code"),
    [
        ("multipart/form-data", b"--x--", 400, "not-multipart"),
        ("multipart/form-data; boundary=x", b"", 400, "not-multipart"),
        ("multipart/form-data; boundary=x", b"no form", 400, "not-multipart"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=", 400, "not-multipart"),
        ("multipart/form-data; boundary=" + "x" * 5_000, b"--x", 400, "not-multipart"),
        ("multipart/form-data; boundary=x", b"--x\r\nA: b\r\n\r\nhello\r\n--x--\r\n", 422, "form-field"),
    ],
)
def test_wrong_forms(client: httpx.Client, content_type: str, body: bytes, status: int, code: str) -> None:
    response = client.post("/v1/predict", content=body, headers={"Content-Type": content_type})
    refused(response, status, code)


def test_fields_that_are_no_images(client: httpx.Client) -> None:
    refused(client.post("/v1/predict", files=files(b"x", name="pictures")), 422, "form-field")
    refused(client.post("/v1/predict", data={"images": "x"}, files={}), 415, "media-type")
    refused(client.post("/v1/predict", files={"images": (None, b"x")}), 422, "unreadable-image")


def test_a_body_that_is_too_large(digits_bundle: Bundle, serve: Serve) -> None:
    with serve(digits_bundle, Limits(body=100_000)) as url:
        for size in (100_001, 350_000):
            response = httpx.post(f"{url}/v1/predict", content=b"x" * size)
            assert "100,000" in refused(response, 413, "body-too-large")
        chunks = (b"x" * 1_000 for _ in range(200))
        refused(httpx.post(f"{url}/v1/predict", content=chunks), 413, "body-too-large")


# --- who may ask ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:1234", "[::1]:8000", "192.168.0.7"])
def test_own_hosts(client: httpx.Client, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "[::1", "", "a@b"]
)
def test_foreign_hosts(client: httpx.Client, host: str) -> None:
    refused(client.get("/healthz", headers={"Host": host}), 421, "unknown-host")


def test_an_allowed_host(digits_bundle: Bundle) -> None:
    app = create_app(digits_bundle, hosts=["digits.example"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        transport = httpx.ASGITransport(app)

    async def get(host: str) -> int:
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
            return (await client.get("/healthz")).status_code

    import asyncio

    assert asyncio.run(get("digits.example")) == 200
    assert asyncio.run(get("other.example")) == 421


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://[::1"])
def test_foreign_origins(client: httpx.Client, origin: str) -> None:
    refused(client.post("/v1/predict", headers={"Origin": origin}), 403, "foreign-origin")


def test_own_origin(client: httpx.Client) -> None:
    origin = str(client.base_url).rstrip("/")
    assert client.get("/healthz", headers={"Origin": origin}).status_code == 200


def test_every_answer_has_the_security_headers(client: httpx.Client) -> None:
    for path in ("/", "/docs", "/static/main.js", "/v1/model", "/nothing", "/metrics"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self'")
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers
        assert "set-cookie" not in headers
    assert client.get("/healthz", headers={"Host": "evil.example"}).headers["x-content-type-options"] == "nosniff"
