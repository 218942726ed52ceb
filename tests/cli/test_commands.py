"""The table of commands says what the commands say of themselves, and costs nothing to print."""

import io
import subprocess
import sys
import warnings

import pytest
from rich.console import Console
from typer.testing import CliRunner

from misread.cli import app
from misread.cli.commands import COMMANDS
from misread.cli.options import noted


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_what_the_command_says(name):
    result = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "500", "TERMINAL_WIDTH": "500"})
    assert result.exit_code == 0, result.output
    assert COMMANDS[name][1] in " ".join(result.output.split())


def test_help_imports_no_command():
    code = "import sys; from misread.cli import app; "
    code += "app(['--help'], standalone_mode=False); print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("False")
    assert all(name in done.stdout for name in COMMANDS)


def test_python_can_run_the_package():
    done = subprocess.run([sys.executable, "-m", "misread", "--help"], capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in COMMANDS)


def test_warnings_of_libraries_are_one_line_each():
    out = io.StringIO()
    with noted(Console(file=out, width=200)):
        for _ in range(2):
            warnings.warn("consider more steps", stacklevel=1)
        warnings.warn("and this", stacklevel=1)
    assert out.getvalue().splitlines() == ["note: consider more steps", "note: and this"]
