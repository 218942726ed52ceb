"""schemathesis tries the API against its own description: every phase, every check."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_schemathesis_finds_nothing(digits_url: str, tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "schemathesis"
    if not program.exists():
        pytest.skip("needs schemathesis: pip install 'misread[test]'")
    config = ROOT / "schemathesis.toml"
    command = [str(program), "--config-file", str(config), "run", f"{digits_url}/openapi.json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
    run = subprocess.run(
        [*command, "--max-examples", "40", "--seed", "1", "--generation-database", "none"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=400,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-5_000:] + run.stderr[-1_000:]
    assert "No issues found" in run.stdout
