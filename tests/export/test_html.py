"""The page: opened from a file in a browser without a network, it answers as Python does."""

import base64
import io
import json
import shutil
import zlib

import numpy as np
import pytest
from PIL import Image, ImageDraw

from benchmarks.photographs.kinds import KINDS, NOTHING
from benchmarks.photographs.scene import photograph
from misread.bundle import Bundle, Manifest, OperatingPointRecord
from misread.errors import ModelFileError, ParameterError
from misread.export import export_html, html_of
from misread.export.agreement import ROUNDED_CHANCE
from misread.export.exported import read_exported
from misread.export.html.page import as_page, facts_of_page
from misread.export.html.told import candidates
from misread.images.fit import EARLIER_FITS, FITS, fit_image
from misread.images.picture import read_grey
from misread.models import SGDClassifier

PHOTOGRAPHED = {name: (KINDS | NOTHING)[name] for name in ("squared in shadow", "empty: ruled")}
sync_api = pytest.importorskip("playwright.sync_api")


@pytest.fixture(scope="module")
def chromium():
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs the program chromium: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium, tmp_path):
    """Opens a page from a file, offline; at the end nothing may have gone wrong or been asked for."""
    wrong, contexts = [], []

    def open_page(content: bytes, **options):
        path = tmp_path / f"page-{len(contexts)}.html"
        path.write_bytes(content)
        context = chromium.new_context(offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request", lambda asked: None if asked.url.startswith(("file:", "blob:")) else wrong.append(asked.url)
        )
        page.goto(path.as_uri())
        page.locator("html[data-ready]").wait_for(state="attached", timeout=30_000)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def of_classes(bundle: Bundle, codes: list[int], names: int) -> Bundle:
    chosen = np.isin(bundle.example_labels, codes)
    images, labels = bundle.example_images[chosen], bundle.example_labels[chosen]
    model = SGDClassifier(random_state=0).fit(images.reshape(len(images), -1), labels)
    about = Manifest("classification", "sgd", bundle.manifest.classes[:names], bundle.manifest.image_size)
    return Bundle(about, model, images, labels)


NETWORKS = ["convnet", "tiny", "convnet detector"]


@pytest.mark.parametrize(
    "case", [*NETWORKS, "sgd", "sgd-scaled", "detector", "two classes", "two of ten", "unsure"]
)
def test_it_answers_in_the_browser_as_in_python(case, bundle_of, some, odd_images, opened):
    if case in NETWORKS:
        pytest.importorskip("torch")
    point = OperatingPointRecord(40.0, "precision", 0.9, None, "held-out scores")
    bundle = {
        "detector": lambda: bundle_of("sgd", positive="5", operating_point=point),
        "convnet detector": lambda: bundle_of("convnet", positive="5"),
        "two classes": lambda: of_classes(bundle_of("sgd"), [0, 1], 2),
        "two of ten": lambda: of_classes(bundle_of("sgd"), [3, 8], 10),
        "unsure": lambda: bundle_of("sgd-scaled", operating_point=point),
    }.get(case, lambda: bundle_of(case))()
    content, agreement = html_of(bundle, some.test.images)
    assert agreement.n_held_out == 100
    images = np.concatenate([some.test.images, odd_images])
    page = opened(content)
    said = page.evaluate("pixels => misread.answers(pixels)", base64.b64encode(images.tobytes()).decode())
    ours = bundle.answer(images)
    np.testing.assert_array_equal(said["label"], ours.labels)
    np.testing.assert_array_equal(said["sure"], ours.sure)
    np.testing.assert_array_equal(said["blank"], ours.blank)
    scale = np.abs(ours.scores).max()
    np.testing.assert_allclose(said["scores"], ours.scores, atol=0.02 * scale)
    chances = ours.probabilities
    assert chances is not None or case.startswith("two")
    if chances is not None:
        both = np.hstack([1 - chances, chances]) if "detector" in case else chances
        np.testing.assert_allclose(said["probabilities"], both, atol=ROUNDED_CHANCE)


def test_weights_of_any_number_of_bits_are_what_python_checked(bundle_of, some, opened):
    pixels = base64.b64encode(some.test.images.tobytes()).decode()
    for told in candidates(bundle_of("sgd")):
        page = opened(as_page(told.document, {}).encode())
        said = page.evaluate("pixels => misread.answers(pixels)", pixels)
        np.testing.assert_allclose(said["scores"], told.answer(some.test.images)["scores"], rtol=1e-9)


