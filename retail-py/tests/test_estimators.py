"""The estimators: scikit-learn's own checks, and what it does not check."""

from __future__ import annotations

import pickle
from collections import Counter
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression as SkLinear
from sklearn.linear_model import LogisticRegression as SkLogistic
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import retail_analytics as ra

ESTIMATORS = [ra.LinearRegression(), ra.LogisticRegression(), ra.RandomForestClassifier(10)]

ESTIMATORS.append(ra.RandomForestClassifier(10, bootstrap=False))

#: How many checks scikit-learn 1.9 has for each kind of estimator. They must all be run.
CHECKS = {"LinearRegression": 59, "LogisticRegression": 63, "RandomForestClassifier": 62}

#: What holds for no forest that draws rows, scikit-learn's neither: a row of weight 2 is drawn, or not, as
#: one, and two rows are drawn one by one.
BOOTSTRAP = {
    "check_sample_weight_equivalence_on_dense_data": "the bootstrap draws a row with all of its weight"
}


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_scikit_learn_checks(estimator: Any) -> None:
    expected = BOOTSTRAP if getattr(estimator, "bootstrap", False) else {}
    results = check_estimator(
        estimator, on_skip=None, on_fail=None, expected_failed_checks=expected
    )
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert failed == {}
    counts = Counter(result["status"] for result in results)
    skipped = {r["check_name"] for r in results if r["status"] == "skipped"}
    # It needs an environment variable of SciPy that must be set before SciPy is imported.
    assert skipped <= {"check_array_api_input"}
    assert counts["xfail"] == len(expected)
    assert counts["passed"] + counts["skipped"] + counts["xfail"] == len(results)
    if sklearn.__version__.startswith("1.9."):
        assert len(results) >= CHECKS[type(estimator).__name__]


@pytest.fixture(scope="module")
def numbers() -> tuple[Any, Any, Any]:
    draw = np.random.default_rng(3)
    X = draw.normal(size=(5_000, 4)) * [1, 10, 0.1, 5] + [0, 3, 1, -2]
    y = X @ [1.5, -0.25, 3.0, 0.0] + 7 + draw.normal(size=5_000)
    return X, y, draw.integers(0, 4, 5_000).astype(float)


def test_linear_is_scikit_learns(numbers: Any) -> None:
    X, y, weights = numbers
    ours, theirs = ra.LinearRegression().fit(X, y), SkLinear().fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-10)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-10)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9)
    ours, theirs = ra.LinearRegression().fit(X, y, weights), SkLinear().fit(X, y, weights)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-10)


def test_linear_learns_the_same_in_any_parts(numbers: Any) -> None:
    X, y, weights = numbers
    whole = ra.LinearRegression().fit(X, y, weights)
    order = np.random.default_rng(1).permutation(len(X))
    parts = np.array_split(order, [1, 17, 2_000])
    one = ra.LinearRegression()
    for part in parts:
        one.partial_fit(X[part], y[part], weights[part])
    merged = [ra.LinearRegression().fit(X[part], y[part], weights[part]) for part in parts]
    first = merged[3].merge(merged[0]).merge(pickle.loads(pickle.dumps(merged[2]))).merge(merged[1])
    for other in [one, first]:
        assert np.array_equal(other.coef_, whole.coef_)
        assert other.intercept_ == whole.intercept_
        assert other.n_samples_seen_ == np.count_nonzero(weights)
    with pytest.raises(ValueError, match="merge: expected the features"):
        whole.merge(ra.LinearRegression().fit(X[:, :2], y))


def test_logistic_is_scikit_learns_behind_a_scaler(numbers: Any) -> None:
    X, y, weights = numbers
    target = np.where(y > 8, "high", "low")
    ours = ra.LogisticRegression(C=0.5).fit(X, target)
    theirs = make_pipeline(StandardScaler(), SkLogistic(C=0.5, tol=1e-10, max_iter=1_000))
    theirs.fit(X, target)
    assert list(ours.classes_) == ["high", "low"]
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-7)
    np.testing.assert_allclose(
        ours.decision_function(X), theirs.decision_function(X), rtol=1e-5, atol=1e-6
    )
    order = np.random.default_rng(1).permutation(len(X))
    again = ra.LogisticRegression(C=0.5).fit(X[order], target[order])
    assert np.array_equal(again.coef_, ours.coef_)
    repeated = np.repeat(np.arange(len(X)), weights.astype(int))
    one = ra.LogisticRegression().fit(X, target, weights)
    other = ra.LogisticRegression().fit(X[repeated], target[repeated])
    np.testing.assert_allclose(one.coef_, other.coef_, rtol=1e-9)


