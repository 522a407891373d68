"""Training and predicting over Spark: the bytes of one machine's model, however the rows are spread."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from retail_analytics import _core
from retail_analytics.spark import ForestSpec, LinearSpec, LogisticSpec, fit, predict
from spark_cases import FEATURES, FOREST, LINEAR, LOGISTIC, SPECS, WEIGHTED, WEIGHTED_LOGISTIC, alone


def in_one_part(spec: Any, sold: pd.DataFrame) -> Any:
    """The model of rounds over one part."""
    rounds = pickle.loads(pickle.dumps(_core.Rounds(spec.to_json())))
    x = sold[FEATURES].to_numpy(np.float64)
    y = sold[spec.label].to_numpy(np.float64)
    weights = None if spec.weight is None else sold[spec.weight].to_numpy()
    state, fitted = rounds.begin(), None
    while fitted is None:
        partial = rounds.answer(state, x, y, sold["n"].to_numpy(np.uint64), weights)
        state, fitted = rounds.step(state, partial)
    return fitted


def rows_of(frame: Any) -> list[int]:
    """How many rows each partition has."""

    def count(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow

        rows = sum(batch.num_rows for batch in batches)
        yield pyarrow.RecordBatch.from_arrays([pyarrow.array([rows])], ["rows"])

    return sorted(row.rows for row in frame.select("n").mapInArrow(count, "rows bigint").collect())


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_rounds_over_one_part(spec: Any, sold: pd.DataFrame) -> None:
    expected = alone(spec, sold).to_json()
    assert in_one_part(spec, sold).to_json() == expected


@pytest.mark.parametrize("partitions", [1, 2, 7, 64])
@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_any_number_of_partitions(
    spec: Any, partitions: int, frame: Any, sold: pd.DataFrame
) -> None:
    model = fit(frame.repartition(partitions), spec)
    assert model.to_json() == alone(spec, sold).to_json()


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_empty_and_skewed_partitions_in_another_order(
    spec: Any, frame: Any, sold: pd.DataFrame
) -> None:
    # Most of the rows in one partition, nine partitions without any, and the last rows first.
    skewed = frame.selectExpr("*", "if(n < 2500, 0, n % 3) AS place").repartition(12, "place")
    shuffled = skewed.sortWithinPartitions("n", ascending=False)
    sizes = rows_of(shuffled)
    assert sizes.count(0) >= 9 and sizes[-1] > 2_500, sizes
    assert fit(shuffled, spec).to_json() == alone(spec, sold).to_json()


def test_many_batches_a_partition(spark: Any, frame: Any, sold: pd.DataFrame) -> None:
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "100")
    try:
        for spec in SPECS.values():
            model = fit(frame.repartition(2), spec)
            assert model.to_json() == alone(spec, sold).to_json()
    finally:
        spark.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")


def test_a_forest_depends_on_the_numbers_of_its_rows(frame: Any, sold: pd.DataFrame) -> None:
    other = frame.withColumn("n", frame.n + 1_000_000)
    assert fit(other, FOREST).to_json() != alone(FOREST, sold).to_json()
    without = ForestSpec(
        features=FEATURES,
        label="kind",
        n_classes=3,
        n_estimators=5,
        max_depth=4,
        max_bins=64,
        seed=3,
        bootstrap=False,
    )
    assert fit(other, without).to_json() == alone(without, sold).to_json()


@pytest.mark.parametrize("partitions", [1, 7])
@pytest.mark.parametrize("spec", [LINEAR, LOGISTIC, FOREST], ids=["linear", "logistic", "forest"])
def test_predictions(spec: Any, partitions: int, frame: Any, sold: pd.DataFrame) -> None:
    model = pickle.loads(pickle.dumps(fit(frame, spec)))
    answer = predict(frame.repartition(partitions), model, "said")
    assert answer.columns == [*sold.columns, "said"]
    found = answer.toPandas().sort_values("n", ignore_index=True)
    x = sold[FEATURES].to_numpy(np.float64)
    if spec is LINEAR:
        expected = alone(spec, sold).predict(x)
    else:
        expected = np.argmax(alone(spec, sold).predict_proba(x), axis=1)
        shares = predict(frame.repartition(partitions), model, probabilities="shares").toPandas()
        shares = shares.sort_values("n", ignore_index=True)
        assert np.array_equal(np.stack(shares.shares), alone(spec, sold).predict_proba(x))
        assert np.array_equal(shares.prediction, expected)
    assert np.array_equal(found.said, expected)
    assert predict(frame.where("n < 0"), model).collect() == []
    pd.testing.assert_frame_equal(
        found[sold.columns.to_list()], sold, check_dtype=False, check_exact=True
    )


def test_nothing_stays_cached(spark: Any, frame: Any) -> None:
    fit(frame, LOGISTIC)
    with pytest.raises(ValueError, match="kind"):
        fit(frame, LogisticSpec(features=FEATURES, label="kind"))
    assert spark.sparkContext._jsc.getPersistentRDDs().isEmpty()


@pytest.mark.parametrize("bad", ["null", "double('NaN')", "double('inf')"])
@pytest.mark.parametrize("column", ["unit price", "is_late", "weight"])
def test_a_value_that_is_no_number(column: str, bad: str, frame: Any) -> None:
    value = f"if(n = 1234, {bad}, double(`{column}`)) AS `{column}`"
    others = [f"`{name}`" for name in frame.columns if name != column]
    damaged = frame.selectExpr(*others, value).repartition(7)
    expected = "got null" if bad == "null" else "got NaN or an infinite one"
    with pytest.raises(ValueError, match=f"column '{column}': expected .*numbers, {expected}"):
        fit(damaged, WEIGHTED_LOGISTIC)


def test_errors_name_the_column(frame: Any) -> None:
    linear = LinearSpec(features=["quantity", "country"], label="revenue")
    with pytest.raises(ValueError, match="column 'country': expected numbers, got string"):
        fit(frame, linear)
    with pytest.raises(ValueError, match="column 'size': there is none; there are .'n', 'quant"):
        fit(frame, LinearSpec(features=["size"], label="revenue"))
    with pytest.raises(ValueError, match="column 'n': there are 2; rename all but one"):
        fit(frame.select("*", "n"), FOREST)
    with pytest.raises(ValueError, match="column 'revenue': expected whole numbers, got double"):
        fit(frame, ForestSpec(features=FEATURES, label="kind", n_classes=3, row_number="revenue"))
    with pytest.raises(ValueError, match="column 'n': expected numbers from 0 on, got -1"):
        fit(frame.withColumn("n", frame.n - 1), FOREST)
    with pytest.raises(ValueError, match="column 'kind': expected classes from 0 to 1, got 2.0"):
        fit(frame, LogisticSpec(features=FEATURES, label="kind"))
    with pytest.raises(ValueError, match="column 'weight': expected weights from 0 on, got -1.0"):
        fit(frame.withColumn("weight", frame.weight - 1), WEIGHTED)
    with pytest.raises(ValueError, match="row_number: expected the name of a column"):
        fit(frame, ForestSpec(features=FEATURES, label="kind", n_classes=3))
    with pytest.raises(ValueError, match="features: expected a list"):
        fit(frame, LinearSpec(features="quantity", label="revenue"))


def test_too_few_rows(frame: Any) -> None:
    for spec, needed in [(LINEAR, 1), (LOGISTIC, 2), (FOREST, 1)]:
        with pytest.raises(ValueError, match=f"at least {needed} rows are needed, .* has 0"):
            fit(frame.where("n < 0"), spec)
    with pytest.raises(ValueError, match="all rows are of the class"):
        fit(frame.where("kind = 1"), FOREST)


def test_errors_of_predictions(frame: Any, sold: pd.DataFrame) -> None:
    model = fit(frame, LINEAR)
    with pytest.raises(ValueError, match="column 'revenue': there is one already"):
        predict(frame, model, "revenue")
    with pytest.raises(ValueError, match="probabilities: a linear model has none"):
        predict(frame, model, probabilities="shares")
    with pytest.raises(ValueError, match="column 'quantity': there is none"):
        predict(frame.drop("quantity"), model)
    damaged = frame.withColumn("quantity", frame.quantity / (frame.n - frame.n + 1))
    damaged = damaged.selectExpr("*", "if(n = 5, null, quantity) AS q").drop("quantity")
    lost = predict(damaged.withColumnRenamed("q", "quantity"), model)
    with pytest.raises(Exception, match="column 'quantity': expected numbers, got null"):
        lost.collect()


def test_states_and_sums_of_something_else() -> None:
    linear, forest = _core.Rounds(LINEAR.to_json()), _core.Rounds(FOREST.to_json())
    with pytest.raises(ValueError, match="expected a state or partial of random-forest"):
        forest.step(linear.begin(), None)
    with pytest.raises(ValueError, match="not a state or partial"):
        linear.merge([b"{}", b"{}"])
    assert linear.merge([]) is None
    with pytest.raises(ValueError, match="unknown variant `tree`"):
        _core.Rounds('{"algorithm": "tree"}')
    x, y = np.zeros((2, 3)), np.zeros(2)
    with pytest.raises(ValueError, match="row_numbers: expected 2 values, got 1"):
        forest.answer(forest.begin(), x, y, np.zeros(1, np.uint64), None)
    with pytest.raises(ValueError, match="a forest takes no weights"):
        forest.answer(forest.begin(), x, y, None, y)


def test_pyspark_is_not_needed_before_it_is_used() -> None:
    program = "import sys, retail_analytics.spark; assert not {'pyspark', 'pyarrow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_format_says_that_it_needs_pyspark() -> None:
    program = """
import sys
sys.modules["pyspark"] = None
from retail_analytics.spark import load, register
try:
    register(None)
except ImportError as error:
    assert "retail_model: expected PySpark 4.1 or newer" in str(error), error
else:
    raise AssertionError
"""
    subprocess.run([sys.executable, "-c", program], check=True)
