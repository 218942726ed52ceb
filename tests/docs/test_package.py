"""What people install: source archive and wheel, in an empty environment without extras."""

import os
import subprocess
import sys
import tarfile
import zipfile

import pytest
from site_pages import ROOT

from misread.notebooks import chapters


def run(*command, **options):
    return subprocess.run(command, text=True, capture_output=True, timeout=500, **options)


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """The wheel is built from the source archive, so that this one is seen to be whole."""
    pytest.importorskip("build", reason="pip install build")
    folder = tmp_path_factory.mktemp("dist")
    built = run(sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT))
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
    return next(folder.glob("*.tar.gz")), next(folder.glob("*.whl"))


def test_the_wheel_holds_what_runs_and_nothing_else(archives):
    source, wheel = archives
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.partition("/")[0] for name in names}
    assert top == {"misread", f"misread-{wheel.name.split('-')[1]}.dist-info"}
    assert "misread/py.typed" in names
    assert sum(name.endswith(".ipynb") or "/chapters/" in name for name in names) == len(chapters())
    for kind in (".html", ".css", ".js"):
        assert any(name.endswith(kind) for name in names), kind
    assert not [name for name in names if "__pycache__" in name]
    with tarfile.open(source) as archive:
        assert not [name for name in archive.getnames() if "__pycache__" in name or name.endswith(".nbc")]


@pytest.mark.slow
def test_it_works_in_an_empty_environment(archives, tmp_path):
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    assert run(sys.executable, "-m", "venv", str(tmp_path / "venv")).returncode == 0
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    installed = run(
        *(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--constraint", str(ROOT / "constraints.txt"), str(archives[1])),
        env=environment,
    )
    assert installed.returncode == 0, installed.stderr[-3000:]
    misread = str(python.with_name("misread"))
    study = run(misread, "study", "--out", "run", cwd=tmp_path, env=environment)
    assert study.returncode == 0, study.stderr[-3000:]
    assert (tmp_path / "run" / "report.html").stat().st_size > 50_000
    assert run(misread, "train", "knn", "--out", "m.misread", cwd=tmp_path, env=environment).returncode == 0
    for command, extra in (
        (["serve", "m.misread"], "serve"),
        (["train", "convnet"], "deep"),
        (["study", "--engine", "dask://127.0.0.1:9"], "dask"),
    ):
        refused = run(misread, *command, cwd=tmp_path, env=environment)
        assert refused.returncode == 1, refused.stdout + refused.stderr
        assert f"pip install 'misread[{extra}]'" in refused.stderr
        assert "Traceback" not in refused.stderr
