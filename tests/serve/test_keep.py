"""What `serve --keep` keeps: what it was told to, once, so many at most; and nothing else is written."""

import json
import os
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import httpx
import numpy as np
import pytest
from PIL import Image

from misread.data.content import hash_in_digits, image_hashes
from misread.data.corrections import Corrections
from misread.data.unlabelled import answer_kept, is_unlabelled, read_unlabelled
from misread.errors import ParameterError
from misread.serve.app import create_app
from misread.serve.keep import Keep, Keeper
from misread.serve.limits import Limits
from misread.serve.server import listen, make_server


@contextmanager
def keeping(bundle, keep):
    """A server that keeps; gives a client, and the keeper. What waits is written when the block ends."""
    keeper = Keeper(keep, bundle.manifest)
    keeper.claim()
    with listen("127.0.0.1", 0) as listener:
        server = make_server(create_app(bundle, Limits(), keeper=keeper), Limits())
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=30) as client:
                yield client, keeper
        finally:
            server.should_exit = True
            thread.join()


def ask(client, images):
    answer = client.post("/v1/predict", json={"images": [image.tolist() for image in images]})
    assert answer.status_code == 200, answer.text
    return answer.json()["predictions"]


def names(folder):
    return {path.name for path in folder.glob("*.png")}


@pytest.fixture
def hard(digits_bundle):
    """Forty images of which knn is sure of some and not of others."""
    rng = np.random.default_rng(0)
    images = digits_bundle.example_images[:40].copy()
    images[:20] = np.clip(images[:20] + rng.integers(-120, 120, (20, 8, 8)), 0, 255)
    return images


def test_the_unsure_are_kept_once_with_answer_and_time(digits_bundle, hard, tmp_path):
    folder = tmp_path / "kept"
    with keeping(digits_bundle, Keep(folder)) as (client, _):
        told = ask(client, hard)
        ask(client, hard)
        assert client.get("/v1/model").json()["keep"] == {"what": "unsure", "most": 10_000, "most_bytes": 1 << 30}
    unsure = [image for image, one in zip(hard, told, strict=True) if one["state"] == "unsure"]
    assert 0 < len(unsure) < 40
    assert names(folder) == {f"{hash_in_digits(one)}.png" for one in image_hashes(np.array(unsure))}
    assert set(os.listdir(folder)) == {*names(folder), "kept.json"}
    for path in folder.glob("*.png"):
        about = answer_kept(path)
        assert about["state"] == "unsure"
        assert about["answer"] in digits_bundle.manifest.classes
        assert about["when"].startswith("20")
    found = read_unlabelled(folder)
    assert is_unlabelled(folder)
    assert sorted(found.hashes.tolist()) == sorted(image_hashes(np.array(unsure)).tolist())
    assert found.kept["classes"] == list(digits_bundle.manifest.classes)


def test_what():
    kept = {
        what: {state for state in ("sure", "unsure", "unlike", "empty") if Keep("kept", what).wants(state)}
        for what in ("unsure", "unlike", "all", "sample=1")
    }
    everything = {"sure", "unsure", "unlike"}
    assert kept == {
        "unsure": {"unsure", "unlike"},
        "unlike": {"unlike"},
        "all": everything,
        "sample=1": everything,
    }
    assert 60 < sum(Keep("kept", "sample=0.1").wants("sure") for _ in range(1_000)) < 140


def test_the_oldest_leaves_first(digits_bundle, hard, tmp_path):
    folder = tmp_path / "kept"
    with keeping(digits_bundle, Keep(folder, "all", most=10)) as (client, _):
        ask(client, hard[:25])
    hashes = [f"{hash_in_digits(one)}.png" for one in image_hashes(hard)]
    assert names(folder) == set(hashes[15:25])
    for age, name in enumerate(hashes[15:25]):
        os.utime(folder / name, (1e9 + age, 1e9 + age))
    again = Keeper(Keep(folder, "all", most=10), digits_bundle.manifest)
    for image in hard[25:28]:
        again._write(image, {})
    assert names(folder) == set(hashes[18:28])
    size = max(path.stat().st_size for path in folder.glob("*.png"))
    Keeper(Keep(folder, "all", most_bytes=4 * size), digits_bundle.manifest).claim()
    assert 1 <= len(names(folder)) <= 6
    assert sum(path.stat().st_size for path in folder.glob("*.png")) <= 4 * size


