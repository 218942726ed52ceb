"""A container's user: no home, and a package that it may only read."""

import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import pytest

import misread
from misread.kernels import jit

NOBODY = 65534


@pytest.fixture(scope="module")
def place():
    """A read-only copy of the package and a home that cannot be written to, where everybody may look."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "home").mkdir()
        source, without = Path(misread.__file__).parent, shutil.ignore_patterns("__pycache__")
        copy = shutil.copytree(source, root / "package" / "misread", ignore=without)
        folders = [one for one in (root / "package").rglob("*") if one.is_dir()]
        root.chmod(0o755)
        for one in (root / "home", root / "package", copy, *folders):
            one.chmod(0o555)
        yield root
        for one in (root / "home", root / "package", copy, *folders):
            one.chmod(0o755)


def as_nobody() -> dict[str, object]:
    """Run as a user who may write nowhere; where the interpreter is root's own, as root without root's powers."""
    if os.getuid():
        return {}
    interpreter = Path(sys.executable).resolve()
    if all(folder.stat().st_mode & stat.S_IXOTH for folder in interpreter.parents):
        return {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    return {}


def run(place: Path, code: str, **environment: str) -> subprocess.CompletedProcess:
    paths = [str(place / "package"), sysconfig.get_path("purelib")]
    known = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
    who = as_nobody()
    powerless = ["setpriv", "--bounding-set=-all"] if not os.geteuid() and not who else []
    if powerless and not shutil.which("setpriv"):
        pytest.skip("this user can write everywhere, and there is no setpriv to take that away")
    return subprocess.run(
        [*powerless, sys.executable, "-c", code],
        env=known | environment,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **who,
    )


ANSWER = (
    "import numpy as np, misread, misread.models, misread.images.deform\n"
    "X = np.eye(4, dtype=np.uint8) * 255\n"
    "print(misread.__file__, misread.models.KNeighborsClassifier(1).fit(X, [0, 1, 2, 3]).predict(X))\n"
)


def test_kernels_run_where_nothing_can_be_kept_and_it_is_said_once(place):
    done = run(place, ANSWER, HOME=str(place / "home"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(place / "package/misread/__init__.py"), "[0", "1", "2", "3]"]
    assert done.stderr.count("set NUMBA_CACHE_DIR") == 1, done.stderr


def test_the_command_line_says_it_in_a_line(place):
    code = "import sys; sys.argv = ['misread', 'models']; from misread.cli import main; sys.exit(main())"
    done = run(place, code, HOME=str(place / "home"))
    assert done.returncode == 0, done.stderr
    assert "knn" in done.stdout
    assert " ".join(done.stderr.split()).startswith("note: no folder to keep compiled code")
    assert "Warning" not in done.stderr


def test_a_folder_named_for_the_cache_is_used(place):
    with tempfile.TemporaryDirectory() as cache:
        Path(cache).chmod(0o777)
        done = run(place, ANSWER, HOME=str(place / "home"), NUMBA_CACHE_DIR=cache)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        assert list(Path(cache).rglob("*.nbi"))


@pytest.mark.parametrize(
    ("variables", "home", "writable", "expected"),
    [
        ({}, "/home/me", False, True),
        ({}, "~", False, False),  # a user who is in no list of users: Numba would make a folder of that name
        ({}, "~", True, True),
        ({"NUMBA_CACHE_DIR": "/cache"}, "~", False, True),
        ({"XDG_CACHE_HOME": "/cache"}, "~", False, True),
        ({"XDG_CACHE_HOME": ""}, "~", False, False),
    ],
)
def test_where_there_is_no_home_no_folder_is_made_for_it(monkeypatch, variables, home, writable, expected):
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path.replace("~", home))
    monkeypatch.setattr(os, "access", lambda path, mode: writable)
    assert jit._has_place() is expected
