"""C: compiled by whatever is here it answers like its emulation, bit for bit, and fits where it says it fits."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from misread.bundle import Bundle, Manifest, OperatingPointRecord
from misread.data import load as load_data
from misread.errors import ModelFileError, ParameterError
from misread.export import c_of, export_c
from misread.export.c import write
from misread.export.c.compiled import WARNINGS, run_c
from misread.export.c.network import places_of
from misread.export.c.write import machine_of
from misread.models import SGDClassifier
from misread.models.pixels import PixelReader
from misread.models.tiny import TinyNetClassifier
from misread.models.whole import WholeConv, WholeLinear, WholeNetwork, plan
from misread.models.zoo import make

CORTEX_M0 = ["arm-none-eabi-gcc", "-mcpu=cortex-m0", "-mthumb", "-Os", "-ffreestanding"]
FOLDER = Path(__file__).parent / "cortex_m0"
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
COMMANDS = {
    "gcc": ("gcc",),
    "clang": ("clang",),
    "sanitizers": ("gcc", *SANITIZERS),
    "freestanding": ("gcc", "-ffreestanding"),
}


@pytest.fixture
def of(bundle_of):
    """A linear model by the name of a case."""

    def make(case: str) -> Bundle:
        point = OperatingPointRecord(40.0, "precision", 0.9, None, "held-out scores")
        low = replace(point, threshold=0.5)
        if "tiny" in case:
            pytest.importorskip("torch")
        return {
            "ten classes": lambda: bundle_of("sgd"),
            "scaled, may be unsure": lambda: bundle_of("sgd-scaled", operating_point=point),
            "a detector": lambda: bundle_of("sgd", positive="5"),
            "a detector with a threshold": lambda: bundle_of("sgd-scaled", positive="5", operating_point=point),
            "two classes": lambda: _of_classes(bundle_of("sgd"), [0, 1]),
            "three of ten classes": lambda: _of_classes(bundle_of("sgd"), [2, 5, 7]),
            "two of ten classes": lambda: _of_classes(bundle_of("sgd"), [3, 8]),
            "tiny": lambda: bundle_of("tiny"),
            "tiny, may be unsure": lambda: bundle_of("tiny", operating_point=low),
            "tiny detector": lambda: bundle_of("tiny", positive="5", operating_point=low),
        }[case]()

    return make


def _of_classes(bundle: Bundle, codes: list[int]) -> Bundle:
    chosen = np.isin(bundle.example_labels, codes)
    images, labels = bundle.example_images[chosen], bundle.example_labels[chosen]
    names = bundle.manifest.classes[:2] if codes == [0, 1] else bundle.manifest.classes
    about = replace(bundle.manifest, classes=names)
    model = SGDClassifier(random_state=0).fit(images.reshape(len(images), -1), labels)
    return Bundle(about, model, images, labels)


CASES = [
    "ten classes",
    "scaled, may be unsure",
    "a detector",
    "a detector with a threshold",
    "two classes",
    "three of ten classes",
    "two of ten classes",
    "tiny",
    "tiny, may be unsure",
    "tiny detector",
]


def expected(answers):
    return np.where(answers["blank"], -2, np.where(answers["sure"], answers["label"], -1))


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("case", CASES)
def test_compiled_code_answers_like_its_emulation(case, command, of, some, odd_images):
    if shutil.which(COMMANDS[command][0]) is None:
        pytest.skip(f"no {COMMANDS[command][0]} here")
    bundle = of(case)
    images = np.concatenate([some.test.images, odd_images])
    sources, _, _ = c_of(bundle)
    labels, if_sure = run_c(sources, images, COMMANDS[command])
    ours = machine_of(bundle).answer(images)
    np.testing.assert_array_equal(labels, ours["label"])
    np.testing.assert_array_equal(if_sure, expected(ours))
    assert np.mean(labels == bundle.answer(images).labels) > 0.95
    assert ours["blank"][len(some.test.images)]


@pytest.mark.parametrize("case", CASES)
def test_it_needs_nothing_and_compiles_as_cxx(case, of, tmp_path):
    if shutil.which("g++") is None:
        pytest.skip("no g++ here")
    export_c(of(case), tmp_path)
    alone = ["gcc", *WARNINGS, "-ffreestanding", "-nostdlib", "-c", "misread.c", "-o", "alone.o"]
    subprocess.run(alone, cwd=tmp_path, check=True)
    needed = subprocess.run(["nm", "-u", "alone.o"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert not needed.stdout.strip()
    (tmp_path / "use.cc").write_text(
        '#include "misread.h"\n'
        "int main() { static unsigned char i[MISREAD_PIXELS]; return misread_predict(i) < 0; }\n"
    )
    subprocess.run(["g++", "-Wall", "-Werror", "use.cc", "alone.o", "-o", "use"], cwd=tmp_path, check=True)
    subprocess.run([tmp_path / "use"], check=True)


def test_the_header_says_how_good_it_is(of, some, tmp_path):
    agreement, measured = export_c(of("ten classes"), tmp_path, some.test.images, some.test.labels)
    assert (agreement.n_held_out, measured.n, measured.on) == (100, 100, "test")
    header = (tmp_path / "misread.h").read_text()
    assert f" * {measured.right} of these 100 answered rightly; that model {measured.right_before}\n" in header
    assert "640 multiply-adds" in header


def test_names_of_classes_cannot_break_out_of_strings_and_comments(of, tmp_path):
    names = ('"', "*/", "/* ", "??/", "\\", "\n", "é", "%d", "', 0", "x" * 90)
    bundle = of("ten classes")
    bundle = replace(bundle, manifest=replace(bundle.manifest, classes=names))
    sources, _, _ = c_of(bundle)
    sources["main.c"] = '#include <stdio.h>\n#include "misread.h"\n' + (
        "int main(void) { int i; for (i = 0; i < MISREAD_CLASSES; i++) { fputs(misread_classes[i], stdout); "
        "putchar(0); } return 0; }\n"
    )
    for name, content in sources.items():
        (tmp_path / name).write_text(content, "ascii")
    subprocess.run(["gcc", *WARNINGS, "misread.c", "main.c", "-o", "say"], cwd=tmp_path, check=True)
    said = subprocess.run([tmp_path / "say"], capture_output=True, check=True).stdout
    assert tuple(said.decode().split("\0")[:-1]) == names


@pytest.mark.parametrize("case", ["scaled, may be unsure", "tiny, may be unsure"])
def test_on_a_cortex_m0_it_answers_the_same_within_the_flash_and_ram_it_says(case, of, some, odd_images, tmp_path):
    _answers_the_same_on_a_cortex_m0(of(case), np.concatenate([some.test.images, odd_images]), tmp_path)


def test_on_a_cortex_m0_images_of_28x28_are_answered_the_same(some, tmp_path):
    _has_cortex_m0()
    digits = [np.kron(image, np.ones((3, 3), np.uint8)) for image in some.test.images[:10]]
    images = np.pad(digits, ((0, 0), (2, 2), (2, 2)))
    images = np.concatenate([images, np.random.default_rng(2).integers(0, 256, (5, 28, 28)).astype(np.uint8)])
    bundle = _untrained((28, 28), make("tiny").widths, 10)
    network = bundle.estimator.network_
    network.planes.biases[:] -= np.median(network.sums(images), axis=0).astype(np.int64)
    assert len(set(machine_of(bundle).answer(images)["label"])) > 2
    _answers_the_same_on_a_cortex_m0(bundle, images, tmp_path)


def _has_cortex_m0():
    for tool in ("arm-none-eabi-gcc", "qemu-system-arm"):
        if shutil.which(tool) is None:
            pytest.skip(f"NOT CHECKED on a Cortex-M0: {tool} is not here; .ci/run brings it")


def _answers_the_same_on_a_cortex_m0(bundle, images, tmp_path):
    _has_cortex_m0()
    export_c(bundle, tmp_path)
    costs = machine_of(bundle).costs()
    ours = machine_of(bundle).answer(images)
    _write_expected(tmp_path / "expected.h", images, ours)
    text, data, bss, used = _on_a_cortex_m0(tmp_path)
    said = int(re.search(r"Flash: ([\d,]+) bytes", (tmp_path / "misread.h").read_text())[1].replace(",", ""))
    assert (data, bss) == (0, costs.static)
    assert text <= said + costs.code
    stack = int(re.search(r"at most (\d+) bytes of stack", (tmp_path / "misread.h").read_text())[1])
    assert used <= stack
    link = ["-nostdlib", "-I.", "-T", str(FOLDER / "link.ld"), str(FOLDER / "main.c"), "misread.o", "-lgcc"]
    subprocess.run([*CORTEX_M0, *link, "-o", "on.elf"], cwd=tmp_path, check=True)
    run = ["qemu-system-arm", "-M", "microbit", "-display", "none", "-serial", "none", "-monitor", "none"]
    run += ["-semihosting-config", "enable=on,target=native", "-kernel", "on.elf"]
    assert subprocess.run(run, cwd=tmp_path, timeout=60, check=False).returncode == 0


def _on_a_cortex_m0(folder):
    """Compiles misread.c: bytes of code, of initialised and of other memory, and of stack."""
    subprocess.run([*CORTEX_M0, *WARNINGS, "-fstack-usage", "-c", "misread.c"], cwd=folder, check=True)
    sized = subprocess.run(["arm-none-eabi-size", "misread.o"], cwd=folder, capture_output=True, check=True)
    text, data, bss = (int(number) for number in sized.stdout.decode().splitlines()[1].split()[:3])
    stack = sum(int(line.split("\t")[1]) for line in (folder / "misread.su").read_text().splitlines())
    return text, data, bss, stack


def _write_expected(path, images, answers):
    rows = ",\n".join("{" + ",".join(map(str, image.ravel())) + "}" for image in images)
    lists = {"labels": answers["label"], "if_sure": expected(answers)}
    head = f"#define N_IMAGES {len(images)}\nstatic const uint8_t images[N_IMAGES][MISREAD_PIXELS] = {{\n"
    tail = "".join(f"static const int {k}[N_IMAGES] = {{{','.join(map(str, v))}}};\n" for k, v in lists.items())
    path.write_text(f"{head}{rows}\n}};\n{tail}")


@pytest.mark.parametrize(
    ("name", "why"),
    [("knn", "this one is knn"), ("forest", "this one is forest"), ("convnet", "too large for a microcontroller")],
)
def test_other_models_are_refused(name, why, bundle_of, tmp_path):
    if name == "convnet":
        pytest.importorskip("torch")
    with pytest.raises(ParameterError, match=rf"only linear models .* go to C; .*{why}.* or try --onnx"):
        export_c(bundle_of(name), tmp_path / "c")
    assert not list(tmp_path.iterdir())


def test_images_too_large_are_refused(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (4, 200, 200), np.uint8)
    model = SGDClassifier(max_iter=2, tol=None).fit(images.reshape(4, -1), [0, 1, 0, 1])
    bundle = Bundle(Manifest("classification", "sgd", ("a", "b"), (200, 200)), model, images, np.arange(4) % 2)
    with pytest.raises(ParameterError, match=r"40,000 pixels are too large for C here, at most 32,767"):
        export_c(bundle, tmp_path / "c")


@pytest.mark.parametrize(
    ("shape", "widths", "why"),
    [
        ((300, 20), (2, 3), r"images of 300x20 need .* of RAM in C"),
        ((240, 240), (16, 16), r"need [0-9,]+ bytes of RAM in C, at most 32,767 .* train with --size"),
        ((8, 8), (300, 2), r"300 channels is too wide for C here"),
    ],
)
def test_a_network_too_large_is_refused(shape, widths, why, tmp_path):
    with pytest.raises(ParameterError, match=why):
        export_c(_untrained(shape, widths, 2), tmp_path / "c")
    assert not list(tmp_path.iterdir())


def _untrained(shape, widths, n_classes) -> Bundle:
    rng = np.random.default_rng(0)
    channels, layers = 1, []
    for wide, spot in zip(widths, plan(shape, len(widths)), strict=True):
        weights = rng.integers(-7, 8, (wide, spot.side, spot.side, channels)).astype(np.int8)
        layers.append(WholeConv.of(weights, rng.uniform(0.001, 0.02, wide), rng.normal(0, 9, wide), spot))
        channels = wide
    weights = rng.integers(-7, 8, (n_classes, channels * spot.n_places)).astype(np.int8)
    model = TinyNetClassifier(widths=widths, shape=shape)
    model.network_ = WholeNetwork(tuple(layers), WholeLinear(weights, rng.integers(-99, 99, n_classes), 0.5))
    model.classes_, model.temperature_ = np.arange(n_classes), 1.0
    model.reader_, model.n_features_in_ = PixelReader(shape), shape[0] * shape[1]
    images = rng.integers(0, 256, (30, *shape)).astype(np.uint8)
    names = tuple(map(str, range(n_classes)))
    return Bundle(Manifest("classification", "tiny", names, shape), model, images, np.arange(30) % n_classes)


def test_tiny_on_28x28_fits_16_kb_of_flash_and_4_kb_of_ram(tmp_path):
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("NOT CHECKED on a Cortex-M0: arm-none-eabi-gcc is not here; .ci/run brings it")
    export_c(_untrained((28, 28), make("tiny").widths, 10), tmp_path)
    text, data, bss, stack = _on_a_cortex_m0(tmp_path)
    assert text + data <= 16_000
    assert data + bss + stack <= 4_096


def test_results_lie_where_nothing_is_lost():
    """Layer by layer in the shared memory, row by row: no input still needed is written over."""
    rng = np.random.default_rng(0)
    sizes = {(28, 28): (16, 16, 32, 32, 28), (8, 8): (6, 8, 5), (5, 40): (3, 9), (31, 9): (4,)}
    for shape, widths in sizes.items():
        layers = _untrained(shape, widths, 3).estimator.network_.convolutions
        places, memory = places_of(layers, shape)
        bytes_, x, sides = np.zeros(memory, np.uint8), rng.integers(0, 256, (1, *shape, 1)).astype(np.uint8), shape
        for number, (layer, place) in enumerate(zip(layers, places, strict=True)):
            expected, spot = layer.run(x)[0], layer.spot
            row_bytes, edge = expected[0].size, spot.side // 2
            bytes_[place.kernel : place.kernel + layer.weights[0].size] = 99
            rows = range(len(spot.rows))
            for row in reversed(rows) if place.backwards else rows:
                at = place.start + row * row_bytes
                bytes_[at : at + row_bytes] = expected[row].ravel()
                top, bottom = spot.rows[row]
                first, last = max(0, top * spot.strides[0] - edge), (bottom - 1) * spot.strides[0] + edge + 1
                if number:
                    start, given = places[number - 1].start, x[0].size // sides[0]
                    needed = x[0][first : min(last, sides[0])].ravel()
                    begin = start + first * given
                    np.testing.assert_array_equal(bytes_[begin : begin + len(needed)], needed)
            np.testing.assert_array_equal(bytes_[place.start :][: expected.size], expected.ravel())
            x, sides = expected[None], expected.shape[:2]


def test_code_that_answers_otherwise_is_not_written(of, tmp_path, monkeypatch):
    def wrong(sources, images, command):
        labels, if_sure = run_c(sources, images, command)
        return 9 - labels, if_sure

    monkeypatch.setattr(write, "run_c", wrong)
    with pytest.raises(ModelFileError, match="nothing was written"):
        export_c(of("ten classes"), tmp_path / "c")
    assert not list(tmp_path.iterdir())


@pytest.mark.mnist
def test_on_mnist_it_costs_next_to_nothing(tmp_path):
    mnist = load_data("mnist")
    model = SGDClassifier(max_iter=2, tol=None, random_state=0).fit(
        mnist.train.X[:20_000], mnist.train.labels[:20_000]
    )
    about = Manifest("classification", "sgd", mnist.class_names, mnist.shape)
    bundle = Bundle(about, model, mnist.train.images[:1000], mnist.train.labels[:1000])
    agreement, measured = export_c(bundle, tmp_path, mnist.test.images, mnist.test.labels)
    assert agreement.n_held_out == measured.n == 10_000
    assert measured.same >= 9_900
    assert measured.right >= measured.right_before - 30
