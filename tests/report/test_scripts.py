"""The page's JavaScript: modules in one direction, one script, nothing left over."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import misread
from misread.report import scripts
from misread.report.scripts import bundled

ALL = sorted(Path(misread.__file__).parent.rglob("*.js"))


@pytest.mark.parametrize("path", ALL, ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_a_module_is_a_module(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith("//"), "the first line says what it holds"
    assert '"use strict"' not in text
    assert len(text.splitlines()) < 300


def test_the_bundle_imports_and_exports_nothing() -> None:
    text = bundled()
    assert not re.search(r"^(import|export)\b", text, re.MULTILINE)
    assert text.count("const from_") == len(list((Path(scripts.__file__).parent / "assets" / "js").glob("*.js")))


def test_no_module_reaches_into_one_that_needs_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "assets" / "js"
    folder.mkdir(parents=True)
    (folder / "a.js").write_text('import { b } from "./b.js";\n')
    (folder / "b.js").write_text('import { a } from "./a.js";\n')
    monkeypatch.setattr(scripts, "files", lambda package: tmp_path)
    with pytest.raises(ValueError, match="a -> b -> a"):
        bundled("a")


def test_it_is_javascript(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on the path")
    (tmp_path / "bundle.mjs").write_text(bundled(), "utf-8")
    for path in (tmp_path / "bundle.mjs", *ALL):
        source = path.read_bytes()
        subprocess.run([node, "--check", "--input-type=module", "-"], input=source, check=True, timeout=60)
