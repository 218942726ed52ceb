"""What is unlike the training images is said by ONNX models and pages as it is here."""

import base64
import shutil
from dataclasses import replace

import numpy as np
import pytest

from misread.bundle import Bundle, Manifest
from misread.data import Split
from misread.errors import ModelFileError
from misread.export.agreement import agree, our_answers
from misread.export.graph.decision import as_onnx
from misread.export.html import html_of
from misread.export.html.browser import asked_in_browser
from misread.export.onnx import onnx_of, run_onnx
from misread.images.fit import fit_images
from misread.models import SGDClassifier
from misread.recipes.unlike import telling_unlike


@pytest.fixture(scope="module", params=[(8, 8), (12, 9)], ids=["square", "upright"])
def asked(request, some, point):
    """A model that says what is unlike, and images to ask it about, half of them noise."""
    size = request.param
    images, tested = (fit_images(split.images, size) for split in (some.train, some.test))
    model = SGDClassifier(random_state=0).fit(images.reshape(len(images), -1), some.train.labels)
    about = Manifest("classification", "sgd", some.class_names, size, operating_point=point)
    bundle = Bundle(about, model, images, some.train.labels)
    noise = np.random.default_rng(0).integers(0, 256, tested.shape, np.uint8)
    return telling_unlike(bundle, Split(images, some.train.labels), 0.05), np.concatenate([tested, noise])


def test_onnxruntime_calls_unlike_what_we_do(asked):
    pytest.importorskip("onnxruntime")
    bundle, images = asked
    content, _ = onnx_of(bundle, images)
    said, ours = run_onnx(content)(images), bundle.answer(images)
    np.testing.assert_array_equal(said["unlike"], ours.unlike)
    np.testing.assert_array_equal(said["sure"], ours.sure)
    assert ours.unlike[100:].mean() > 0.9
    assert ours.unlike[:100].mean() < 0.5  # few are known, and by other writers
    assert not (ours.sure & ours.unlike).any()
    without = run_onnx(as_onnx(bundle.without_likeness()))(images)
    assert "unlike" not in without
    assert (without["sure"] & ours.unlike).any()


def test_the_page_calls_unlike_what_we_do(asked):
    pytest.importorskip("playwright")
    if shutil.which("chromium") is None:
        pytest.skip("needs the program chromium: apt-get install chromium")
    bundle, images = asked
    content, _ = html_of(bundle, images)
    with asked_in_browser(content.decode()) as (ask, browser):
        agree(bundle, images, ask, browser, rounded=True)
        said = ask(images)
    ours = bundle.answer(images)
    np.testing.assert_array_equal(said["unlike"], ours.unlike)
    np.testing.assert_array_equal(said["sure"], ours.sure)


def test_an_export_that_calls_other_images_unlike_is_not_written(asked):
    bundle, images = asked
    nearly = replace(bundle.manifest.unlike, threshold=bundle.manifest.unlike.threshold * 0.9)
    other = replace(bundle, manifest=replace(bundle.manifest, unlike=nearly))
    with pytest.raises(ModelFileError, match="answers differently"):
        agree(bundle, images, lambda some: our_answers(other, some), "another threshold")


def test_rounding_may_decide_at_the_threshold(asked):
    bundle, images = asked
    unlike = replace(bundle.manifest.unlike, threshold=bundle.likeness.distances(images[:1])[0])
    at = replace(bundle, manifest=replace(bundle.manifest, unlike=unlike))
    just_below = replace(unlike, threshold=unlike.threshold * (1 - 1e-9))
    other = replace(at, manifest=replace(at.manifest, unlike=just_below))
    assert our_answers(other, images[:1])["unlike"][0] != our_answers(at, images[:1])["unlike"][0]
    agree(at, images[:1], lambda some: our_answers(other, some), "rounding")


def test_the_page_shows_a_state_of_its_own(asked, tmp_path):
    sync_api = pytest.importorskip("playwright.sync_api")
    if shutil.which("chromium") is None:
        pytest.skip("needs the program chromium: apt-get install chromium")
    bundle, images = asked
    pixels = base64.b64encode(images[100].tobytes()).decode()
    path = tmp_path / "page.html"
    path.write_bytes(html_of(bundle)[0])
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(path.as_uri())
        page.locator("html[data-ready]").wait_for(state="attached")
        assert page.locator("#promise").is_visible()
        page.evaluate(
            """async ([text, width]) => {
            const canvas = document.createElement("canvas");
            const levels = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
            [canvas.width, canvas.height] = [width, levels.length / width];
            const image = new ImageData(canvas.width, canvas.height);
            levels.forEach((level, i) => image.data.set([level, level, level, 255], 4 * i));
            canvas.getContext("2d").putImageData(image, 0, 0);
            const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
            const moved = new DataTransfer();
            moved.items.add(new File([blob], "noise.png", { type: "image/png" }));
            document.dispatchEvent(new DragEvent("drop", { dataTransfer: moved }));
            }""",
            [pixels, bundle.manifest.image_size[1]],
        )
        page.locator('#says[data-state="unlike"]').wait_for()
        assert page.locator("#label").inner_text() == "?"
        assert page.locator("#sure").inner_text().startswith("Unlike anything it learnt.")
        assert not page.locator("#promise").is_visible()
        assert set(page.locator("#bars .value").all_inner_texts()) == {""}
        page.keyboard.press("Escape")
        page.locator('#says[data-state="empty"]').wait_for()
        assert page.locator("#promise").is_visible()
        browser.close()
