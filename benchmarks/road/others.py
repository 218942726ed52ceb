"""Other people's classifiers, as their documentation shows them; misread is not imported here."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["OTHERS", "Other", "read"]


@dataclass(frozen=True)
class Other:
    """What somebody else would pick.

    Attributes
    ----------
    about : str
    seconds : float
        About how long it takes on two cores.
    train : callable of (X, y, seed)
        Gives something that has `predict`; X are bytes of shape (n, 784).
    package : str
        What must be installed.
    is_random : bool
        Whether another seed gives another model.
    """

    about: str
    seconds: float
    train: Callable[[np.ndarray, np.ndarray, int], Any]
    package: str = "sklearn"
    is_random: bool = True


def read(folder: str, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Images of shape (n, 784) and labels of the IDX files of a folder; `part` is train or t10k."""
    arrays = []
    for kind, header in (("images-idx3", 16), ("labels-idx1", 8)):
        content = (Path(folder) / f"{part}-{kind}-ubyte.gz").read_bytes()
        arrays.append(np.frombuffer(gzip.decompress(content), np.uint8, offset=header))
    return arrays[0].reshape(len(arrays[1]), -1), arrays[1]


def _neighbours(X: np.ndarray, y: np.ndarray, seed: int) -> Any:
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(n_jobs=-1).fit(X.astype(np.float32), y)


def _svc(X: np.ndarray, y: np.ndarray, seed: int) -> Any:
    from sklearn.svm import SVC

    return SVC().fit(X.astype(np.float64), y)


def _forest(X: np.ndarray, y: np.ndarray, seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_jobs=-1, random_state=seed).fit(X, y)


def _perceptron(X: np.ndarray, y: np.ndarray, seed: int) -> Any:
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler

    network = MLPClassifier(early_stopping=True, random_state=seed)
    return make_pipeline(MinMaxScaler(), network).fit(X.astype(np.float32), y)


def _lightgbm(X: np.ndarray, y: np.ndarray, seed: int) -> Any:
    from lightgbm import LGBMClassifier

    return LGBMClassifier(random_state=seed, verbose=-1).fit(X.astype(np.float32), y)


def _pytorch(X: np.ndarray, y: np.ndarray, seed: int) -> Any:
    """The network, optimiser and schedule of pytorch/examples/mnist/main.py, on the CPU."""
    import torch
    from torch import nn
    from torch.nn import functional

    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
        nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10),
    )  # fmt: skip
    images, targets = _normalised(X), torch.from_numpy(y.astype(np.int64))
    optimiser = torch.optim.Adadelta(network.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.StepLR(optimiser, step_size=1, gamma=0.7)
    for _ in range(14):
        for rows in torch.randperm(len(images)).split(64):
            optimiser.zero_grad()
            functional.cross_entropy(network(images[rows]), targets[rows]).backward()
            optimiser.step()
        schedule.step()
    return _Torch(network.eval())


def _normalised(X: np.ndarray) -> Any:
    import torch

    return (torch.from_numpy(X.astype(np.float32)).reshape(-1, 1, 28, 28) / 255 - 0.1307) / 0.3081


class _Torch:
    """A network with `predict`."""

    def __init__(self, network: Any) -> None:
        self.network = network

    def predict(self, X: np.ndarray) -> np.ndarray:
        import torch

        with torch.inference_mode():
            return torch.cat([self.network(part).argmax(1) for part in _normalised(X).split(1000)]).numpy()


def _keras(X: np.ndarray, y: np.ndarray, seed: int) -> Any:
    """The network and settings of keras.io/examples/vision/mnist_convnet."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    network = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    network.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    targets = keras.utils.to_categorical(y, 10)
    network.fit(_Keras.images(X), targets, batch_size=128, epochs=15, validation_split=0.1, verbose=0)
    return _Keras(network)


class _Keras:
    """A network with `predict` that gives classes."""

    def __init__(self, network: Any) -> None:
        self.network = network

    @staticmethod
    def images(X: np.ndarray) -> np.ndarray:
        return X.astype(np.float32).reshape(-1, 28, 28, 1) / 255

    def predict(self, X: np.ndarray) -> np.ndarray:
        return self.network.predict(self.images(X), verbose=0).argmax(axis=1)


OTHERS = {
    "other:knn": Other("scikit-learn's KNeighborsClassifier", 3, _neighbours, is_random=False),
    "other:forest": Other("scikit-learn's RandomForestClassifier", 30, _forest),
    "other:mlp": Other("scikit-learn's MLPClassifier, early_stopping", 90, _perceptron),
    "other:lightgbm": Other("LightGBM on pixels", 120, _lightgbm, package="lightgbm"),
    "other:svc": Other("scikit-learn's SVC", 200, _svc, is_random=False),
    "other:keras": Other("Keras, its tutorial's convnet", 200, _keras, package="keras"),
    "other:pytorch": Other("PyTorch, its example's convnet", 800, _pytorch, package="torch"),
}
