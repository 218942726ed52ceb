"""Which types a part written by skops may construct: those whose code we have looked at, named here alone.

skops itself vouches for every scikit-learn estimator, also for those whose compiled code follows fitted arrays
out of bounds. So a file is audited first, as the JSON it is; `fitted` then checks what these types hold.
"""

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["ESTIMATORS", "TRUSTED_TYPES", "strange_types"]

_SKLEARN: dict[str, tuple[str, ...]] = {
    "calibration": ("CalibratedClassifierCV",),
    "decomposition._pca": ("PCA",),
    "decomposition._truncated_svd": ("TruncatedSVD",),
    "discriminant_analysis": ("LinearDiscriminantAnalysis", "QuadraticDiscriminantAnalysis"),
    "dummy": ("DummyClassifier",),
    "ensemble._bagging": ("BaggingClassifier",),
    "ensemble._forest": ("ExtraTreesClassifier", "RandomForestClassifier"),
    "ensemble._gb": ("GradientBoostingClassifier",),
    "ensemble._hist_gradient_boosting.gradient_boosting": ("HistGradientBoostingClassifier",),
    "ensemble._stacking": ("StackingClassifier",),
    "ensemble._voting": ("VotingClassifier",),
    "ensemble._weight_boosting": ("AdaBoostClassifier",),
    "feature_selection._univariate_selection": ("SelectKBest", "SelectPercentile"),
    "feature_selection._variance_threshold": ("VarianceThreshold",),
    "frozen._frozen": ("FrozenEstimator",),
    "isotonic": ("IsotonicRegression",),
    "linear_model._logistic": ("LogisticRegression", "LogisticRegressionCV"),
    "linear_model._perceptron": ("Perceptron",),
    "linear_model._ridge": ("RidgeClassifier", "RidgeClassifierCV"),
    "linear_model._stochastic_gradient": ("SGDClassifier",),
    "multiclass": ("OneVsOneClassifier", "OneVsRestClassifier", "OutputCodeClassifier"),
    "multioutput": ("ClassifierChain", "MultiOutputClassifier"),
    "naive_bayes": ("BernoulliNB", "ComplementNB", "GaussianNB", "MultinomialNB"),
    "neighbors._classification": ("KNeighborsClassifier",),
    "neural_network._multilayer_perceptron": ("MLPClassifier",),
    "pipeline": ("Pipeline",),
    "preprocessing._data": (
        "Binarizer",
        "MaxAbsScaler",
        "MinMaxScaler",
        "Normalizer",
        "RobustScaler",
        "StandardScaler",
    ),
    "preprocessing._label": ("LabelBinarizer", "LabelEncoder"),
    "svm._classes": ("LinearSVC", "NuSVC", "SVC"),
    "tree._classes": ("DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier"),
}
ESTIMATORS = frozenset(f"sklearn.{module}.{name}" for module, names in _SKLEARN.items() for name in names)
"""The estimators of scikit-learn that a model file may hold."""

_OURS = frozenset(
    {
        "misread.models.forest.RandomForestClassifier",
        "misread.models.neighbors.KNeighborsClassifier",
        "misread.models.sgd.SGDClassifier",
    }
)
_SCORES = frozenset({"sklearn.feature_selection._univariate_selection.f_classif"})
_PARTS = frozenset(
    {
        "sklearn._loss.link.HalfLogitLink",
        "sklearn._loss.link.Interval",
        "sklearn._loss.link.LogitLink",
        "sklearn._loss.link.MultinomialLogit",
        "sklearn._loss.loss.ExponentialLoss",
        "sklearn._loss.loss.HalfBinomialLoss",
        "sklearn._loss.loss.HalfMultinomialLoss",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.calibration._TemperatureScaling",
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    }
)
_LOSSES = frozenset(
    {
        "sklearn._loss._loss.CyExponentialLoss",
        "sklearn._loss._loss.CyHalfBinomialLoss",
        "sklearn._loss._loss.CyHalfMultinomialLoss",
        *(
            f"sklearn.linear_model._sgd_fast.{name}"
            for name in (
                "EpsilonInsensitive",
                "Hinge",
                "ModifiedHuber",
                "SquaredEpsilonInsensitive",
                "SquaredHinge",
            )
        ),
    }
)
_SCALARS = frozenset(
    {
        *(f"builtins.{name}" for name in ("bool", "float", "int", "str")),
        *(f"numpy.{name}" for name in ("bool", "bool_", "float32", "float64", "str_")),
        *(f"numpy.{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
    }
)
_BY_LOADER: dict[str, frozenset[str]] = {
    "DictNode": frozenset({"builtins.dict", "sklearn.utils._bunch.Bunch"}),
    "DTypeNode": frozenset({"numpy.dtype"}),
    "FunctionNode": _SCORES,
    "JsonNode": frozenset({"builtins.str"}),
    "ListNode": frozenset({"builtins.list"}),
    "LossNode": _LOSSES,
    "NdArrayNode": _SCALARS | {"numpy.ndarray"},
    "ObjectNode": ESTIMATORS | _OURS | _PARTS,
    "RandomGeneratorNode": frozenset({"numpy.random._generator.Generator"}),
    "RandomStateNode": frozenset({"numpy.random.mtrand.RandomState"}),
    "TreeNode": frozenset({"sklearn.tree._tree.Tree"}),
    "TupleNode": frozenset({"builtins.tuple"}),
    "TypeNode": _SCALARS,
}
"""Which types each of skops's ways to construct something may be used on."""

TRUSTED_TYPES = (
    *sorted(_LOSSES | _OURS | _SCORES | _PARTS),
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
)
"""What is to be constructed besides what skops itself vouches for."""

_NAMES = ("__class__", "__loader__", "__module__")


def strange_types(nodes: Iterable[Mapping[str, Any]]) -> set[str]:
    """Names of the types of a schema's nodes that are not on the list, or not to be constructed in that way."""
    strange = set()
    for node in nodes:
        kind, loader, module = (node.get(name) for name in _NAMES)
        name = f"{module}.{kind}"
        if (kind, loader, module) != (None,) * 3 and name not in _BY_LOADER.get(str(loader), ()):
            strange.add(name)
    return strange
