"""The reference of errors, from the places that raise them."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import misread
from misread import errors

# What to do about a kind of error, beyond what each message says; a test demands one for every kind.
REMEDIES = {
    "MisreadError": "The base of all others: `except misread.errors.MisreadError` catches whatever is below.",
    "ParameterError": "Mend the option or argument that is named; `misread COMMAND --help` says what it takes. "
    "It is a `ValueError` as well. Exit code 2.",
    "DataError": "Look at what was read with `misread data info DATA`; `--on-error skip` leaves unreadable "
    "image files out and says so. For a named set that cannot be had: "
    "[MNIST by hand](../../how-to/mnist-by-hand.md).",
    "FormatError": "The file is not what its name says, or it is damaged: copy or export it again. Nothing of it "
    "was used.",
    "DownloadError": "Try again (what came already is kept), name other sources in `MISREAD_MIRRORS`, or bring "
    "the files yourself: [MNIST by hand](../../how-to/mnist-by-hand.md).",
    "OutputError": "Choose another place with `--out`, or free space. A file that stood there before is unharmed.",
    "RunError": "Give the folder that `misread study --out` (or `ladder`, `evaluate`) wrote, or run it again: "
    "finished steps are not computed twice.",
    "ModelFileError": "If you know where the file comes from, copy it again or update misread; if you do not, "
    "take the message at its word: [what a model file can do](../../explanations/model-files.md).",
    "MissingExtraError": "Run the `pip install` line in the message. It is an `ImportError` as well.",
    "ClusterError": "Look at the scheduler's and the workers' own logs; the same command goes on from the "
    "finished steps, also without `--engine`.",
    "AnswersError": "Look at the file that is named: the message says which column or row, and what was expected.",
}


def kinds() -> list[str]:
    """Names of the errors, base first."""
    return sorted(errors.__all__, key=lambda name: (len(getattr(errors, name).__mro__), name))


def messages() -> dict[str, list[str]]:
    """What each error says, with … for what is filled in."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(Path(misread.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                text = _template(node.args[0]) if name in errors.__all__ else ""
                if len(re.findall(r"[A-Za-z]{2,}", text)) > 1:
                    found[name].add(text)
    return {name: sorted(found[name], key=str.lower) for name in kinds()}


def _template(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_template(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return "…"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _template(node.left) + _template(node.right)
    return "…"


def text() -> str:
    """The page."""
    parts = [
        "# Errors and what to do\n\nWhat a user's input can cause is one line on standard error that says what "
        "was expected, what came and what to try; in Python it is one of these exceptions. A traceback is a bug "
        "of misread: please report it. The lists are made from the source; … stands for something of yours.\n"
    ]
    for name, said in messages().items():
        doc = " ".join((getattr(errors, name).__doc__ or "").split())
        parts.append(f"(error-{name.lower()})=\n## {name}\n\n{doc}\n\n**What to do.** {REMEDIES.get(name, '')}\n")
        if said:
            lines = "\n".join(f"- {_escaped(one)}" for one in said)
            parts.append(f":::{{dropdown}} What it says ({len(said)})\n{lines}\n:::\n")
    return "\n".join(parts)


def _escaped(message: str) -> str:
    return re.sub(r"([\\`*_<>{}\[\]#|$])", r"\\\1", " ".join(message.split()))
