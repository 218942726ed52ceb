"""From a folder of photographs to answers over HTTP, with the README's commands and nothing else."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from misread.data import load

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
PER_CLASS = 30
ORIENTATIONS = {1: 0, 3: 180, 6: 90, 8: 270}
"""EXIF's number for how a camera was held, and by how many degrees its pixels are turned to the left."""


def photograph(digit, rng):
    """A digit of 8x8 pixels as dark ink somewhere on light, unevenly lit, grainy paper; float64, 0 to 255."""
    height, width = 180, 140
    side = int(rng.integers(70, 110))
    ink = np.asarray(Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC), np.float64) / 255
    top, left = int(rng.integers(5, height - side - 5)), int(rng.integers(5, width - side - 5))
    slope = rng.uniform(-40, 40, 2)
    light = 190 + slope[0] * np.linspace(-0.5, 0.5, height)[:, None] + slope[1] * np.linspace(-0.5, 0.5, width)
    shade = np.ones((height, width))
    shade[top : top + side, left : left + side] -= 0.75 * ink
    return np.clip(light * shade + rng.normal(0, 4, (height, width)), 0, 255)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Thirty photographs of each digit, some of them taken with the phone held otherwise, as their EXIF says."""
    root = tmp_path_factory.mktemp("camera") / "photos"
    rng = np.random.default_rng(11)
    digits = load("digits")
    for code, name in enumerate(digits.class_names):
        (root / name).mkdir(parents=True)
        own = digits.train.images[digits.train.labels == code]
        for i, digit in enumerate(rng.permutation(own)[:PER_CLASS]):
            orientation = int(rng.choice(list(ORIENTATIONS), p=[0.7, 0.1, 0.1, 0.1]))
            stored = np.rot90(photograph(digit, rng), ORIENTATIONS[orientation] // 90)
            exif = Image.Exif()
            exif[0x0112] = orientation
            Image.fromarray(stored.astype(np.uint8)).save(root / name / f"IMG_{i:04}.jpg", quality=85, exif=exif)
    return root


def orientation_of(file):
    with Image.open(file) as image:
        return image.getexif()[0x0112]


def command(name):
    """The words of the README's command of that name."""
    return shlex.split(re.search(rf"^(misread {name} .*digits\.misread.*)$", README, re.MULTILINE)[1])


def misread(words, folder):
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def trained(photos):
    return misread(command("train"), photos.parent)


def accuracy(told):
    return float(re.findall(r"([\d.]+)% of [\d,]+ images are read right", told)[-1]) / 100


def test_train_and_evaluate_agree(photos, trained):
    assert accuracy(trained) > 0.8
    assert "sure where the best class leads the second by" in trained
    told = misread(command("evaluate"), photos.parent)
    assert accuracy(told) == accuracy(trained)
    assert "A precision of 95% was promised" in told
    assert (photos.parent / "runs" / "digits-on-photos" / "report.html").is_file()


def test_predict_reads_photographs_whichever_way_the_phone_was_held(photos, trained):
    for name in ("0", "6"):
        files = sorted((photos / name).iterdir())[:12]
        assert len({orientation_of(file) for file in files}) > 1
        told = misread(["misread", "predict", "digits.misread", *map(str, files), "--json"], photos.parent)
        answers = [answer["answer"] for answer in json.loads(told)]
        assert answers.count(name) >= 11


def test_serve_gives_the_answers_of_predict(photos, trained):
    files = [sorted((photos / name).iterdir())[3] for name in "0123456789"]
    told = json.loads(misread(["misread", "predict", "digits.misread", *map(str, files), "--json"], photos.parent))
    server = subprocess.Popen(
        [sys.executable, "-m", *command("serve"), "--port", "0"],
        cwd=photos.parent,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        url = re.search(r"http://\S+", server.stderr.readline())[0]
        parts = [("images", (file.name, file.read_bytes(), "image/jpeg")) for file in files]
        answers = httpx.post(f"{url}/v1/predict", files=parts, timeout=60).raise_for_status().json()["predictions"]
    finally:
        os.kill(server.pid, signal.SIGINT)
        rest = server.communicate(timeout=60)[1]
    assert [one["label"] for one in answers] == [one["answer"] for one in told]
    assert server.returncode == 0
    assert rest.endswith("Stopped.\n")
