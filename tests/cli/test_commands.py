"""The table of commands says what the commands say of themselves, and costs nothing to print."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import misread
from misread.cli import app, main
from misread.cli.commands import COMMANDS


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


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["stdy"], "no command 'stdy'; did you mean study?"),
        (["data", "inf"], "no command 'inf'; did you mean info?"),
        (["train", "knn", "--sed", "3"], "--sed; did you mean --seed?"),
        (["train", "--\x1b[2J"], "No such option"),
        (["train"], "Missing argument 'MODEL'"),
        (["train", "knn", "--jobs", "many"], "valid integer"),
        (["compare", "a.misread", "b.misread", "digits"], "(digits); a data set is given with --data; see"),
        (["predict", "--data", "x"], "No such option"),
    ],
)
def test_a_command_that_cannot_be_understood_is_one_line(words, said, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["misread", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert (ended.value.code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("error: ")
    assert said in err
    assert "\x1b" not in err


def test_help_hides_nothing():
    help_texts = [CliRunner().invoke(app, [*words, "--help"]).output for words in ([], ["data"], ["study"])]
    assert "..." not in help_texts[0].replace("[ARGS]...", "") + help_texts[1].replace("[ARGS]...", "")
    assert "*-ubyte[.gz]" in CliRunner().invoke(app, ["data", "info", "--help"]).output


def test_version():
    assert CliRunner().invoke(app, ["--version"]).output == f"misread {misread.__version__}\n"


def test_ctrl_c_while_modules_are_imported():
    """It comes in the first moments, before anything of ours could listen."""
    code = (
        "import sys\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'typer': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        "from misread.__main__ import main\n"
        "main()\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (130, "error: stopped by Ctrl-C; nothing was begun\n")


def test_a_file_that_ends_too_early_is_no_interruption(monkeypatch, capsys):
    def ends(*args, **options):
        raise EOFError

    monkeypatch.setattr("misread.cli.judge.read_manifest", ends)
    monkeypatch.setattr(
        "sys.argv", ["misread", "inspect", str(Path(__file__).parents[1] / "bundle" / "golden" / "knn.misread")]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "a file ends before it should" in capsys.readouterr().err
