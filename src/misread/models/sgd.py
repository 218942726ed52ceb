"""Linear classifiers by stochastic gradient descent: scikit-learn's numbers to the last bit, many times faster."""

import warnings
from typing import Any, Self

import numpy as np
import sklearn
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import SGDClassifier as SklearnSGDClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state, compute_class_weight
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.fixes import parse_version
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from misread.errors import ParameterError
from misread.kernels.rows import Rows
from misread.kernels.sgd import Rule
from misread.models._sklearn import check_sample_weight
from misread.models.hinge import LARGEST_SEED, draw_seed, fit_class, initial_weights, kernel_rows
from misread.models.pixels import seen_by
from misread.models.scaling import fit_scaler, is_pixels
from misread.parallel import Shared

__all__ = ["SGDClassifier"]

INSTALLED_STOPPING = "objective" if parse_version(sklearn.__version__) >= parse_version("1.8") else "loss"
MARGINS = {"hinge": 1.0, "perceptron": 0.0}
SPARSE_INTERCEPT_DECAY = 0.01  # scikit-learn slows the intercept down by this when X is sparse
ROWS_PER_BLOCK = 4096


class SGDClassifier(SklearnSGDClassifier):
    """scikit-learn's SGDClassifier with a choice of stopping rule, fast and exact on images.

    The hinge loss (and the perceptron's) with the L2 penalty and the 'optimal' learning rate run in a kernel
    whose coefficients, intercepts and epochs equal scikit-learn's bit for bit. ``uint8`` matrices are used as
    they are, without a floating-point copy. Everything else that scikit-learn can do is left to scikit-learn,
    where that gives the same numbers.

    Parameters
    ----------
    loss, penalty, alpha, l1_ratio, fit_intercept, max_iter, tol, shuffle, verbose, epsilon, n_jobs, \
random_state, learning_rate, eta0, power_t, early_stopping, validation_fraction, n_iter_no_change, \
class_weight, warm_start, average
        As in :class:`sklearn.linear_model.SGDClassifier`. `n_jobs` classes are fitted at a time, in threads.
    stopping : {'loss', 'objective'}, default='loss'
        What has to stop improving before the fit ends.

        - 'loss': the training loss summed over an epoch, the rule of scikit-learn up to 1.7. Results equal
          those of scikit-learn 1.7.2. ``float32`` input is fitted in ``float64``, and the products of a sparse
          row are added in the order of its columns.
        - 'objective': the loss plus the penalty, the rule of scikit-learn 1.8 and later. Results equal those
          of the installed scikit-learn.
    scaler : None, StandardScaler or FrozenEstimator(StandardScaler), default=None
        Standardise the features first. An unfitted scaler is cloned and fitted on `X` in `fit`; a frozen one
        is used as it is. Results equal those on ``scaler.transform(X)``, but for ``uint8`` input that matrix
        is never made.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features), float64
        Weights, of the standardised features if there is a scaler.
    intercept_ : ndarray of shape (1,) or (n_classes,), float64
    n_iter_ : int
        Epochs until the rule stopped the fit; the most over the classes.
    scaler_ : StandardScaler or None
        The fitted scaler.
    classes_, t_, n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> import numpy as np
    >>> from misread.models import SGDClassifier
    >>> X = np.array([[0, 200], [10, 180], [220, 0], [250, 30]], dtype=np.uint8)
    >>> SGDClassifier(random_state=0).fit(X, ["bottom", "bottom", "top", "top"]).predict(X)
    array(['bottom', 'bottom', 'top', 'top'], dtype='<U6')
    """

    coef_: Any
    intercept_: Any
    scaler_: Any

    def __init__(
        self,
        loss: str = "hinge",
        *,
        penalty: str | None = "l2",
        alpha: float = 0.0001,
        l1_ratio: float | None = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        epsilon: float = 0.1,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        learning_rate: str = "optimal",
        eta0: float = 0.01,
        power_t: float = 0.5,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        class_weight: Any = None,
        warm_start: bool = False,
        average: bool | int = False,
        stopping: str = "loss",
        scaler: Any = None,
    ) -> None:
        super().__init__(
            loss=loss,
            penalty=penalty,
            alpha=alpha,
            l1_ratio=l1_ratio,
            fit_intercept=fit_intercept,
            max_iter=max_iter,
            tol=tol,
            shuffle=shuffle,
            verbose=verbose,
            epsilon=epsilon,
            n_jobs=n_jobs,
            random_state=random_state,
            learning_rate=learning_rate,
            eta0=eta0,
            power_t=power_t,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            class_weight=class_weight,
            warm_start=warm_start,
            average=average,
        )
        self.stopping = stopping
        self.scaler = scaler

    def fit(
        self,
        X: Any,
        y: Any,
        coef_init: ArrayLike | None = None,
        intercept_init: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Fit one linear model per class (one for two classes).

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            ``uint8`` pixels, or anything scikit-learn accepts.
        y : array of shape (n_samples,)
            Class labels.
        coef_init, intercept_init : array, optional
            Where to start from; zero otherwise.
        sample_weight : array of shape (n_samples,), optional
            Weight of each sample in the updates.

        Returns
        -------
        SGDClassifier
            Itself.

        Raises
        ------
        ParameterError
            `stopping` or `scaler` makes no sense, or the 'loss' rule is asked of an option that only
            scikit-learn's own code knows, which has no such rule any more.
        ValueError
            As in scikit-learn: a single class, NaN or infinite values, overflow.
        """
        self._validate_params()
        self._check_own_parameters()
        self._densify()
        warm = self.warm_start and hasattr(self, "coef_")
        started = warm or coef_init is not None or intercept_init is not None
        if not self._in_kernel(X, started):
            self._check_delegable()
            X, y = self._scale_whole(X, y)
            return super().fit(X, y, coef_init, intercept_init, sample_weight)

        self._more_validate_params()
        X, y = self._checked(X, y)
        classes, codes = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"The number of classes has to be greater than one; got {len(classes)} class")
        expanded = compute_class_weight(self.class_weight, classes=classes, y=y)
        weight = check_sample_weight(sample_weight, X, dtype=np.float64)
        if warm:
            coef_init = self.coef_ if coef_init is None else coef_init
            intercept_init = self.intercept_ if intercept_init is None else intercept_init
        self.classes_ = classes
        self.coef_, self.intercept_ = initial_weights(coef_init, intercept_init, len(classes), X.shape[1])
        self.t_ = 1.0
        self.scaler_ = self._fitted_scaler(X)
        rows, columns = kernel_rows(X, self.scaler_, self.coef_)
        decay = SPARSE_INTERCEPT_DECAY if sparse.issparse(X) else 1.0
        self._fit_classes(rows, columns, codes, weight, expanded, decay)
        if self.tol is not None and self.n_iter_ == self.max_iter:
            warnings.warn(
                "Maximum number of iteration reached before convergence. Consider increasing max_iter to improve "
                "the fit.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def partial_fit(
        self,
        X: Any,
        y: Any,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Run one epoch over `X` with scikit-learn's own code; no stopping rule is involved.

        Parameters and errors are those of :meth:`sklearn.linear_model.SGDClassifier.partial_fit`; a `scaler`
        must be fitted already.
        """
        self._validate_params()
        self._check_own_parameters()
        self._densify()
        if self.scaler is None:
            self.scaler_ = None
        elif isinstance(self.scaler, FrozenEstimator):
            self.scaler_ = self._fitted_scaler(X)
        elif getattr(self, "scaler_", None) is None:
            raise ParameterError(
                "partial_fit needs a fitted scaler, because a part of the data cannot fit it; "
                "try scaler=FrozenEstimator(StandardScaler().fit(X)), or call fit first"
            )
        X = X if self.scaler_ is None else self.scaler_.transform(X)
        return super().partial_fit(X, y, classes=classes, sample_weight=sample_weight)

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Signed distance of each sample to each class's plane, equal to scikit-learn's.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            Samples as given to `fit`, not standardised. Pixels are turned to ``float64`` in blocks of rows; the
            sums are left to BLAS as in scikit-learn, whose last bits depend on the number of BLAS threads.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes), float64
            For two classes, positive means ``classes_[1]``.
        """
        check_is_fitted(self)
        scaler: Any = getattr(self, "scaler_", None)
        if scaler is None and not is_pixels(X):
            return super().decision_function(X)
        X = seen_by(self, X, accept_sparse="csr")
        if sparse.issparse(X):
            return super().decision_function(scaler.transform(X))
        scores = np.empty((len(X), self.coef_.shape[0]))
        n_blocks = max(
            1, len(X) // ROWS_PER_BLOCK
        )  # the last one takes the remainder; BLAS treats few rows otherwise
        for number in range(n_blocks):
            part = slice(
                number * ROWS_PER_BLOCK, len(X) if number == n_blocks - 1 else (number + 1) * ROWS_PER_BLOCK
            )
            block = X[part].astype(np.float64) if scaler is None else scaler.transform(X[part])
            scores[part] = safe_sparse_dot(block, self.coef_.T, dense_output=True) + self.intercept_
        return scores.ravel() if scores.shape[1] == 1 else scores

    def _densify(self) -> None:
        """Undo `sparsify`: whoever goes on learning writes to every weight."""
        if sparse.issparse(getattr(self, "coef_", None)):
            self.densify()

    def _check_own_parameters(self) -> None:
        if self.stopping not in ("loss", "objective"):
            raise ParameterError(
                "stopping must be 'loss' (scikit-learn up to 1.7) or 'objective' (1.8 and later), "
                f"got {self.stopping!r}"
            )
        scaler = self.scaler.estimator if isinstance(self.scaler, FrozenEstimator) else self.scaler
        if scaler is not None and not isinstance(scaler, StandardScaler):
            raise ParameterError(
                f"scaler must be None, a StandardScaler or FrozenEstimator(StandardScaler), got {self.scaler!r}; "
                "put any other transformer before this estimator with sklearn.pipeline.make_pipeline"
            )

    def _in_kernel(self, X: Any, started: bool) -> bool:
        """Whether the kernel covers this fit."""
        own_rule = self.stopping == "objective" and INSTALLED_STOPPING == "objective"
        is_float32 = getattr(X, "dtype", None) == np.float32
        return (
            self.loss in MARGINS
            and self.penalty in ("l2", None)
            and self.learning_rate == "optimal"
            and not self.early_stopping
            and not self.average
            and not self.verbose
            and not (own_rule and (started or sparse.issparse(X) or is_float32))
        )

    def _check_delegable(self) -> None:
        """Leave a fit to scikit-learn only if its stopping rule is the one asked for, or no rule is involved."""
        if self.stopping == INSTALLED_STOPPING or self.tol is None or self.early_stopping:
            return
        raise ParameterError(
            f"stopping={self.stopping!r} is available for loss 'hinge' or 'perceptron', penalty 'l2' or None, "
            "learning_rate 'optimal', average=False and verbose=0; "
            f"got loss={self.loss!r}, penalty={self.penalty!r}, learning_rate={self.learning_rate!r}, "
            f"average={self.average!r}, verbose={self.verbose!r}; "
            f"try stopping={INSTALLED_STOPPING!r}, the rule of the installed scikit-learn, or tol=None"
        )

    def _fitted_scaler(self, X: Any) -> Any:
        if self.scaler is None:
            return None
        if isinstance(self.scaler, FrozenEstimator):
            check_is_fitted(self.scaler.estimator)
            return self.scaler.estimator
        return fit_scaler(self.scaler, X)

    def _scale_whole(self, X: Any, y: Any) -> tuple[Any, Any]:
        """What scikit-learn's own code is given to fit."""
        if self.scaler is None:
            self.scaler_ = None
            return X, y
        X, y = validate_data(self, X, y, accept_sparse="csr")
        self.scaler_ = self._fitted_scaler(X)
        return self.scaler_.transform(X), y

    def _checked(self, X: Any, y: Any) -> tuple[Any, NDArray[Any]]:
        dtype = np.uint8 if is_pixels(X) else np.float64
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=dtype, order="C", accept_large_sparse=False)
        check_classification_targets(y)
        return X, y

    def _fit_classes(
        self,
        rows: Rows,
        columns: NDArray[np.intp],
        codes: NDArray[np.intp],
        weight: NDArray[np.float64],
        class_weight: NDArray[np.float64],
        intercept_decay: float,
    ) -> None:
        """Fit each class against the rest, drawing seeds as scikit-learn does."""
        rng = check_random_state(self.random_state)
        if len(self.classes_) == 2:
            positives, generators, negative_weight = [1], [rng], class_weight[0]
        else:
            positives = list(range(len(self.classes_)))
            seeds = rng.randint(LARGEST_SEED, size=len(positives))
            generators, negative_weight = [check_random_state(seed) for seed in seeds], 1.0
        rule = Rule(
            alpha=float(self.alpha),
            first_step=1.0 / (np.sqrt(1.0 / np.sqrt(float(self.alpha))) * float(self.alpha)),
            margin=MARGINS[self.loss],
            l2=self.penalty is not None,
            fit_intercept=bool(self.fit_intercept),
            intercept_decay=intercept_decay,
            tol=-np.inf if self.tol is None else float(self.tol),
            n_iter_no_change=int(self.n_iter_no_change),
            max_iter=int(self.max_iter),
            objective=self.stopping == "objective",
        )

        shared = Shared(
            (rows, rule, codes, weight, class_weight), rows.screen.packed.memory.nbytes + rows.floats.nbytes
        )
        results = Parallel(n_jobs=self.n_jobs, prefer="threads")(
            delayed(fit_class)(
                shared,
                positive,
                negative_weight,
                draw_seed(generator),
                self.shuffle,
                self.coef_[row, columns],
                intercept,
            )
            for row, (positive, generator, intercept) in enumerate(
                zip(positives, generators, self.intercept_, strict=True)
            )
        )
        for row, (coef, intercept, epochs, finite) in enumerate(results):
            if not finite:
                raise ValueError(
                    f"Floating-point under-/overflow occurred at epoch #{epochs}. Scaling input data with "
                    "StandardScaler or MinMaxScaler might help."
                )
            self.coef_[row, columns], self.intercept_[row] = coef, intercept
        self.n_iter_ = max(epochs for _, _, epochs, _ in results)
        self.t_ += self.n_iter_ * len(codes)
