"""Model files as an attacker would write them."""

import io
import json
import zipfile

import numpy as np
import pytest
import skops.io

from misread.bundle import load
from misread.bundle.archive import read_archive
from misread.errors import ModelFileError


def rewritten(source, target, *, document=lambda document: document, arrays=lambda arrays: arrays):
    """Copy a model file with another document or other arrays, as an attacker would."""
    old_document, old_arrays = read_archive(source)
    members = {"manifest.json": json.dumps(document(old_document)).encode()}
    for name, array in arrays(dict(old_arrays.arrays)).items():
        buffer = io.BytesIO()
        np.save(buffer, array)
        members[f"{name}.npy"] = buffer.getvalue()
    return zipped(target, members)


def zipped(path, members: dict[str, bytes], method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def refused(path) -> str:
    with pytest.raises(ModelFileError) as caught:
        load(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def skops_file(golden, target, content: bytes):
    """A model file whose estimator is the skops part `content`."""
    return rewritten(
        golden / "sgd-scaled.misread",
        target,
        document=lambda old: {**old, "estimator": {"kind": "skops", "bytes": "model.skops"}},
        arrays=lambda old: {**old, "model.skops": np.frombuffer(content, np.uint8)},
    )


def edited_skops(estimator, edit) -> bytes:
    """An estimator's skops part with an edited schema."""
    source = io.BytesIO(skops.io.dumps(estimator))
    target = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "schema.json":
                content = json.dumps(edit(json.loads(content))).encode()
            new.writestr(name, content)
    return target.getvalue()
