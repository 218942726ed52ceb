"""What the pages of README and site show."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

WRITTEN = sorted(
    path for part in ("tutorials", "how-to", "explanations", "reference") for path in (DOCS / part).glob("*.md")
)
PAGES = [ROOT / "README.md", DOCS / "index.md", DOCS / "tutorials" / "study" / "index.md", *WRITTEN]
_BLOCK = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def name_of(path: Path) -> str:
    """A page's name for a test."""
    return str(path.relative_to(ROOT))


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """(language or directive, content) of every fenced block."""
    for language, content in _BLOCK.findall(text):
        yield language.strip(), content


def commands(path: Path) -> list[str]:
    """Every line that calls misread, in blocks and in running text, with continued lines joined."""
    text = path.read_text("utf-8")
    found = []
    for language, content in blocks(text):
        if language in ("sh", "console", "{run}"):
            joined = re.sub(r"\\\n\s*", " ", content)
            found += [line.removeprefix("$ ") for line in joined.splitlines()]
    prose = _BLOCK.sub("", text)
    found += [match.replace("\n", " ") for match in re.findall(r"`(misread [a-z][^`]*)`", prose)]
    lines = [re.split(r" [|>&] ?|  #", line)[0].strip() for line in found if re.match(r"misread\s+[a-z]", line)]
    return list(dict.fromkeys(lines))


def words(command: str) -> list[str]:
    """The words after `misread`, with <folder> and … standing for something."""
    return shlex.split(re.sub(r"<(\w+)>", r"\1", command).replace("...", "rest"))[1:]
