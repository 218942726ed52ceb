"""Models that stand alone, as the few arrays that make them predict, and back."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.svm import SVC

from misread.bundle.parts import (
    Codec,
    Get,
    Plain,
    Put,
    checked_array,
    checked_classes,
    checked_floats,
    checked_number,
    checked_temperature,
    decode_scaler,
    encode_reader,
    encode_scaler,
    expect,
    set_reader,
)
from misread.bundle.trees import decode_trees, encode_trees
from misread.images.fit import MAX_SIDE
from misread.models import KNeighborsClassifier, RandomForestClassifier, SGDClassifier
from misread.models._sklearn import packed_duals
from misread.models.convnet import ConvNetClassifier, network_size
from misread.models.edge_kernel import EdgeKernelClassifier
from misread.models.features import Deskew, n_edge_features
from misread.models.hinge import dense_weights
from misread.models.tiny import TinyNetClassifier
from misread.models.whole import (
    MOST_BIAS,
    MOST_SHIFT,
    WholeConv,
    WholeLinear,
    WholeNetwork,
    packed,
    plan,
    unpacked,
)

__all__ = ["CODECS"]

N_ASKED = 16
COLUMN_BYTES = 1_024
FLOAT_COPIES = 24


def _encode_sgd(model: SGDClassifier, put: Put, name: str) -> Plain:
    return {
        "classes": put(f"{name}.classes", model.classes_),
        "coef": put(f"{name}.coef", dense_weights(model)),
        "intercept": put(f"{name}.intercept", model.intercept_),
        "epochs": int(model.n_iter_),
        "updates": float(model.t_),
        "scaler": encode_scaler(model.scaler_, put, name),
    }


def _decode_sgd(model: SGDClassifier, node: Plain, get: Get) -> SGDClassifier:
    model.classes_ = checked_classes(node, get)
    n_planes = 1 if model.classes_.size == 2 else model.classes_.size
    model.coef_ = checked_array(node, "coef", get, "f8", (n_planes, None))
    model.intercept_ = checked_array(node, "intercept", get, "f8", (n_planes,))
    model.n_features_in_ = model.coef_.shape[1]
    model.n_iter_ = int(checked_number(node, "epochs", 0, 2**53))
    model.t_ = checked_number(node, "updates", 0, 1e300)
    model.scaler_ = decode_scaler(node["scaler"], get, model.n_features_in_)
    model.scaler = model.scaler_ and FrozenEstimator(model.scaler_)
    return model


def _encode_knn(model: KNeighborsClassifier, put: Put, name: str) -> Plain:
    images, targets = _training_data(model)
    return {"images": put(f"{name}.images", images), "targets": put(f"{name}.targets", targets)}


def _decode_knn(model: KNeighborsClassifier, node: Plain, get: Get) -> KNeighborsClassifier:
    images, targets = checked_array(node, "images", get, "u1", (None, None)), get(node["targets"])
    expect(targets.ndim in (1, 2) and len(targets) == len(images), "images without targets")
    expect(targets.dtype.kind in "bui", "targets of a strange kind")
    copies = 2 if model._has_euclidean_metric() else FLOAT_COPIES
    get.budget.spend(copies * images.nbytes + COLUMN_BYTES * targets[:1].size, "to look for neighbours")
    return model.fit(images, targets)


def _training_data(model: KNeighborsClassifier) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """The images (rows of pixels) that a nearest-neighbour model answers from, and their targets."""
    images, codes = model.learnt()
    if not model.outputs_2d_:
        return images, model.classes_[codes]
    return images, np.column_stack([classes[own] for classes, own in zip(model.classes_, codes.T, strict=True)])


def _encode_forest(model: RandomForestClassifier, put: Put, name: str) -> Plain:
    return {
        "classes": put(f"{name}.classes", model.classes_),
        "n_features": int(model.n_features_in_),
        "trees": encode_trees(model, put, name),
    }


def _decode_forest(model: RandomForestClassifier, node: Plain, get: Get) -> RandomForestClassifier:
    model.classes_ = checked_classes(node, get)
    model.n_classes_, model.n_outputs_ = model.classes_.size, 1
    model.n_features_in_ = int(checked_number(node, "n_features", 1, MAX_SIDE**2))
    trees = {key: get(value) for key, value in node["trees"].items()}
    get.budget.spend_parts(trees["sizes"].size)
    model.estimators_ = decode_trees(model, trees)
    model.n_estimators = len(model.estimators_)
    return model


def _encode_svc(model: SVC, put: Put, name: str) -> Plain:
    dual, intercept, _ = packed_duals(model)
    return {
        "gamma": float(model._gamma),
        "n_train": int(model.shape_fit_[0]),
        "classes": put(f"{name}.classes", model.classes_),
        "support": put(f"{name}.support", model.support_),
        "vectors": put(f"{name}.vectors", model.support_vectors_),
        "counts": put(f"{name}.counts", model.n_support_),
        "dual": put(f"{name}.dual", dual),
        "intercept": put(f"{name}.intercept", intercept),
    }


def _decode_svc(model: SVC, node: Plain, get: Get) -> SVC:
    """Fill in what libsvm reads; it trusts its arrays, so every size is checked here."""
    model.classes_ = checked_classes(node, get)
    n_classes = model.classes_.size
    counts = checked_array(node, "counts", get, "i4", (n_classes,))
    vectors = checked_array(node, "vectors", get, "f8", (None, None))
    n_vectors = len(vectors)
    expect(n_classes >= 2 and (counts >= 0).all() and int(counts.sum()) == n_vectors > 0, "support vectors")
    n_train, gamma = int(checked_number(node, "n_train", 1, 2**53)), checked_number(node, "gamma", 0, 1e300)
    support = checked_array(node, "support", get, "i4", (n_vectors,))
    expect(((support >= 0) & (support < n_train)).all(), "support vectors")
    model._dual_coef_ = checked_array(node, "dual", get, "f8", (n_classes - 1, n_vectors))
    model._intercept_ = checked_array(node, "intercept", get, "f8", (n_classes * (n_classes - 1) // 2,))
    sign = -1.0 if n_classes == 2 else 1.0
    model.dual_coef_, model.intercept_ = sign * model._dual_coef_, sign * model._intercept_
    model._n_support, model.support_, model.support_vectors_ = counts, support, vectors
    model._gamma, model._sparse, model.fit_status_ = gamma, False, 0
    model._probA = model._probB = np.empty(0)
    model._effective_probability = False
    model.class_weight_ = np.ones(n_classes)
    model.n_features_in_ = vectors.shape[1]
    model.shape_fit_ = (n_train, vectors.shape[1])
    return model


def _encode_deskew(model: Deskew, put: Put, name: str) -> Plain:
    return {"reader": encode_reader(model.reader_)}


def _decode_deskew(model: Deskew, node: Plain, get: Get) -> Deskew:
    set_reader(model, node)
    return model


def _encode_pca(model: PCA, put: Put, name: str) -> Plain:
    arrays = {"mean": model.mean_, "components": model.components_, "variance": model.explained_variance_}
    return {key: put(f"{name}.{key}", np.asarray(array, np.float64)) for key, array in arrays.items()}


def _decode_pca(model: PCA, node: Plain, get: Get) -> PCA:
    model.components_ = checked_array(node, "components", get, "f8", (None, None))
    model.n_components_, model.n_features_in_ = model.components_.shape
    model.mean_ = checked_array(node, "mean", get, "f8", (model.n_features_in_,))
    model.explained_variance_ = checked_array(node, "variance", get, "f8", (model.n_components_,))
    return model


_EDGE_ARRAYS = ("centres", "coef", "means")


def _encode_edge_kernel(model: EdgeKernelClassifier, put: Put, name: str) -> Plain:
    return {
        "reader": encode_reader(model.reader_),
        "classes": put(f"{name}.classes", model.classes_),
        "sharpness": float(model.sharpness_),
        "temperature": float(model.temperature_),
        **{key: put(f"{name}.{key}", getattr(model, f"{key}_")) for key in _EDGE_ARRAYS},
        **({} if model.axes_ is None else {"axes": put(f"{name}.axes", model.axes_)}),
    }


def _decode_edge_kernel(model: EdgeKernelClassifier, node: Plain, get: Get) -> EdgeKernelClassifier:
    set_reader(model, node)
    model.classes_ = checked_classes(node, get)
    n_features = n_edge_features(model.reader_.shape, model.n_directions, model.scales)
    planes = model.n_directions * model.n_features_in_
    get.budget.spend(16 * N_ASKED * (planes + n_features), "for edges and their directions")
    model.axes_ = checked_array(node, "axes", get, "f4", (n_features, None)) if "axes" in node else None
    n_compared = n_features if model.axes_ is None else model.axes_.shape[1]
    model.centres_ = checked_floats(node, "centres", get, (None, n_compared))
    n_centres = len(model.centres_)
    model.coef_ = checked_floats(node, "coef", get, (n_centres, model.classes_.size))
    means: Any = checked_floats(node, "means", get, (n_centres,))
    model.means_ = means
    model.sharpness_, model.temperature_ = checked_number(node, "sharpness", 0, 1e300), checked_temperature(node)
    return model


def _encode_convnet(model: ConvNetClassifier, put: Put, name: str) -> Plain:
    return {
        "reader": encode_reader(model.reader_),
        "classes": put(f"{name}.classes", model.classes_),
        "temperature": float(model.temperature_),
        "weights": put(f"{name}.weights", np.frombuffer(model.weights_, np.uint8)),
    }


def _decode_convnet(model: ConvNetClassifier, node: Plain, get: Get) -> ConvNetClassifier:
    """Weights are bytes here; `weights_from_bytes` reads them as plain tensors when the network is first asked."""
    set_reader(model, node)
    model.classes_ = checked_classes(node, get)
    n_weights, n_values = network_size(model.reader_.shape, model.classes_.size, model.widths, model.depth)
    weights = checked_array(node, "weights", get, "u1", (None,))
    expect(4 * n_weights <= weights.size, f"{weights.size:,} bytes for a network of {n_weights:,} weights")
    get.budget.spend(8 * n_weights + 16 * N_ASKED * n_values, "for a network and what it computes")
    model.weights_, model.temperature_ = weights.tobytes(), checked_temperature(node)
    return model


def _encode_tiny(model: TinyNetClassifier, put: Put, name: str) -> Plain:
    network, planes = model.network_, model.network_.planes
    return {
        "reader": encode_reader(model.reader_),
        "classes": put(f"{name}.classes", model.classes_),
        "temperature": float(model.temperature_),
        "convolutions": [
            {
                "weights": put(f"{name}.{i}.weights", packed(layer.weights)),
                "biases": put(f"{name}.{i}.biases", layer.biases.astype(np.int32)),
                "multipliers": put(f"{name}.{i}.multipliers", layer.multipliers.astype(np.uint8)),
                "shifts": put(f"{name}.{i}.shifts", layer.shifts.astype(np.uint8)),
            }
            for i, layer in enumerate(network.convolutions)
        ],
        "planes": put(f"{name}.planes", packed(planes.weights)),
        "biases": put(f"{name}.biases", planes.biases.astype(np.int32)),
        "exponent": int(np.log2(planes.unit)),
    }


def _decode_tiny(model: TinyNetClassifier, node: Plain, get: Get) -> TinyNetClassifier:
    set_reader(model, node)
    model.classes_ = checked_classes(node, get)
    spots = plan(model.reader_.shape, len(model.widths))
    parts = node["convolutions"]
    expect(isinstance(parts, list) and len(parts) == len(spots), "a network with layers missing")
    channels, layers = 1, []
    for wide, spot, part in zip(model.widths, spots, parts, strict=True):
        n_weights = channels * spot.side**2
        weights = checked_array(part, "weights", get, "u1", (wide, -(-n_weights // 2)))
        biases = checked_array(part, "biases", get, "i4", (wide,)).astype(np.int64)
        multipliers, shifts = (
            checked_array(part, key, get, "u1", (wide,)).astype(np.int64) for key in ("multipliers", "shifts")
        )
        expect(np.abs(biases).max() <= MOST_BIAS and shifts.max() <= MOST_SHIFT, "a layer that overflows")
        shape = (wide, spot.side, spot.side, channels)
        kernels = unpacked(weights, n_weights).reshape(shape)
        layers.append(WholeConv(kernels, biases, multipliers, shifts, spot))
        get.budget.spend(16 * layers[-1].n_taps + 8 * kernels.size, "for a network and what it computes")
        channels = wide
    n_values = channels * spots[-1].n_places
    planes = checked_array(node, "planes", get, "u1", (model.classes_.size, -(-n_values // 2)))
    biases = checked_array(node, "biases", get, "i4", (model.classes_.size,)).astype(np.int64)
    unit = 2.0 ** int(checked_number(node, "exponent", -60, 60))
    model.network_ = WholeNetwork(tuple(layers), WholeLinear(unpacked(planes, n_values), biases, unit))
    model.temperature_ = checked_temperature(node)
    return model


def _has_codes(model: Any) -> bool:
    return isinstance(model.classes_, np.ndarray) and model.classes_.dtype.kind in "biu"


def _is_plain_svc(model: SVC) -> bool:
    return _has_codes(model) and not model._sparse and not model._probA.size and isinstance(model.kernel, str)


CODECS = (
    Codec("sgd", SGDClassifier, _encode_sgd, _decode_sgd, _has_codes),
    Codec("forest", RandomForestClassifier, _encode_forest, _decode_forest, _has_codes),
    Codec("knn", KNeighborsClassifier, _encode_knn, _decode_knn),
    Codec("svc", SVC, _encode_svc, _decode_svc, _is_plain_svc),
    Codec("deskew", Deskew, _encode_deskew, _decode_deskew),
    Codec("pca", PCA, _encode_pca, _decode_pca),
    Codec("edge-kernel", EdgeKernelClassifier, _encode_edge_kernel, _decode_edge_kernel),
    Codec("convnet", ConvNetClassifier, _encode_convnet, _decode_convnet),
    Codec("tiny", TinyNetClassifier, _encode_tiny, _decode_tiny),
)
