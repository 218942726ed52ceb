"""The models of the accuracy ladder, as factories for the zoo: each gives an unfitted estimator for a seed."""

from typing import Any

from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from misread.models.augmented import ShiftedCopiesClassifier
from misread.models.convnet import ConvNetClassifier, ConvNetEnsembleClassifier
from misread.models.edge_kernel import EdgeKernelClassifier
from misread.models.features import Deskew
from misread.models.neighbors import KNeighborsClassifier

__all__ = [
    "make_convnet",
    "make_convnet_ensemble",
    "make_edge_kernel",
    "make_edge_kernel_large",
    "make_knn_deskewed",
    "make_knn_shifted",
    "make_svc_deskewed",
]


def make_knn_deskewed(seed: int) -> Any:
    """Nearest neighbours of upright images."""
    return make_pipeline(Deskew(), KNeighborsClassifier(4, weights="distance"))


def make_knn_shifted(seed: int) -> Any:
    """Nearest neighbours among images and their shifted copies, the study's step 7."""
    return ShiftedCopiesClassifier(KNeighborsClassifier(4, weights="distance"))


def make_svc_deskewed(seed: int) -> Any:
    """Support vectors on the main components of upright images."""
    machine = SVC(C=10, gamma="scale", break_ties=True, cache_size=400, random_state=seed)
    return make_pipeline(Deskew(), PCA(0.9, svd_solver="covariance_eigh"), machine)


def make_edge_kernel(seed: int) -> Any:
    """A kernel machine on edge features."""
    return EdgeKernelClassifier(random_state=seed)


def make_edge_kernel_large(seed: int) -> Any:
    """The same, comparing with more images and after more practice."""
    return EdgeKernelClassifier(n_centres=8_000, n_rounds=30, random_state=seed)


def make_convnet(seed: int) -> Any:
    """One small convolutional network."""
    return ConvNetClassifier(random_state=seed)


def make_convnet_ensemble(seed: int) -> Any:
    """Several of them."""
    return ConvNetEnsembleClassifier(random_state=seed)
