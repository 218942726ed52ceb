"""The page's JavaScript: modules that import each other, as one script that needs no other file."""

import re
from importlib.resources import files

__all__ = ["bundled"]

_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:const|class) (\w+))", re.MULTILINE)


def bundled(start: str = "main") -> str:
    """Modules of `assets/js` one after the other, each after all that it imports, and in a scope of its own.

    A module may wait (`await`) as it does when the browser puts modules together; those after it wait, too.

    Parameters
    ----------
    start : str
        The module that imports the others.

    Raises
    ------
    ValueError
        If modules import each other in a circle.
    """
    folder = files("misread.report") / "assets" / "js"
    done: list[str] = []
    texts: list[str] = []

    def add(name: str, importing: tuple[str, ...] = ()) -> None:
        if name in importing:
            raise ValueError(f"modules in a circle: {' -> '.join((*importing, name))}")
        if name in done:
            return
        text = (folder / f"{name}.js").read_text("utf-8")
        for _, needed in _IMPORT.findall(text):
            add(needed, (*importing, name))
        done.append(name)
        body = _IMPORT.sub(r"const \1 = from_\2;", _EXPORT.sub("", text))
        names = ", ".join(_EXPORT.findall(text))
        texts.append(f"const from_{name} = await (async () => {{\n{body}return {{ {names} }};\n}})();")

    add(start)
    return "\n".join(texts)