def test_pictures_are_cropped_and_resized_as_in_python(bundle_of, opened):
    page = opened(html_of(bundle_of("sgd"))[0])
    rng = np.random.default_rng(0)
    ways = [
        {"image_size": size, "fit": fit, "invert": invert}
        for size, invert in (((28, 28), False), ((8, 8), True), ((12, 20), False))
        for fit in FITS + EARLIER_FITS
    ]
    for number in range(30):
        grey = picture(rng, number)
        pixels = base64.b64encode(grey.tobytes()).decode()
        got = page.evaluate(
            """([text, height, width, ways]) => {
            const data = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
            return ways.map((way) => Array.from(misread.prepare({width, height, data}, way).data)) }""",
            [pixels, *grey.shape, ways],
        )
        for levels, way in zip(got, ways, strict=True):
            expected = fit_image(grey, way["image_size"], way["fit"], way["invert"]).ravel().astype(int)
            assert np.abs(np.array(levels) - expected).max() <= 1, (grey.shape, way)
            if grey.shape[0] == grey.shape[1] and way["fit"] == "stretch":
                np.testing.assert_array_equal(levels, expected)


def test_photographs_are_read_as_in_python(bundle_of, opened):
    page = opened(html_of(bundle_of("sgd"))[0])
    digit = np.zeros((28, 28), np.uint8)
    digit[4:24, 13:16] = digit[8:11, 10:16] = 255
    for kind, scene in PHOTOGRAPHED.items():
        grey = read_grey(io.BytesIO(photograph(scene, digit, digit[None], (5,))))
        got = page.evaluate(
            """([text, height, width]) => {
            const data = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
            const way = { image_size: [28, 28], fit: "mnist", invert: false };
            return Array.from(misread.prepare({width, height, data}, way).data) }""",
            [base64.b64encode(grey.tobytes()).decode(), *grey.shape],
        )
        expected = fit_image(grey, 28, "mnist").ravel().astype(int)
        assert expected.any() == (kind in KINDS), kind
        assert np.abs(np.array(got) - expected).max() <= 1, kind


