"""Pages of the reference that are written anew by every build: commands, HTTP API, errors, Python API."""

from pathlib import Path
from typing import Any

import commands_page
import errors_page
import http_page
import python_pages

from misread.notebooks import write_notebooks

FOLDER = Path(__file__).parents[1] / "reference" / "generated"
STUDY = Path(__file__).parents[1] / "tutorials" / "study" / "chapters"


def write_pages(app: Any) -> None:
    """Write them where Sphinx finds them; a page that did not change is left alone."""
    FOLDER.mkdir(exist_ok=True)
    pages = {
        "commands.md": commands_page.text(),
        "errors.md": errors_page.text(),
        "http.md": http_page.text(),
        **python_pages.texts(),
    }
    for stale in {path.name for path in FOLDER.iterdir()} - set(pages):
        (FOLDER / stale).unlink()
    for name, text in pages.items():
        path = FOLDER / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
    write_notebooks(STUDY, replace=True)


def skip_member(app: Any, what: str, name: str, member: Any, skip: bool, options: Any) -> bool | None:
    """Leave out scikit-learn's metadata routing, whose docstrings refer to scikit-learn's own site."""
    return True if name.startswith("set_") and name.endswith("_request") else None


def setup(app: Any) -> dict[str, Any]:
    """Tell Sphinx."""
    app.connect("builder-inited", write_pages)
    app.connect("autodoc-skip-member", skip_member)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