def test_the_forest_learns_and_is_reproducible() -> None:
    X, y = make_classification(4_000, 8, n_informative=5, n_classes=3, random_state=0)
    forest = ra.RandomForestClassifier(30, max_depth=10, random_state=1)
    assert cross_val_score(forest, X, y, cv=3).mean() > 0.8
    one = forest.fit(X, y).predict_proba(X)
    other = clone(forest).set_params(n_jobs=1).fit(X, y).predict_proba(X)
    assert np.array_equal(one, other)
    assert forest.feature_importances_.sum() == pytest.approx(1)
    assert not np.array_equal(
        one, clone(forest).set_params(random_state=2).fit(X, y).predict_proba(X)
    )


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_estimators_travel(estimator: Any, numbers: Any, tmp_path: Any) -> None:
    pl = pytest.importorskip("polars")
    X, y, _ = numbers
    target = y if isinstance(estimator, ra.LinearRegression) else (y > 8).astype(int)
    fitted = clone(estimator).fit(pd.DataFrame(X, columns=list("abcd")), target)
    assert list(fitted.feature_names_in_) == list("abcd")
    frame = pl.DataFrame(X, schema=list("abcd"))
    expected = fitted.predict(frame)
    joblib.dump(fitted, tmp_path / "a.joblib")
    for other in [pickle.loads(pickle.dumps(fitted)), joblib.load(tmp_path / "a.joblib")]:
        assert np.array_equal(other.predict(frame), expected)
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(frame.rename({"a": "z"}))
    state = pickle.dumps(fitted)
    with pytest.raises((pickle.UnpicklingError, EOFError, ValueError)):
        pickle.loads(state[: len(state) // 2])
    with pytest.raises(NotFittedError):
        clone(estimator).predict(X)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_tables_of_transformers(kind: str, estimator: Any, numbers: Any) -> None:
    pytest.importorskip(kind)
    X, y, _ = numbers
    target = y if isinstance(estimator, ra.LinearRegression) else (y > 8).astype(int)
    estimator = clone(estimator)
    if isinstance(estimator, ra.RandomForestClassifier):
        estimator.set_params(random_state=0)
    frame = pd.DataFrame(X, columns=list("abcd"))
    pipeline = make_pipeline(StandardScaler(), estimator).set_output(transform=kind)
    pipeline.fit(frame, target)
    assert list(pipeline[-1].feature_names_in_) == list("abcd")
    scaled = np.asarray(pipeline[:-1].transform(frame))
    expected = clone(estimator).fit(scaled, target).predict(scaled)
    assert np.array_equal(pipeline.predict(frame), expected)


def test_a_search_in_processes(numbers: Any) -> None:
    X, y, _ = numbers
    search = GridSearchCV(
        make_pipeline(StandardScaler(), ra.RandomForestClassifier(5, random_state=0)),
        {"randomforestclassifier__max_depth": [2, 6]},
        cv=2,
        n_jobs=2,
    )
    search.fit(X, (y > 8).astype(int))
    assert search.best_params_ == {"randomforestclassifier__max_depth": 6}


def test_metadata_is_routed(numbers: Any) -> None:
    X, y, weights = numbers
    with sklearn.config_context(enable_metadata_routing=True):
        regression = ra.LinearRegression().set_fit_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), regression)
        pipeline.fit(X, y, sample_weight=weights)
    expected = ra.LinearRegression().fit(StandardScaler().fit_transform(X), y, weights)
    assert np.array_equal(regression.coef_, expected.coef_)


def test_memory_of_any_layout(numbers: Any) -> None:
    X, y, _ = numbers
    expected = ra.LinearRegression().fit(X, y)
    wide = np.repeat(X, 2, axis=1)
    for other in [
        np.asfortranarray(X),
        wide[:, ::2],
        X.astype(">f8"),
        X.astype(object),
        X[::-1][::-1],
    ]:
        assert np.array_equal(ra.LinearRegression().fit(other, y).coef_, expected.coef_)
        assert np.array_equal(expected.predict(other), expected.predict(X))
    nullable = pd.DataFrame(X).astype("Float64")
    assert np.array_equal(ra.LinearRegression().fit(nullable, y).coef_, expected.coef_)
    nullable.iloc[3, 1] = pd.NA
    with pytest.raises(ValueError, match="NaN"):
        ra.LinearRegression().fit(nullable, y)


@pytest.mark.parametrize(
    ("estimator", "params"),
    [
        (ra.LogisticRegression, {"C": 0}),
        (ra.LogisticRegression, {"max_iter": 0}),
        (ra.RandomForestClassifier, {"n_estimators": 0}),
        (ra.RandomForestClassifier, {"max_depth": 65}),
        (ra.RandomForestClassifier, {"max_features": "log3"}),
        (ra.RandomForestClassifier, {"max_bins": 1}),
    ],
)
def test_parameters_are_checked(estimator: Any, params: dict[str, Any], numbers: Any) -> None:
    X, y, _ = numbers
    with pytest.raises(ValueError, match=f"The {next(iter(params))!r} parameter"):
        estimator(**params).fit(X, (y > 8).astype(int))
