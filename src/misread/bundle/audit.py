"""A part written by skops, looked at as the JSON and the arrays it is, and written anew for skops to read.

skops follows whatever a schema refers to as often as it is referred to. So the new one shares nothing: every node
and every array stands for itself, and all of them are paid for before any is made.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

from misread.bundle.allowed import ESTIMATORS, strange_types
from misread.bundle.archive import JSON_BYTES, array_header, check_members, content_of
from misread.bundle.budget import Budget
from misread.bundle.compiled import check_compiled
from misread.errors import ModelFileError

__all__ = ["audited"]

_SCHEMA = "schema.json"
_NODE_BYTES = 4_096
_COPIES = 3


def audited(content: bytes, budget: Budget) -> bytes:
    """See that a skops part names nothing but types of our list, and how much it will take.

    Parameters
    ----------
    content : bytes
    budget : Budget
        Pays for all that skops will make of it.

    Returns
    -------
    bytes
        The same part, for skops.

    Raises
    ------
    ModelFileError
        If it names other types, or unpacks to more than is left. Other exceptions mean a damaged one.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {member.filename: member for member in check_members(archive, len(content))}
        budget.spend(JSON_BYTES * members[_SCHEMA].file_size, "for a part in it")
        schema = json.loads(content_of(archive, members[_SCHEMA]))
        nodes = list(_nodes(schema))
        for node in nodes:
            if node.get("__module__") == "_loss":
                _as_newer_loss(node)
        budget.spend(_NODE_BYTES * len(nodes), f"for the {len(nodes):,} values of a part in it")
        _check_types(nodes)
        arrays = {}
        for name in (node["file"] for node in nodes if isinstance(node.get("file"), str)):
            budget.spend(_COPIES * members[name].file_size, "for the arrays of a part in it")
            if name not in arrays:
                arrays[name] = bytes(content_of(archive, members[name]))
                array_header(arrays[name])
        check_compiled(nodes, arrays)
    for node in nodes:
        node.pop("__id__", None)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(_SCHEMA, json.dumps(schema))
        for name, array in arrays.items():
            archive.writestr(name, array)
    return buffer.getvalue()


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """All dicts of a schema."""
    rest = [schema]
    while rest:
        node = rest.pop()
        if isinstance(node, list):
            rest += node
        elif isinstance(node, dict):
            yield node
            rest += node.values()


def _as_newer_loss(node: dict[str, Any]) -> None:
    """A compiled loss, as scikit-learn before 1.9 has skops write it, becomes what a later one has it write."""
    empty = {"__module__": "builtins", "content": []}
    keys = {"__class__": "list", "__loader__": "ListNode", **empty}
    node |= {
        "__module__": "sklearn._loss._loss",
        "__loader__": "LossNode",
        "__reduce__": {"args": {"__class__": "tuple", "__loader__": "TupleNode", **empty}},
        "content": {"__class__": "dict", "__loader__": "DictNode", **empty, "content": {}, "key_types": keys},
    }


def _check_types(nodes: list[dict[str, Any]]) -> None:
    strange = strange_types(nodes)
    if strange:
        allowed = ", ".join(sorted(name.rpartition(".")[2] for name in ESTIMATORS))
        raise ModelFileError(
            f"it holds {', '.join(sorted(strange)[:5])[:200]}, which is not allowed in a model file; "
            f"of scikit-learn it may hold {allowed}, with parameters that are plain values"
        )
