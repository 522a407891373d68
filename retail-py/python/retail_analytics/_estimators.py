"""Estimators with scikit-learn's conventions, whose arithmetic is the engine's."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from . import _core

__all__ = ["LinearRegression", "LogisticRegression", "RandomForestClassifier"]

#: The longest step of a loop that looks at the seed of a forest.
_SEEDS = 2**32 - 1
#: Classes up to here are found by counting.
_FEW = 1_024


class _Estimator(BaseEstimator):
    """What all of them share."""

    n_features_in_: int
    n_jobs: int | None

    def _rows(self, X: Any, y: Any, *, reset: bool = True, numeric: bool = False) -> Any:
        return validate_data(
            self, X, y, dtype=np.float64, reset=reset, y_numeric=numeric, multi_output=False
        )

    def _asked(self, X: Any) -> Any:
        check_is_fitted(self)
        return validate_data(self, X, dtype=np.float64, reset=False)

    def _names(self) -> list[str]:
        names = getattr(self, "feature_names_in_", None)
        return [f"x{i}" for i in range(self.n_features_in_)] if names is None else list(names)

    def _classes(self, y: Any) -> tuple[Any, Any]:
        """The classes among targets, ascending, and for each target the index of its own."""
        if y.dtype.kind in "biuf" and y.size and y.min() >= 0 and y.max() < _FEW:
            # Few classes, which are whole numbers, need no sorting.
            numbers = y.astype(np.intp)
            if y.dtype.kind != "f" or (numbers == y).all():
                present = np.bincount(numbers) > 0
                classes = np.flatnonzero(present).astype(y.dtype)
                return classes, (np.cumsum(present) - 1.0)[numbers]
        check_classification_targets(y)
        classes, codes = np.unique(y, return_inverse=True)
        return classes, codes.astype(np.float64)

    def _known_classes(self, y: Any, classes: Any, is_first: bool) -> Any:
        """For each target of ``partial_fit`` the index of its class."""
        if is_first:
            self.classes_ = np.unique(y if classes is None else classes)
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(
                f"classes: expected those of the first call, {self.classes_}, got {classes!r}"
            )
        check_classification_targets(y)
        own, codes = self._classes(y)
        places = np.searchsorted(self.classes_, own).clip(max=len(self.classes_) - 1)
        strange = own[self.classes_[places] != own]
        if strange.size:
            raise ValueError(
                f"y: expected the classes {self.classes_}, got {strange[0]!r}: "
                "the first call of partial_fit takes all of them as classes"
            )
        return places.astype(np.float64)[codes.astype(np.intp)]

    def _check_alike(self, other: Any) -> None:
        """Whether another estimator has learned the same thing from other rows."""
        if type(other) is not type(self):
            expected, got = type(self).__name__, type(other).__name__
            raise TypeError(f"merge: expected a {expected}, got {got}")
        check_is_fitted(self)
        check_is_fitted(other)
        if self._names() != other._names():
            raise ValueError(
                f"merge: expected the features {self._names()}, got {other._names()}"
            )
        if hasattr(self, "classes_") and not np.array_equal(self.classes_, other.classes_):
            raise ValueError(
                f"merge: expected the classes {self.classes_}, got {other.classes_}"
            )

    def _threads(self) -> int:
        """The number of threads: 0 for all processors."""
        n_jobs = self.n_jobs
        return 0 if n_jobs is None or n_jobs < 0 else int(n_jobs)

    def _weights(self, sample_weight: Any, X: Any) -> Any:
        if sample_weight is None:
            return None
        return _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)


class LinearRegression(RegressorMixin, _Estimator):
    """Linear least squares from exact sums over the rows.

    The same rows give the same coefficients, to the last bit, in any order and however they are split
    into parts: :meth:`partial_fit` and :meth:`merge` lose nothing. If columns are linear combinations of
    each other, the coefficients are those of the smallest norm, as scikit-learn's are.

    The sums are solved as normal equations, and refined until the exact ones hold. So near-collinearity
    costs no digits, up to where a column counts as a combination of others: where they leave less than
    10⁻⁶ of its standard deviation.

    Parameters
    ----------
    n_jobs : int or None, default=None
        The number of threads; ``None`` and ``-1`` for all processors. The model does not depend on it.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    n_samples_seen_ : int
        The rows that the model has learned from, those of weight 0 not counted.
    """

    _parameter_constraints: dict[str, list[Any]] = {"n_jobs": [Integral, None]}

    def __init__(self, *, n_jobs: int | None = None) -> None:
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LinearRegression:
        """Learns from rows, and forgets those of before."""
        self._validate_params()
        X, y = self._rows(X, y, numeric=True)
        self._sums = _core.LinearSums(self._names())
        return self._learn(X, y, sample_weight)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> LinearRegression:
        """Learns from more rows. The model is that of all rows together."""
        self._validate_params()
        is_first = not hasattr(self, "_sums")
        X, y = self._rows(X, y, reset=is_first, numeric=True)
        if is_first:
            self._sums = _core.LinearSums(self._names())
        return self._learn(X, y, sample_weight)

    def merge(self, other: LinearRegression) -> LinearRegression:
        """Adds what another one has learned from other rows."""
        self._check_alike(other)
        self._sums.merge(other._sums)
        return self._solve()

    def predict(self, X: Any) -> Any:
        """A number for each row."""
        X = self._asked(X)
        return self._fit.predict(X, self._threads())

    def _learn(self, X: Any, y: Any, sample_weight: Any) -> LinearRegression:
        y = np.asarray(y, dtype=np.float64)
        self._sums.add(X, y, self._weights(sample_weight, X), self._threads())
        return self._solve()

    def _solve(self) -> LinearRegression:
        self._fit = self._sums.solve()
        self.coef_ = self._fit.coefficients
        self.intercept_ = self._fit.intercept
        self.n_samples_seen_ = self._sums.n_samples
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_fit")


class LogisticRegression(ClassifierMixin, _Estimator):
    """Binary logistic regression by Newton's method, from exact sums over the rows.

    Features are standardised inside, so that ``C`` is that of scikit-learn's estimator behind a
    ``StandardScaler``; ``coef_`` is in units of the features. The same rows give the same model, to the
    last bit, in any order.

    :meth:`partial_fit` and :meth:`merge` keep no rows. They approximate the model of all rows together, from
    the coefficients and the second derivatives of the loss (Laplace's approximation): what they miss goes
    down as rows become more.

    Parameters
    ----------
    C : float, default=1.0
        The inverse of the strength of the L2 penalty; ``np.inf`` for none.
    max_iter : int, default=100
        The most Newton steps.
    tol : float, default=1e-10
        The largest norm of the gradient per row at which the fit has converged.
    n_jobs : int or None, default=None
        The number of threads; ``None`` and ``-1`` for all processors. The model does not depend on it.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
    coef_ : ndarray of shape (1, n_features)
    intercept_ : ndarray of shape (1,)
    n_iter_ : ndarray of shape (1,)
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "C": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="neither")],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        *,
        C: float = 1.0,
        max_iter: int = 100,
        tol: float = 1e-10,
        n_jobs: int | None = None,
    ) -> None:
        self.C = C
        self.max_iter = max_iter
        self.tol = tol
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LogisticRegression:
        """Learns from rows of two classes."""
        self._validate_params()
        X, y = self._rows(X, y)
        self.classes_, codes = self._classes(y)
        if len(self.classes_) > 2:
            raise ValueError(
                "Only binary classification is supported. The type of the target is multiclass."
            )
        if len(self.classes_) < 2:
            raise ValueError(
                f"Expected rows of two classes, got one class: {self.classes_[0]!r}"
            )
        return self._learn(X, codes, sample_weight, None)

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> LogisticRegression:
        """Learns from more rows; what was learned before is the prior of the coefficients.

        The first call, or :meth:`fit`, needs rows of both classes, and sets the scaler. ``classes`` are all
        there are; by default those of the first rows.
        """
        self._validate_params()
        is_first = not hasattr(self, "_fit")
        X, y = self._rows(X, y, reset=is_first)
        codes = self._known_classes(y, classes, is_first)
        if len(self.classes_) != 2 or (is_first and codes.min() == codes.max()):
            raise ValueError(
                f"Expected rows of two classes in the first call, got {len(np.unique(y))} "
                f"of {len(self.classes_)} classes"
            )
        return self._learn(X, codes, sample_weight, None if is_first else self._fit)

    def merge(self, other: LogisticRegression) -> LogisticRegression:
        """Adds what another one has learned from other rows: the product of both densities."""
        self._check_alike(other)
        return self._set(self._fit.merge(other._fit))

    def _learn(self, X: Any, codes: Any, sample_weight: Any, known: Any) -> LogisticRegression:
        search = {
            "alpha": 0.0 if np.isinf(self.C) else 1.0 / self.C,
            "max_iter": int(self.max_iter),
            "tol": float(self.tol),
            "threads": self._threads(),
        }
        weights = self._weights(sample_weight, X)
        return self._set(_core.fit_logistic(X, codes, weights, self._names(), search, known))

    def _set(self, fit: Any) -> LogisticRegression:
        self._fit = fit
        self.coef_ = fit.coefficients.reshape(1, -1)
        self.intercept_ = np.array([fit.intercept])
        self.n_iter_ = np.array([fit.newton_steps])
        return self

    def decision_function(self, X: Any) -> Any:
        """The log-odds of ``classes_[1]`` for each row."""
        X = self._asked(X)
        return X @ self.coef_[0] + self.intercept_[0]

    def predict_proba(self, X: Any) -> Any:
        """The probability of each class, ``(n_samples, 2)``."""
        X = self._asked(X)
        return self._fit.predict_proba(X, self._threads())

    def predict_log_proba(self, X: Any) -> Any:
        """The logarithms of :meth:`predict_proba`."""
        return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> Any:
        """The more probable class of each row."""
        X = self._asked(X)
        shares = self._fit.predict_proba(X, self._threads())
        return self.classes_[(shares[:, 1] > 0.5).astype(np.intp)]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_fit")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


