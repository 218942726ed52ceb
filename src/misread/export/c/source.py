"""A model as C99 source, and what is to be known of it in its header."""

import json
import re
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from misread.bundle import Manifest
from misread.export.c.linear import Quantised

__all__ = ["as_c", "facts_of", "flash_bytes"]

CODE_BYTES = 512
STACK_BYTES = 128
"""What code and stack take at most beside the tables; the tests measure it."""

_FACTS = re.compile(r"^ \* misread: (\{.*\})$", re.MULTILINE)


def as_c(
    model: Quantised, manifest: Manifest, facts: dict[str, str], measured: list[str], source: str
) -> dict[str, str]:
    """The two files.

    Parameters
    ----------
    model : Quantised
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
    n_planes = len(model.weights)
    detector, codes = model.is_detector, model.codes.tolist()
    names = [f"not {manifest.positive}", str(manifest.positive)] if detector else manifest.classes
    values: dict[str, Any] = {
        "height": height,
        "width": width,
        "source": _in_comment(source),
        "names": [_in_quotes(name) for name in names],
        "n_planes": n_planes,
        "weights": model.weights.reshape(n_planes, height, width).tolist(),
        "multipliers": model.multipliers.tolist(),
        "biases": [f"INT64_C({bias})" for bias in model.biases.tolist()],
        "codes": codes,
        "renumbered": not detector and codes != list(range(len(codes))),
        "detector": detector,
        "threshold": model.threshold,
        "faintest": model.faintest,
        "unit": repr(model.unit),
        "polarity": "dark became light" if manifest.invert else "0 is its background where it is black",
        "measured": [_in_comment(line) for line in measured],
        "facts": _in_comment(json.dumps(facts)),
        "flash_tables": f"{flash_bytes(model, names):,}",
        "flash_code": f"{CODE_BYTES:,}",
        "stack": f"{STACK_BYTES + 8 * n_planes:,}",
        "multiply_adds": f"{model.weights.size:,}",
    }
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
    folder = files("misread.export.c") / "templates"
    return {
        name: environment.from_string((folder / f"{name}.jinja").read_text("utf-8")).render(values)
        for name in ("misread.h", "misread.c")
    }


def flash_bytes(model: Quantised, names: Any) -> int:
    """Bytes of weights, tables and class names."""
    n_planes = len(model.weights)
    text = sum(len(name.encode()) + 1 + 4 for name in names)
    return model.weights.size + n_planes * (2 + 8) + 2 * len(model.codes) + text


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