def test_what_a_person_says_lands_there(digits_bundle, hard, tmp_path, png):
    folder = tmp_path / "kept"
    with keeping(digits_bundle, Keep(folder)) as (client, _):
        files = {"images": ("one.png", png(hard[0]))}
        answer = client.post("/v1/label", params={"label": "7"}, files=files)
        assert answer.json() == {"kept": 1, "label": "7"}
        assert client.post("/v1/label", params={"label": "x"}, files=files).status_code == 422
        assert client.post("/v1/label", files=files).status_code == 422
        foreign = client.post("/v1/label?label=7", files=files, headers={"Origin": "http://evil.example"})
        assert foreign.status_code == 403
    (row,) = Corrections.read(folder / "corrections.csv").rows
    assert (row.given, row.label, row.verdict, row.outcome) == ("", "7", "right", "7")
    assert names(folder) == {row.name} == {f"{hash_in_digits(row.hash)}.png"}


def test_a_folder_that_cannot_be_written_is_told_once_and_serving_goes_on(
    digits_bundle, hard, tmp_path, monkeypatch, caplog
):
    folder = tmp_path / "kept"

    def full(self, content):
        raise OSError(28, "No space left on device")

    with keeping(digits_bundle, Keep(folder, "all")) as (client, keeper):
        with monkeypatch.context() as patched:
            patched.setattr("pathlib.Path.write_bytes", full)
            for start in range(0, 15, 5):
                ask(client, hard[start : start + 5])
                keeper._hand_over()
            files = {"images": ("one.png", _png(hard[0]))}
            said = client.post("/v1/label", params={"label": "7"}, files=files)
            assert (said.status_code, said.json()["error"]) == (503, "not-kept")
        assert [one.getMessage().count("No space left") for one in caplog.records] == [1]
        assert "misread_images_not_kept_total 15" in client.get("/metrics").text
        keeper._resting_until = 0
        ask(client, hard[:5])
    assert len(names(folder)) == 5
    assert "kept again" in caplog.records[-1].getMessage()


def _png(image):
    import io

    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()


def test_folders_of_others_are_left_alone(digits_bundle, tmp_path):
    file = tmp_path / "file"
    file.write_text("x")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "mine.png").write_text("x")
    other = tmp_path / "other"
    Keeper(Keep(other), digits_bundle.manifest).claim()
    smaller = replace(digits_bundle.manifest, classes=digits_bundle.manifest.classes[:9])
    for folder, manifest, said in (
        (file, digits_bundle.manifest, "is a file"),
        (foreign, digits_bundle.manifest, "holds other files"),
        (other, smaller, "other classes"),
    ):
        with pytest.raises(ParameterError, match=said):
            Keeper(Keep(folder), manifest).claim()
    for what in ("some", "sample=0", "sample=2", "sample=x", "sample="):
        with pytest.raises(ParameterError, match="what to keep"):
            Keep(other, what)
    unwritable = Keeper(Keep(file / "below"), digits_bundle.manifest)
    assert "serving goes on" in unwritable.claim()


def test_nothing_is_kept_by_default(client, tmp_path):
    assert client.get("/v1/model").json()["keep"] is None
    assert client.post("/v1/label", params={"label": "7"}, json={}).status_code == 404
    assert json.dumps(client.get("/openapi.json").json()).count("/v1/label") == 0


def test_several_that_keep_in_one_folder_keep_to_its_bounds(digits_bundle, tmp_path):
    keepers = [Keeper(Keep(tmp_path / "kept", "all", most=25), digits_bundle.manifest) for _ in range(2)]
    assert [keeper.claim() for keeper in keepers] == ["", ""]
    images = digits_bundle.example_images
    threads = [
        threading.Thread(
            target=lambda keeper, start: [
                keeper._write_all([(image, {}) for image in images[at : at + 5]])
                for at in range(start, start + 60, 5)
            ],
            args=(keeper, 60 * number),
        )
        for number, keeper in enumerate(keepers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [keeper.lost for keeper in keepers] == [0, 0]
    assert len(names(tmp_path / "kept")) <= 25
    keepers[0]._write_all([(images[500], {})])
    assert len(names(tmp_path / "kept")) == 25
    assert set(os.listdir(tmp_path / "kept")) == {*names(tmp_path / "kept"), "kept.json"}
