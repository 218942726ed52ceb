"""A model as C99 source, and what is to be known of it in its header."""

import json
import re
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from misread.bundle import Manifest
from misread.export.c.linear import Quantised
from misread.export.c.network import WholeInC

__all__ = ["Machine", "as_c", "facts_of"]

Machine = Quantised | WholeInC

_FACTS = re.compile(r"^ \* misread: (\{.*\})$", re.MULTILINE)


def as_c(
    model: Machine, manifest: Manifest, facts: dict[str, str], measured: list[str], source: str
) -> dict[str, str]:
    """The two files.

    Parameters
    ----------
    model : Quantised or WholeInC
    manifest : Manifest
    facts : dict
        Named texts, which `facts_of` finds again.
    measured : list of str
        How good it is, in lines for the header.
    source : str
        The file that it is from.

    Returns
    -------
    dict
        Contents by file name.
    """
    height, width = manifest.image_size
    decision, costs = model.decision, model.costs()
    detector, codes = decision.is_detector, decision.codes.tolist()
    names = [f"not {manifest.positive}", str(manifest.positive)] if detector else manifest.classes
    text = sum(len(name.encode()) + 1 + 4 for name in names)
    values: dict[str, Any] = {
        "height": height,
        "width": width,
        "source": _in_comment(source),
        "names": [_in_quotes(name) for name in names],
        "n_planes": model.n_planes,
        "codes": codes,
        "renumbered": not detector and codes != list(range(len(codes))),
        "detector": detector,
        "promised": decision.is_promised,
        "threshold": decision.threshold,
        "faintest": decision.faintest,
        "unit": repr(decision.unit),
        "bits": model.bits,
        "polarity": "dark became light" if manifest.invert else "0 is its background where it is black",
        "measured": [_in_comment(line) for line in measured],
        "facts": _in_comment(json.dumps(facts)),
        "flash_tables": f"{costs.tables + 2 * len(codes) + text:,}",
        "flash_code": f"{costs.code:,}",
        "static": costs.static,
        "stack": f"{costs.stack:,}",
        "multiply_adds": f"{costs.multiply_adds:,}",
        **model.values((height, width)),
    }
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
    folder = files("misread.export.c") / "templates"
    parts = {"misread.h": ("misread.h.jinja",), "misread.c": (model.machine, "decide.c.jinja")}
    return {
        name: "".join(
            environment.from_string((folder / one).read_text("utf-8")).render(values) for one in templates
        )
        for name, templates in parts.items()
    }


def facts_of(header: str) -> dict[str, str]:
    """The named texts in a header; empty where there are none."""
    found = _FACTS.search(header)
    if found is None:
        return {}
    document = json.loads(found[1])
    return {str(name): str(text) for name, text in document.items()}


def _in_comment(text: str) -> str:
    """Text that ends no comment and begins none, in ASCII; JSON stays JSON."""
    escaped = text.encode("ascii", "backslashreplace").decode()
    return (
        "".join(" " if ord(one) < 32 else one for one in escaped).replace("*", "\\u002a").replace("?", "\\u003f")
    )


def _in_quotes(text: str) -> str:
    """Text inside the quotes of a C string, as UTF-8."""
    return "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else f"\\{byte:03o}" for byte in text.encode()
    )
