"""Structure-aware mutations: fields of documents and schemas, headers of arrays and archives, with a seed each.

Every mutated file is a model or one clear line, in little time and memory. `SEEDS` is small for every day; more
are one number away.
"""

import copy
import io
import json
import random
import struct
import zipfile

import numpy as np
import pytest
import skops.io
from crafted import rewritten, skops_file, zipped
from sklearn.ensemble import BaggingClassifier, ExtraTreesClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from misread.bundle import load
from misread.errors import MisreadError

SEEDS = 40
GOLDEN = ("sgd", "sgd-scaled", "forest", "knn", "svc", "svc-ovr")
STRANGE = [
    *(None, True, False, 0, 1, -1, 1.5, 1e308, -1e308, 1e-320, 10**9, 10**12, 10**30, 2**31, 2**63),
    *("", "x", "\x1b[2J", "a" * 20_000, "model.classes", "__class__", "uniform", "precomputed", "9" * 5_000),
    *([], {}, [[]], [1] * 1_000, {"a": {"a": 1}}, [512, 512], [[1e-300, 1e300]]),
]


def places(value, path=()):
    """Paths of all values inside a JSON value."""
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


def mutated(document, rng):
    """A JSON value with some of its values exchanged, left out, repeated or nested deep."""
    document = copy.deepcopy(document)
    for _ in range(rng.choice([1, 1, 2, 4])):
        *path, last = rng.choice([path for path in places(document) if path])
        parent = document
        for key in path:
            parent = parent[key]
        value = parent[last]
        match rng.choice(["set", "set", "remove", "repeat", "deep", "other"]):
            case "set":
                strange = copy.deepcopy(rng.choice(STRANGE))
                parent[last] = json.dumps(strange) if isinstance(value, str) and rng.random() < 0.3 else strange
            case "remove":
                del parent[last]
            case "repeat" if isinstance(parent, list):
                parent.extend([value] * rng.choice([1, 30]))
            case "deep":
                for _ in range(rng.choice([20, 70, 300])):
                    value = [value]
                parent[last] = value
            case "other":
                parent[last] = copy.deepcopy(
                    parent[rng.choice(list(parent))] if isinstance(parent, dict) else value
                )
    return document


def mutated_array(array, rng):
    """Another array in its place: other values, another shape, another kind."""
    shape = rng.choice([(0,), (1,), (2, 64), (100_000,), (0, 64), (10, 10), array.shape[::-1], (array.size,)])
    kind = rng.choice(["f8", "f4", "i8", "i4", "u1", "?"])
    if rng.random() < 0.4:
        return np.full(shape, rng.choice([0, 1, 9]), kind)
    changed = np.array(array).reshape(-1)
    if changed.size:
        values = [0, 1, 64, 100, *([-1, np.nan, np.inf, 1e300] if changed.dtype.kind == "f" else [])]
        for _ in range(rng.choice([1, 5])):
            changed[rng.randrange(changed.size)] = rng.choice(values)
    return changed.reshape(array.shape)


def ends_well(path, images):
    """Load, and ask: an answer, or our own error in one line."""
    try:
        bundle = load(path)
        if bundle.manifest.image_size == images.shape[1:]:
            bundle.answer(images)
    except MisreadError as error:
        message = str(error)
        assert message.isprintable()
        assert len(message) < 2_500


@pytest.fixture(scope="module")
def foreign(few):
    """Parts that skops wrote."""
    models = (
        make_pipeline(MinMaxScaler(), RidgeClassifier()),
        BaggingClassifier(GaussianNB(), 2, random_state=0),
        ExtraTreesClassifier(2, random_state=0),
    )
    return [skops.io.dumps(model.fit(few.train.X, few.train.labels)) for model in models]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(SEEDS))
def test_documents_and_arrays(golden, few, tmp_path, seed):
    rng = random.Random(seed)

    def edit(arrays):
        names = rng.sample(sorted(arrays), rng.choice([0, 0, 1, 2]))
        return {**arrays, **{name: mutated_array(arrays[name], rng) for name in names}}

    path = golden / f"{rng.choice(GOLDEN)}.misread"
    document = (lambda old: mutated(old, rng)) if rng.random() < 0.7 else (lambda old: old)
    ends_well(rewritten(path, tmp_path / "m.misread", document=document, arrays=edit), few.test.images[:2])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(SEEDS))
def test_parts_for_skops(golden, few, foreign, tmp_path, seed):
    rng = random.Random(seed)
    with zipfile.ZipFile(io.BytesIO(rng.choice(foreign))) as file:
        members = {name: file.read(name) for name in file.namelist()}
    if rng.random() < 0.6:
        members["schema.json"] = json.dumps(mutated(json.loads(members["schema.json"]), rng)).encode()
    else:
        name = rng.choice([name for name in members if name.endswith(".npy")])
        buffer = io.BytesIO()
        np.save(buffer, mutated_array(np.load(io.BytesIO(members[name])), rng))
        members[name] = buffer.getvalue()
    inner = zipped(tmp_path / "inner.zip", members).read_bytes()
    ends_well(skops_file(golden, tmp_path / "m.misread", inner), few.test.images[:2])


@pytest.mark.parametrize("seed", range(SEEDS))
def test_headers_of_the_archive(golden, few, tmp_path, seed):
    rng = random.Random(seed)
    content = bytearray((golden / f"{rng.choice(GOLDEN)}.misread").read_bytes())
    for _ in range(rng.choice([1, 2, 4])):
        signature = rng.choice([b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"])
        at = rng.choice([content.find(signature), content.rfind(signature)]) + rng.randrange(4, 40)
        if 0 <= at <= len(content) - 4:
            value = rng.choice([0, 1, 9, 0xFF, 0x7FFFFFFF, 0xFFFFFFFF, len(content), rng.randrange(2**32)])
            struct.pack_into("<I", content, at, value)
    path = tmp_path / "m.misread"
    path.write_bytes(content)
    ends_well(path, few.test.images[:2])