class RandomForestClassifier(ClassifierMixin, _Estimator):
    """A forest of trees over histograms of the features.

    The same rows in the same order give the same forest, to the last bit, with any number of threads.

    Whole numbers as ``sample_weight`` count as so many rows, which the bootstrap draws together;
    ``min_samples_leaf`` and ``min_samples_split`` count them, too. Of other weights only the ratios matter:
    their mean counts as one row.

    :meth:`partial_fit` adds trees that are grown from more rows, and :meth:`merge` the trees of another
    forest: each tree has learned from the rows of one call only.

    Parameters
    ----------
    n_estimators : int, default=100
        The number of trees.
    max_depth : int or None, default=None
        The most splits between a root and a leaf; ``None`` for 64.
    max_features : {"sqrt"}, int, float or None, default="sqrt"
        How many features are drawn for a node: their number, their share, or ``None`` for all.
    min_samples_leaf : int, default=1
    min_samples_split : int, default=2
    max_bins : int, default=255
        The most values of a feature that are told apart. If there are more, neighbours share a bin.
    bootstrap : bool, default=True
        Whether each tree learns from rows drawn with replacement.
    random_state : int, RandomState instance or None, default=None
    n_jobs : int or None, default=None
        The number of threads; ``None`` and ``-1`` for all processors. The forest does not depend on it.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    n_classes_ : int
    n_trees_ : int
    feature_importances_ : ndarray of shape (n_features,)
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "max_depth": [Interval(Integral, 1, 64, closed="both"), None],
        "max_features": [
            StrOptions({"sqrt"}),
            Interval(Integral, 1, None, closed="left"),
            Interval(Real, 0.0, 1.0, closed="right"),
            None,
        ],
        "min_samples_leaf": [Interval(Integral, 1, None, closed="left")],
        "min_samples_split": [Interval(Integral, 2, None, closed="left")],
        "max_bins": [Interval(Integral, 2, 255, closed="both")],
        "bootstrap": ["boolean"],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        n_estimators: int = 100,
        *,
        max_depth: int | None = None,
        max_features: Any = "sqrt",
        min_samples_leaf: int = 1,
        min_samples_split: int = 2,
        max_bins: int = 255,
        bootstrap: bool = True,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_estimators = n_estimators
        self.max_depth = max_depth
        self.max_features = max_features
        self.min_samples_leaf = min_samples_leaf
        self.min_samples_split = min_samples_split
        self.max_bins = max_bins
        self.bootstrap = bootstrap
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> RandomForestClassifier:
        """Grows a forest from rows."""
        self._validate_params()
        X, y = self._rows(X, y)
        self.classes_, codes = self._classes(y)
        self.n_classes_ = len(self.classes_)
        if self.n_classes_ < 2:
            raise ValueError(
                f"Expected rows of at least two classes, got one class: {self.classes_[0]!r}"
            )
        self._calls = 0
        return self._set(self._grow(X, codes, sample_weight))

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> RandomForestClassifier:
        """Adds ``n_estimators`` trees that are grown from these rows.

        ``classes`` are all there are; by default those of the first rows.
        """
        self._validate_params()
        is_first = not hasattr(self, "_fit")
        X, y = self._rows(X, y, reset=is_first)
        codes = self._known_classes(y, classes, is_first)
        if codes.min() == codes.max():
            raise ValueError(f"Expected rows of at least two classes, got one class: {y[0]!r}")
        if is_first:
            self.n_classes_ = len(self.classes_)
            self._calls = 0
        grown = self._grow(X, codes, sample_weight)
        return self._set(grown if is_first else self._fit.merge(grown))

    def merge(self, other: RandomForestClassifier) -> RandomForestClassifier:
        """Adds the trees of another forest."""
        self._check_alike(other)
        return self._set(self._fit.merge(other._fit))

    def _grow(self, X: Any, codes: Any, sample_weight: Any) -> Any:
        random = check_random_state(self.random_state)
        # Each call draws other rows, with an integer as the random state, too.
        seeds = [random.randint(_SEEDS, dtype=np.uint32) for _ in range(self._calls + 1)]
        self._calls += 1
        growth = {
            "n_estimators": int(self.n_estimators),
            "max_depth": 64 if self.max_depth is None else int(self.max_depth),
            "max_features": self._drawn(X.shape[1]),
            "min_samples_leaf": int(self.min_samples_leaf),
            "min_samples_split": int(self.min_samples_split),
            "max_bins": int(self.max_bins),
            "bootstrap": bool(self.bootstrap),
            "seed": int(seeds[-1]),
            "threads": self._threads(),
        }
        weights = self._weights(sample_weight, X)
        return _core.fit_forest(X, codes, weights, self._names(), self.n_classes_, growth)

    def _set(self, fit: Any) -> RandomForestClassifier:
        self._fit = fit
        self.n_trees_ = fit.n_trees
        self.feature_importances_ = np.array(fit.importances)
        return self

    def predict_proba(self, X: Any) -> Any:
        """The probability of each class, ``(n_samples, n_classes)``."""
        X = self._asked(X)
        return self._fit.predict_proba(X, self._threads())

    def predict_log_proba(self, X: Any) -> Any:
        """The logarithms of :meth:`predict_proba`."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> Any:
        """The most probable class of each row."""
        X = self._asked(X)
        return self.classes_[self._fit.predict(X, self._threads())]

    def _drawn(self, n_features: int) -> int | None:
        if self.max_features is None:
            return None
        if self.max_features == "sqrt":
            return max(1, int(np.sqrt(n_features)))
        if isinstance(self.max_features, Integral):
            return min(int(self.max_features), n_features)
        return max(1, int(self.max_features * n_features))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_fit")
