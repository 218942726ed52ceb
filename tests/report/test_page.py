"""The file: whole, self-contained, safe with any class name, honest about what it leaves out."""

import csv
import html
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from misread.errors import OutputError
from misread.report import comparison, report_data, stress, summary, suspects_csv, write_report
from misread.report.contract import CONTRACT
from misread.report.page import STYLES, render
from misread.report.scripts import bundled
from misread.results.study import StudyResult


class Elements(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))


def test_nothing_is_asked_of_a_network(report_path: Path) -> None:
    elements = Elements(report_path.read_text("utf-8")).tags
    assert not [tag for tag, _ in elements if tag in {"link", "iframe", "object", "embed", "base"}]
    assert not [a for _, a in elements if not a.get("src", "data:image/png;").startswith("data:image/png;")]
    assert not [a for _, a in elements if "style" in a or any(k.startswith("on") for k in a)]
    assert all(a["href"].startswith("#") for tag, a in elements if tag == "a")
    policy = next(a["content"] for _, a in elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_hostile_names_stay_text(hostile_result: StudyResult, tmp_path: Path) -> None:
    text = write_report(hostile_result, tmp_path).read_text("utf-8")
    elements = Elements(text).tags
    assert sum(tag == "script" for tag, _ in elements) == 2
    assert not [a for tag, a in elements if tag == "img" and not a["src"].startswith("data:image/png;base64,")]
    assert "49" not in re.findall(r"<bdi[^>]*>([^<]*)</bdi>", text)
    assert "<script>window" not in text


def test_csv_holds_every_doubt_and_no_formula(hostile_result: StudyResult) -> None:
    table = suspects_csv(hostile_result)
    assert table is not None
    rows = list(csv.DictReader(io.StringIO(table, newline="")))
    assert [int(row["index"]) for row in rows] == hostile_result.arrays["suspects.index"].tolist()
    assert {row["verdict"] for row in rows} <= {"label error", "unclear", "model error"}
    names = {row["given"] for row in rows} | {row["suggested"] for row in rows}
    assert not [name for name in names if name.startswith(("=", "+", "-", "@"))]


def test_sections_without_data_are_left_out_with_a_reason(study_result: StudyResult, tmp_path: Path) -> None:
    only = replace(study_result, values={}, arrays={"labels.train": np.array([0, 1, 2])})
    data = report_data(only)
    assert data["absent"]["multilabel"] == "left out of this fixture"
    assert "sgd_scaled.predictions" in data["absent"]["matrix"]
    text = write_report(only, tmp_path).read_text("utf-8")
    assert "left out of this fixture" in text
    assert not (tmp_path / "suspects.csv").exists()


GONE_WITHOUT = {
    "detector": set(),
    "forest": {"reliability"},
    "sgd_scaled": {"matrix", "rejection", "gallery", "models", "why"},
    "gallery": {"gallery", "suspects", "why"},
    "suspects": {"suspects"},
    "labels.test": {"ladder"},
    "knn": {"neighbor_grid"},
    "duels": {"duels"},
}


@pytest.mark.parametrize("missing", GONE_WITHOUT)
def test_any_part_may_be_missing(study_result: StudyResult, missing: str, tmp_path: Path) -> None:
    part = replace(
        study_result,
        values={k: v for k, v in study_result.values.items() if not k.startswith(missing)},
        arrays={k: v for k, v in study_result.arrays.items() if not k.startswith(missing)},
    )
    whole, data = report_data(study_result), report_data(part)
    gone = set(whole) - set(data)
    assert gone == GONE_WITHOUT[missing] == set(data["absent"]) - set(whole["absent"])
    assert gone or str(data["explorer"]) != str(whole["explorer"])
    text = html.unescape(write_report(part, tmp_path).read_text("utf-8"))
    assert all(data["absent"][section] in text for section in gone)
    assert not re.search(r">\s*(None|nan|undefined|Undefined)\s*<", text)


def test_the_summary_is_plain_json(study_result: StudyResult) -> None:
    document = json.loads(json.dumps(summary(study_result), allow_nan=False))
    assert document["findings"]
    assert "thresholds" not in json.dumps(document)
    assert document["compare"]["pairs"][0]["p_value"] <= 1


def test_a_folder_that_cannot_be_written_is_said_plainly(study_result: StudyResult, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        write_report(study_result, tmp_path / "file")


def test_every_asset_is_used() -> None:
    script = bundled()
    folder = Path(write_report.__code__.co_filename).parent / "assets"
    for path in (folder / "js").glob("*.js"):
        assert path.read_text("utf-8").splitlines()[0] in script
    assert {path.stem for path in (folder / "css").glob("*.css")} == {*STYLES, *comparison.STYLES, *stress.STYLES}


def test_two_classes_and_many(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    for n_classes in (2, 40):
        labels = rng.integers(0, n_classes, 300)
        scores = rng.normal(size=(300, n_classes))
        scores[np.arange(300), labels] += 2
        if n_classes == 2:
            scores = scores[:, 1] - scores[:, 0]
        predictions = (scores > 0).astype(np.int64) if n_classes == 2 else scores.argmax(axis=1)
        arrays = {
            "labels.train": labels,
            "labels.test": labels[:0],
            "sgd_scaled.scores": scores,
            "sgd_scaled.predictions": predictions,
            "detector.scores": rng.normal(size=300) + (labels == 1),
            "gallery.index": np.arange(50),
            "gallery.images": rng.integers(0, 256, (50, 9, 6), dtype=np.uint8),
        }
        names = [f"class {code}" for code in range(n_classes)]
        manifest = {"dataset": {"name": "made", "class_names": names}, "positive": "class 1"}
        result = StudyResult({}, arrays, {}, {}, manifest)
        data = report_data(result)
        assert sum(map(sum, data["matrix"]["counts"])) == 300
        assert data["absent"]["ladder"] == "the data set has no test images"
        assert write_report(result, tmp_path / str(n_classes)).exists()


def test_what_the_script_is_given_is_written_down(study_result: StudyResult) -> None:
    """Part by part, key by key: neither more nor less than the contract says."""
    text = render(report_data(study_result), suspects_csv(study_result))
    given = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])
    assert given.keys() <= CONTRACT.keys()
    assert CONTRACT.keys() - given.keys() == {"map"}, "this fixture has no map"
    for name, part in given.items():
        if isinstance(CONTRACT[name], dict):
            assert part.keys() <= CONTRACT[name].keys(), name
            if name != "why":
                assert part.keys() == CONTRACT[name].keys(), name


def test_the_script_reads_nothing_else() -> None:
    script = bundled()
    read = set(re.findall(r"\breport\.(\w+)", script)) - {"js"}
    assert read <= CONTRACT.keys(), read - CONTRACT.keys()
