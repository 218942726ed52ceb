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
_FACTS = re.compile(r'<script type="application/json" id="misread-facts">(.*?)</script>', re.DOTALL)


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
        (r"</body>", f"{_facts(facts)}{_packed(told, scripts)}{unpack}</body>"),
    ):
        page = _replaced(page, pattern, replacement)
    return page


def facts_of_page(page: str) -> dict[str, str]:
    """The named texts in a page; empty where there are none."""
    found = _FACTS.search(page)
    if found is None:
        return {}
    document = json.loads(found[1])
    return {str(name): str(text) for name, text in document.items()}


def _replaced(page: str, pattern: str, replacement: str) -> str:
    """Replace what must be there once."""
    changed, count = re.subn(pattern, lambda _: replacement, page, flags=re.DOTALL)
    if count != 1:
        raise ModelFileError(f"the served page has no {pattern}, so that no page can be made of it; report this")
    return changed


def _facts(facts: dict[str, str]) -> str:
    """JSON in a script element, which nothing inside can end."""
    text = _json(facts).replace("<", "\\u003c")
    return f'<script type="application/json" id="misread-facts">{text}</script>\n'


def _packed(told: dict[str, Any], modules: list[str]) -> str:
    """The model and the scripts, deflated: text for `unpack.js`."""
    document = _json({"model": _json(told), "script": _as_one(modules)})
    text = base64.b64encode(zlib.compress(document.encode(), 9)).decode()
    return f'<script type="text/plain" id="misread-packed">{text}</script>\n'


def _json(document: Any) -> str:
    return json.dumps(document, allow_nan=False, separators=(",", ":"))


def _as_one(modules: list[str]) -> str:
    """Modules as one, which a page from a file may run."""
    text = "\n".join(_EXPORT.sub("", _IMPORT.sub("", module)) for module in modules)
    return _INDENT.sub("", _COMMENT.sub("", text))
