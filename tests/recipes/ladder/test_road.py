"""The race: what its numbers mean, and who may see what. Nothing is trained here."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.road import choices, race
from benchmarks.road.others import OTHERS
from benchmarks.road.picture import draw
from benchmarks.road.table import Course, interval, markdown
from misread.data.dataset import Split

AROUND = {
    "commit": "abc1234",
    "day": "2026-11-28",
    "processor": "a machine",
    "cores": 2,
    "versions": {"numpy": "2"},
}


def run(entrant, seed, seconds, wrong):
    return {
        "entrant": entrant,
        "seed": seed,
        "seconds": seconds,
        "cpu_seconds": seconds,
        "microseconds": 10.0 * seconds,
        "n_bytes": 1000,
        "others": 0.02,
        "wrong_share": len(wrong) / 10_000,
        "wrong": wrong,
        "n": 10_000,
    }


@pytest.fixture
def course():
    quick = [run("edge-kernel", seed, 2.5, list(range(90 + seed))) for seed in range(3)]
    slow = [run("convnet", seed, 100, list(range(20 + seed))) for seed in range(3)]
    return Course("mnist", AROUND, [*slow, *quick, run("other:knn", 0, 1.0, list(range(312)))])


def test_targets_are_reached_by_our_rungs_alone_and_in_time(course):
    assert course.best_within(2) is None
    assert course.best_within(3).name == "edge-kernel"
    missed = dict(course.missed())
    assert set(missed) == {10, 25, 45, 900}
    assert "0.910% (edge-kernel)" in missed[10]


def test_the_interval_is_of_seeds_and_images():
    rng = np.random.default_rng(1)
    hard = rng.random(10_000) < 0.02
    alike = np.repeat(hard[None], 5, axis=0)
    differing = rng.random((5, 10_000)) < 0.02
    assert np.ptp(interval(alike)) > 1.2 * np.ptp(interval(differing))
    low, high = interval(alike)
    assert low < hard.mean() < high
    assert interval(np.zeros((2, 100), bool)) == (0.0, 0.0)


def test_tables_and_picture_tell_of_everyone(course, tmp_path):
    other = Course("mnist", AROUND | {"commit": "def5678"}, [run("knn", 0, 4, [1, 2])])
    text = markdown([course, other])
    assert text.count("## mnist, commit") == 2
    assert "| convnet | 0.210% |" in text
    assert "| edge-kernel | convnet | 0, 0, 0 | 70, 70, 70 |" in text
    assert OTHERS["other:knn"].about in text
    draw(course, tmp_path / "road.png")
    assert (tmp_path / "road.png").stat().st_size > 10_000


def test_a_race_goes_on_where_it_stopped(course, tmp_path):
    kept = race.Kept(tmp_path / "road.json", "mnist", AROUND)
    for one in course.runs:
        kept.add(one)
    again = race.Kept(tmp_path / "road.json", "mnist", AROUND)
    assert again.has("convnet", 2)
    assert not again.has("convnet", 3)
    elsewhere = race.Kept(tmp_path / "road.json", "mnist", AROUND | {"commit": "def5678"})
    assert not elsewhere.has("convnet", 2)
    assert len(elsewhere.courses) == 2


def test_other_people_need_nothing_of_ours():
    modules = "benchmarks.road.others, benchmarks.road.cold"
    code = f"import sys, {modules}; print([one for one in sys.modules if 'misread' in one])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(race.HERE).parent)
    assert done.stdout.strip() == "[]", done.stderr


def test_choices_are_made_on_training_images(monkeypatch, tmp_path, capsys):
    """Test images that cannot be touched, and a log that can be replayed."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (400, 8, 8), dtype=np.uint8), np.arange(400) % 2
    images[labels == 1, :4] = 0
    train = Split(images, labels)

    class Unread:
        def __getattr__(self, name):
            raise AssertionError("test images were asked for")

    monkeypatch.setattr(choices, "load", lambda data: type("Data", (), {"train": train, "test": Unread()}))
    monkeypatch.setattr(choices, "HELD_OUT", 100)
    monkeypatch.setattr(choices, "LOG", tmp_path / "log.json")
    monkeypatch.setattr(
        sys, "argv", ["choices", "knn", "--set", "n_neighbors=1", "--seeds", "2", "--why", "a test"]
    )
    assert choices.main() == 0
    row = json.loads((tmp_path / "log.json").read_text())[0]
    assert row["params"]["n_neighbors"] == 1
    assert row["params"]["weights"] == "uniform"
    assert [one["seed"] for one in row["runs"]] == [0, 1]
    assert re.search(r"\| 1 \| mnist \| knn \| n_neighbors=1 \|", (tmp_path / "log.md").read_text())
    monkeypatch.setattr(sys, "argv", ["choices", "--replay", "1"])
    assert choices.main() == 0
    assert "the same images" in capsys.readouterr().out