def picture(rng: np.random.Generator, number: int) -> np.ndarray:
    """Strokes on an even or uneven ground, light or dark, clean or noisy."""
    height, width = ((28, 28), (8, 8), (224, 224), (100, 70), (300, 200), (13, 90), (1, 40))[number % 7]
    image = Image.new("L", (width, height), 0)
    for _ in range(1 + number % 3):
        points = rng.random((4, 2)) * [0.8 * width, 0.8 * height] + [0.1 * width, 0.1 * height]
        line = [tuple(map(float, point)) for point in points]
        ImageDraw.Draw(image).line(line, fill=int(rng.integers(120, 256)), width=max(1, height // 10))
    grey = np.asarray(image).astype(int)
    if number % 5 == 1:
        grey = np.maximum(grey, 50 + np.linspace(0, 30, width)[None].astype(int))
    if number % 5 in (1, 2):
        grey = grey + rng.integers(-6, 7, grey.shape)
    grey = np.clip(grey, 0, 255).astype(np.uint8)
    return 255 - grey if number % 4 == 3 else grey


@pytest.mark.parametrize("name", ["sgd", "convnet"])
def test_a_drawing_is_answered_on_a_phone(name, bundle_of, opened):
    if name == "convnet":
        pytest.importorskip("torch")
    bundle = bundle_of(name)
    phone = {
        "viewport": {"width": 390, "height": 800},
        "has_touch": True,
        "is_mobile": True,
        "color_scheme": "dark",
    }
    page = opened(html_of(bundle)[0], **phone)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = page.locator("#pad").bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.2 * box["height"], steps=5)
    page.mouse.move(box["x"] + 0.45 * box["width"], box["y"] + 0.8 * box["height"], steps=5)
    page.mouse.up()
    page.locator('#says:not([data-state="empty"])').wait_for()
    assert page.locator("#insight canvas").count() == (10 if name == "sgd" else 4)
    seen = page.evaluate(
        "() => { const c = document.getElementById('seen'); "
        "return Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data) }"
    )
    image = np.array(seen, np.uint8).reshape(1, 8, 8, 4)[..., 0]
    assert page.locator("#label").inner_text() == bundle.answer(image).names[0]
    page.keyboard.press("Escape")
    page.locator('#says[data-state="empty"]').wait_for()


def test_a_photo_is_answered_and_what_is_none_is_told(bundle_of, some, opened, tmp_path):
    bundle = bundle_of("sgd")
    page = opened(html_of(bundle)[0])
    Image.fromarray(some.test.images[3]).resize((160, 160), Image.Resampling.NEAREST).save(tmp_path / "photo.png")
    page.evaluate(
        """() => new MutationObserver(() => {
          if (document.querySelector("#says.waiting")) document.body.dataset.waited = "yes";
        }).observe(document.querySelector("#says"), { attributeFilter: ["class"] })"""
    )
    page.locator("#file").set_input_files(tmp_path / "photo.png")
    page.locator("body[data-waited]").wait_for()
    page.locator('#says:not([data-state="empty"])').wait_for()
    photo = np.asarray(Image.open(tmp_path / "photo.png"))
    expected = bundle.answer(bundle.prepare(photo)[None]).names[0]
    assert page.locator("#label").inner_text() == expected
    assert page.locator("#says.waiting").count() == 0
    (tmp_path / "photo.jpg").write_text("none")
    page.locator("#file").set_input_files(tmp_path / "photo.jpg")
    page.get_by_text("This file is not an image that this browser can read.").wait_for()


def test_other_scripts_may_ask(bundle_of, some, opened):
    bundle = bundle_of("sgd")
    page = opened(html_of(bundle)[0])
    said = page.evaluate(
        """levels => { const image = new ImageData(8, 8);
        levels.forEach((grey, i) => image.data.set([grey, grey, grey, 255], 4 * i));
        return misread.predict(image) }""",
        some.test.X[0].tolist(),
    )
    answer = bundle.answer(some.test.images[:1])
    assert (said["label"], said["index"], said["state"]) == (answer.names[0], answer.labels[0], "unsure")
    assert said["seen"] == some.test.images[0].tolist()


def test_names_of_classes_are_text(bundle_of, opened):
    names = (
        "</script><script>throw 1</script>",
        "<!--",
        "&lt;",
        '"',
        "'",
        "\\u003c",
        "\u2028",
        "é",
        "`${1}`",
        "$&",
    )
    bundle = bundle_of("sgd")
    about = Manifest("classification", "</title><b>", names, (8, 8))
    page = opened(html_of(Bundle(about, bundle.estimator, bundle.example_images, bundle.example_labels))[0])
    assert page.evaluate("misread.classes") == list(names)
    assert page.title() == "</title><b> – misread"


def test_it_says_what_it_is_from(bundle_of, some, tmp_path):
    bundle = bundle_of("sgd")
    agreement = export_html(bundle, tmp_path / "m.html", some.test.images)
    said = read_exported(tmp_path / "m.html")
    assert (said.kind, said.manifest, said.agreement) == ("a page", bundle.manifest, agreement)


def test_an_earlier_page_says_what_it_is_from(bundle_of, tmp_path):
    path = tmp_path / "m.html"
    agreement = export_html(bundle_of("sgd"), path)
    facts = json.dumps(facts_of_page(path.read_text("utf-8"))).replace("<", "\\u003c")
    path.write_text(f'<script type="application/json" id="misread-facts">{facts}</script>')
    assert read_exported(path).agreement == agreement


@pytest.mark.parametrize(
    "facts",
    [
        "no base64",
        base64.b64encode(b"not deflated"),
        base64.b64encode(zlib.compress(b"{}")[:-3]),
        base64.b64encode(zlib.compress(b" " * 2**23 + b"{}", 9)),
        base64.b64encode(zlib.compress(b"[" * 100_000)),
        base64.b64encode(zlib.compress(b"[1]")),
        base64.b64encode(zlib.compress(b'{"manifest": 1}')),
    ],
    ids=["text", "bytes", "cut", "bomb", "deep", "list", "other"],
)
def test_a_page_with_a_damaged_description_is_one_line(facts, tmp_path):
    text = facts if isinstance(facts, str) else facts.decode()
    (tmp_path / "m.html").write_text(f'<script type="text/plain" id="misread-facts">{text}</script>')
    with pytest.raises(ModelFileError, match=r"a page (whose description is damaged|that does not say what)"):
        read_exported(tmp_path / "m.html")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("knn", "this one is knn"),
        ("forest", "this one is forest"),
        ("convnet-ensemble", "train convnet, one network"),
    ],
)
def test_other_models_are_refused(name, why, bundle_of, tmp_path):
    if name == "convnet-ensemble":
        pytest.importorskip("torch")
    with pytest.raises(ParameterError, match=rf"only linear models .* go into a page; .*{why}.* try --onnx"):
        export_html(bundle_of(name), tmp_path / "m.html")
    assert not list(tmp_path.iterdir())


def test_what_it_is_made_of_has_no_address_of_the_network(bundle_of):
    content = html_of(bundle_of("sgd"))[0].decode()
    packed = content.split('id="misread-packed">')[1].split("<")[0]
    script = zlib.decompress(base64.b64decode(packed)).decode()
    assert "fetch(" not in script
    assert "import " not in script.replace("important", "")
    assert "http://" not in (content + script).replace("http://www.w3.org", "")
