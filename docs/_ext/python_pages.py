"""The reference of the Python API: one page for each package, with the names that it makes public."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import misread

# What people call through the command line or a file, not from Python.
INSIDE = {"cli", "kernels", "images", "parallel", "files", "spelling", "spreadsheet", "html", "cluster"}
# Public names that their package does not list itself.
BESIDE = {"misread.models": ["misread.models.zoo"], "misread.serve": ["misread.serve.app", "misread.serve.limits"]}


def packages() -> Iterator[ModuleType]:
    """The public packages, and the modules beside them, in the order of their names."""
    for found in sorted(pkgutil.iter_modules(misread.__path__), key=lambda one: one.name):
        if found.name not in INSIDE and not found.name.startswith("_"):
            yield importlib.import_module(f"misread.{found.name}")


def public_names(package: ModuleType) -> list[tuple[str, str]]:
    """(module, name) of what a package makes public: its own list, or else those of its modules."""
    modules = [package]
    if not getattr(package, "__all__", None):
        found = pkgutil.iter_modules(getattr(package, "__path__", []))
        modules = [
            importlib.import_module(f"{package.__name__}.{one.name}") for one in found if one.name[0] != "_"
        ]
        modules = modules if package.__name__ not in BESIDE else []
    modules += [importlib.import_module(name) for name in BESIDE.get(package.__name__, [])]
    return [
        (module.__name__, name)
        for module in modules
        for name in getattr(module, "__all__", ())
        if inspect.isclass(getattr(module, name)) or inspect.isroutine(getattr(module, name))
    ]


def texts() -> dict[str, str]:
    """File name and text of each page."""
    pages = {"python-misread.rst": _top()}
    for package in packages():
        names = public_names(package)
        if names:
            pages[f"python-{package.__name__.removeprefix('misread.').replace('.', '-')}.rst"] = _page(
                package, names
            )
    return pages


def _top() -> str:
    rows = []
    for name in sorted(misread.__all__, key=str.lower):
        found = getattr(misread, name)
        if inspect.isclass(found) or inspect.isroutine(found):
            page = "python-" + found.__module__.split(".")[1]
            summary = " ".join((inspect.getdoc(found) or "").partition("\n\n")[0].split())
            rows.append(f"   * - :doc:`{name} <{page}>`\n     - {summary}")
    return (
        "misread\n=======\n\nThe names that most programs need; ``import misread`` itself costs nothing.\n\n"
        ".. list-table::\n   :header-rows: 1\n\n   * - name\n     - what it is\n" + "\n".join(rows) + "\n"
    )


def _page(package: ModuleType, names: list[tuple[str, str]]) -> str:
    title = package.__name__
    lines = [title, "=" * len(title), "", inspect.getdoc(package) or "", ""]
    if title == "misread.errors":
        lines = [title, "=" * len(title), "", "What each means, and what to do: :doc:`errors`.", ""]
    for module, name in names:
        heading = f"{module.removeprefix(title).removeprefix('.')}.{name}".lstrip(".")
        lines += [heading, "-" * len(heading), "", f".. currentmodule:: {module}", ""]
        found = getattr(importlib.import_module(module), name)
        if inspect.isclass(found):
            bases = [] if found.__bases__ == (object,) else ["   :show-inheritance:"]
            lines += [f".. autoclass:: {name}", "   :members:", *bases, ""]
        else:
            lines += [f".. autofunction:: {name}", ""]
    return "\n".join(lines)
