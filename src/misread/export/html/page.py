"""One page from the parts of the served one: the same drawing surface, words, looks and keys, all in one file."""

import base64
import html
import json
import re
import zlib
from importlib.resources import files
from typing import Any

from misread.errors import ModelFileError

__all__ = ["as_page", "facts_of_page"]

_SERVED = ("words.js", "input.js", "pad.js", "view.js")
_CROP = ("grey.js", "planes.js", "photo.js", "fit.js")
_OWN = (*_CROP, "network.js", "likeness.js", "model.js", "insight.js", "offline.js")
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)
_IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)
_COMMENT = re.compile(r"^ *(?:/\*\*.*?\*/|//[^\n]*)\n", re.MULTILINE | re.DOTALL)
_INDENT = re.compile(r"^ +", re.MULTILINE)
_FACTS = re.compile(r'<script type="([a-z/]+)" id="misread-facts">(.*?)</script>', re.DOTALL)
"""Deflated, as text; plain JSON in earlier pages."""
_MOST_FACTS = 2**22


def as_page(told: dict[str, Any], facts: dict[str, str]) -> str:
    """The page.

    Parameters
    ----------
    told : dict
        The model, for its JavaScript.
    facts : dict
        Named texts, which `facts_of_page` finds again.
    """
    served = files("misread") / "serve" / "page"
    own = files("misread") / "export" / "html" / "static"
    scripts = [(served / "static" / name).read_text("utf-8") for name in _SERVED]
    scripts += [(own / name).read_text("utf-8") for name in _OWN]
    style = (served / "static" / "style.css").read_text("utf-8") + (own / "offline.css").read_text("utf-8")
    page = (served / "index.html").read_text("utf-8")
    model = {"model": _json(told), "script": _as_one(scripts)}
    unpack = f'<script type="module">\n{(own / "unpack.js").read_text("utf-8")}</script>\n'
    title = f"{html.escape(told['about']['model'])} – misread"
    for pattern, replacement in (
        (r"<title>.*?</title>", f"<title>{title}</title>"),
        (r'  <link rel="icon".*?>\n', f'  <meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'),
        (r'  <link rel="stylesheet".*?>\n', f"  <style>\n{style}</style>\n"),
        (r'  <script type="module".*?</script>\n', ""),
        (r'<section class="why".*?</section>', (own / "insight.html").read_text("utf-8").strip()),
        (r"<p>Nothing you draw leaves.*?</p>", "<p>Nothing you draw leaves this page; it needs no network.</p>"),
        (r"<noscript>.*?</noscript>", '<noscript><p class="noscript">Drawing needs JavaScript.</p></noscript>'),
        (r"</body>", f"{_packed('facts', facts)}{_packed('packed', model)}{unpack}</body>"),
    ):
        page = _replaced(page, pattern, replacement)
    return page


def facts_of_page(page: str) -> dict[str, str]:
    """The named texts in a page; empty where there are none."""
    found = _FACTS.search(page)
    if found is None:
        return {}
    document = json.loads(found[2] if found[1] == "application/json" else _inflated(found[2]))
    return {str(name): str(text) for name, text in document.items()}


def _replaced(page: str, pattern: str, replacement: str) -> str:
    """Replace what must be there once."""
    changed, count = re.subn(pattern, lambda _: replacement, page, flags=re.DOTALL)
    if count != 1:
        raise ModelFileError(f"the served page has no {pattern}, so that no page can be made of it; report this")
    return changed


def _packed(name: str, document: Any) -> str:
    """A document deflated in a script element, which nothing inside can end; `unpack.js` knows one of them."""
    text = base64.b64encode(zlib.compress(_json(document).encode(), 9)).decode()
    return f'<script type="text/plain" id="misread-{name}">{text}</script>\n'


def _inflated(text: str) -> bytes:
    """What was deflated.

    Raises
    ------
    ValueError
        If it is damaged, or more than `_MOST_FACTS`.
    """
    unpacker = zlib.decompressobj()
    try:
        document = unpacker.decompress(base64.b64decode(text, validate=True), _MOST_FACTS)
    except zlib.error as error:
        raise ValueError(f"a damaged description: {error}") from error
    if not unpacker.eof:
        raise ValueError(f"a description that ends too early, or has more than {_MOST_FACTS:,} bytes")
    return document


def _json(document: Any) -> str:
    return json.dumps(document, allow_nan=False, separators=(",", ":"))


def _as_one(modules: list[str]) -> str:
    """Modules as one, which a page from a file may run."""
    text = "\n".join(_EXPORT.sub("", _IMPORT.sub("", module)) for module in modules)
    return _INDENT.sub("", _COMMENT.sub("", text))
