"""`misread study` as a person meets it: numbers, progress, and one clear line for a mistake."""

import json
import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from misread.cli import app, main


def misread(*arguments, **options):
    command = [sys.executable, "-c", "from misread.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def _said(drawing):
    """The texts of an SVG, which draws letters as paths and keeps each text as a comment."""
    return re.findall(r"<!-- (.*?) -->", drawing.read_text("utf-8"))


def test_the_study_ends_with_a_table_and_a_run_folder(tmp_path):
    result = CliRunner().invoke(app, ["study", "--out", str(tmp_path), "--positive", "3", "--values"])
    assert result.exit_code == 0, result.output
    assert "detector.at_precision_90.threshold" in result.output
    assert {"results.json", "arrays.npz", "figures", "report.html"} <= {path.name for path in tmp_path.iterdir()}
    names = {path.stem for path in (tmp_path / "figures").iterdir()}
    assert all((tmp_path / "figures" / f"{name}.{kind}").is_file() for name in names for kind in ("png", "svg"))
    assert "SGD on raw pixels, out of fold, is it 3? · digits" in _said(
        tmp_path / "figures" / "roc_curve_plot.svg"
    )
    assert names == {
        "best_model_errors_plot",
        "cleaned_digit_example_plot",
        "confusion_matrix_plot_1",
        "confusion_matrix_plot_2",
        "error_analysis_digits_plot",
        "more_digits_plot",
        "noisy_digit_example_plot",
        "pr_curve_comparison_plot",
        "precision_recall_vs_threshold_plot",
        "precision_vs_recall_plot",
        "roc_curve_plot",
        "some_digit_plot",
    }
    assert json.loads((tmp_path / "results.json").read_text())["manifest"]["positive"] == "3"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["study", "no-such-set"], 2, "no-such-set"),
        (["study", "--positive", "shirt"], 2, "no class 'shirt'"),
        (["study", "--jobs", "0"], 2, "jobs"),
        (["study", "--seed", "-1"], 2, "seed"),
        (["study", "--frobnicate"], 2, "No such option"),
        (["study", "--out", "{file}/run"], 1, "cannot write"),
        (["stdy"], 2, "no command"),
    ],
)
def test_a_mistake_is_one_clear_line(arguments, code, message, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["misread", *(part.format(file=tmp_path / "file") for part in arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code == code, said
    assert message in said
    assert "Traceback" not in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_a_full_disk_is_one_clear_line_and_the_run_goes_on_later(tmp_path):
    limited = (
        f"ulimit -f 20; exec {sys.executable} -c 'from misread.cli import main; main()' study --out {tmp_path}"
    )
    done = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "cannot write" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "results.json").exists()
    assert not list(tmp_path.rglob("*.part"))
    assert misread("study", "--out", tmp_path).returncode == 0
