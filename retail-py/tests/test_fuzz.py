"""Arrays and tables of any kind give an answer or an exception that names what is wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import retail_analytics as ra
from conftest import HEADER

ANY_ARRAY = hnp.arrays(
    dtype=st.one_of(
        hnp.boolean_dtypes(),
        hnp.integer_dtypes(endianness="?"),
        hnp.floating_dtypes(endianness="?"),
        hnp.complex_number_dtypes(),
        hnp.unicode_string_dtypes(),
        hnp.datetime64_dtypes(),
        st.just(np.dtype(object)),
    ),
    shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=6),
)

QUIET = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def tried(call: object, *args: object) -> None:
    try:
        call(*args)  # type: ignore[operator]
    except (ValueError, TypeError, OverflowError) as error:
        assert str(error)


@given(rows=ANY_ARRAY)
@QUIET
def test_models_answer_or_refuse(engine: ra.Engine, rows: np.ndarray) -> None:
    for name in ["linear_model_1", "rf_model_window_1", "logistic_model_batch_1"]:
        tried(engine.models[name].predict, rows)


@given(x=ANY_ARRAY, y=ANY_ARRAY, weights=st.none() | ANY_ARRAY)
@QUIET
def test_estimators_fit_or_refuse(
    x: np.ndarray, y: np.ndarray, weights: np.ndarray | None
) -> None:
    tried(ra.LinearRegression().fit, x, y, weights)
    tried(ra.LogisticRegression().fit, x, y, weights)
    tried(ra.RandomForestClassifier(2).fit, x, y)


CELL = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=8),
    st.datetimes(),
    st.dates(),
    st.decimals(),
    st.binary(max_size=4),
)


@given(st.lists(st.dictionaries(st.sampled_from(HEADER) | st.text(max_size=3), CELL), max_size=4))
@QUIET
def test_records_are_read_or_refused(records: list[dict[str, object]]) -> None:
    tried(ra.Engine(train={"policy": "manual"}).run, records)


@given(st.fixed_dictionaries({name: CELL for name in HEADER}))
@QUIET
def test_tables_are_read_or_refused(row: dict[str, object]) -> None:
    try:
        frame = pd.DataFrame([row])
        frame.__arrow_c_stream__()
    except Exception:
        # pandas itself cannot hand it over.
        return
    tried(ra.Engine(train={"policy": "manual"}).run, frame)
