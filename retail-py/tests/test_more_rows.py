"""Estimators that learn from more rows, and that add what another one has learned."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification

import retail_analytics as ra

X, Y = make_classification(6_000, 6, n_informative=4, flip_y=0.2, random_state=1)
LABELS = np.array(["low", "high"])[Y]
PARTS = np.array_split(np.arange(len(X)), 12)


def test_logistic_comes_near_to_the_model_of_all_rows() -> None:
    whole = ra.LogisticRegression().fit(X, LABELS)
    one = ra.LogisticRegression()
    for part in PARTS:
        one.partial_fit(X[part], LABELS[part], classes=["low", "high"])
    merged = ra.LogisticRegression().fit(X[PARTS[0]], LABELS[PARTS[0]])
    for part in PARTS[1:]:
        other = ra.LogisticRegression().fit(X[part], LABELS[part])
        merged.merge(pickle.loads(pickle.dumps(other)))
    for other in [one, merged]:
        assert list(other.classes_) == ["high", "low"]
        difference = np.abs(other.predict_proba(X) - whole.predict_proba(X)).max()
        assert 0 < difference < 0.02


def test_logistic_goes_on_after_a_fit_and_after_a_pickle() -> None:
    first, second = np.array_split(np.arange(len(X)), 2)
    one = ra.LogisticRegression().fit(X[first], Y[first])
    again = pickle.loads(pickle.dumps(one)).partial_fit(X[second], Y[second])
    one.partial_fit(X[second], Y[second])
    assert np.array_equal(one.coef_, again.coef_)
    assert one.intercept_ == again.intercept_
    # Rows of weight 0 say nothing, and those of one class do.
    before = one.coef_
    weights = np.r_[0.0, np.ones(99)]
    one.partial_fit(np.r_[[[1e9] * 6], X[:99]], np.ones(100, int), sample_weight=weights)
    assert not np.array_equal(one.coef_, before)
    assert np.abs(one.coef_ - before).max() < 1


def test_a_forest_gets_more_trees() -> None:
    first, second = np.array_split(np.arange(len(X)), 2)
    forest = ra.RandomForestClassifier(10, max_depth=6, random_state=3)
    one = clone(forest).partial_fit(X[first], LABELS[first], classes=["low", "high"])
    assert np.array_equal(
        one.predict_proba(X), clone(forest).fit(X[first], LABELS[first]).predict_proba(X)
    )
    other = clone(forest).set_params(n_estimators=20).fit(X[second], LABELS[second])
    probabilities = (one.predict_proba(X) + 2 * other.predict_proba(X)) / 3
    importances = (one.feature_importances_ + 2 * other.feature_importances_) / 3
    one.merge(pickle.loads(pickle.dumps(other)))
    assert one.n_trees_ == 30
    np.testing.assert_allclose(one.predict_proba(X), probabilities, rtol=1e-12)
    np.testing.assert_allclose(one.feature_importances_, importances, rtol=1e-12)

    more = clone(forest).fit(X[first], LABELS[first])
    before = more.predict_proba(X)
    more.partial_fit(X[first], LABELS[first])
    assert more.n_trees_ == 20
    # The second call draws other rows than the first one.
    assert not np.allclose(more.predict_proba(X), before)
    again = clone(forest).fit(X[first], LABELS[first]).partial_fit(X[first], LABELS[first])
    assert np.array_equal(again.predict_proba(X), more.predict_proba(X))


def test_classes_may_be_missing_in_a_part() -> None:
    three = np.where(X[:, 0] > 1, 2, Y)
    forest = ra.RandomForestClassifier(5, random_state=0)
    forest.partial_fit(X[three < 2], three[three < 2], classes=[0, 1, 2])
    assert not forest.predict_proba(X)[:, 2].any()
    forest.partial_fit(X[three > 0], three[three > 0])
    assert forest.predict_proba(X).shape == (len(X), 3)
    assert forest.predict_proba(X)[:, 2].any()


@pytest.mark.parametrize(
    "estimator",
    [ra.LogisticRegression(), ra.RandomForestClassifier(3)],
    ids=lambda e: type(e).__name__,
)
def test_what_does_not_belong_together_is_refused(estimator: Any) -> None:
    fitted = clone(estimator).fit(X, Y)
    before = fitted.predict_proba(X)
    with pytest.raises(ValueError, match="expected the classes .0 1., got .*7"):
        fitted.partial_fit(X, np.where(Y == 1, 7, 0))
    with pytest.raises(ValueError, match="classes: expected those of the first call"):
        fitted.partial_fit(X, Y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="features"):
        fitted.partial_fit(X[:, :3], Y)
    with pytest.raises(ValueError, match="Expected rows of"):
        clone(estimator).partial_fit(X, np.zeros(len(X), int), classes=[0, 1])
    with pytest.raises(ValueError, match="merge: expected the features"):
        fitted.merge(clone(estimator).fit(X[:, :3], Y))
    with pytest.raises(ValueError, match="merge: expected the classes"):
        fitted.merge(clone(estimator).fit(X, LABELS))
    with pytest.raises(TypeError, match="merge: expected a"):
        fitted.merge(ra.LinearRegression().fit(X, Y))
    assert np.array_equal(fitted.predict_proba(X), before)
