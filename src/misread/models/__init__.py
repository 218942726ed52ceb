"""Classifiers with scikit-learn's interface and results, made for uint8 images."""

from misread.models.forest import RandomForestClassifier
from misread.models.neighbors import KNeighborsClassifier
from misread.models.neighbors_cv import KNeighborsClassifierCV
from misread.models.sgd import SGDClassifier

__all__ = ["KNeighborsClassifier", "KNeighborsClassifierCV", "RandomForestClassifier", "SGDClassifier"]
