"""Training and predicting over Spark: the bytes of one machine's model, however the rows are spread."""

from __future__ import annotations

import math
import os
import pickle
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import retail_analytics as ra
from retail_analytics import _core

pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed")
if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
    pytest.skip("Spark needs Java, and there is none", allow_module_level=True)

from retail_analytics.spark import ForestSpec, LinearSpec, LogisticSpec, fit, predict  # noqa: E402

FEATURES = ["quantity", "unit price", "vat.rate"]
ROWS = 3_000

LINEAR = LinearSpec(features=FEATURES, label="revenue")
SOME = LinearSpec(features=["unit price", "quantity"], label="revenue")
WEIGHTED = LinearSpec(features=FEATURES, label="revenue", weight="weight")
LOGISTIC = LogisticSpec(features=FEATURES, label="is_late", C=0.5)
WEIGHTED_LOGISTIC = LogisticSpec(features=FEATURES, label="is_late", weight="weight", C=math.inf)
FOREST = ForestSpec(
    features=FEATURES,
    label="kind",
    n_classes=3,
    row_number="n",
    n_estimators=5,
    max_depth=4,
    max_bins=64,
    seed=3,
)
SPECS = {
    "linear": LINEAR,
    "weighted linear": WEIGHTED,
    "logistic": LOGISTIC,
    "weighted logistic": WEIGHTED_LOGISTIC,
    "forest": FOREST,
}


@pytest.fixture(scope="module")
def connect_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory, connect_port: int) -> Iterator[Any]:
    """Two executors, each a process of its own, and a server for Spark Connect."""
    from pyspark.sql import SparkSession

    package = str(Path(ra.__file__).parent.parent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        session = (
            SparkSession.builder.master("local-cluster[2,1,1024]")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.executorEnv.PYTHONPATH", package)
            .config("spark.local.dir", str(tmp_path_factory.mktemp("spark")))
            .config("spark.sql.shuffle.partitions", "3")
            .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
            .config("spark.ui.enabled", "false")
            .config("spark.plugins", "org.apache.spark.sql.connect.SparkConnectPlugin")
            .config("spark.connect.grpc.binding.address", "127.0.0.1")
            .config("spark.connect.grpc.binding.port", str(connect_port))
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("ERROR")
        work = Path(pyspark.__file__).parent / "work" / session.sparkContext.applicationId
        yield session
        session.stop()
        shutil.rmtree(work, ignore_errors=True)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Sales of three kinds, with numbers of several types."""
    draw = np.random.default_rng(11)
    quantity = draw.integers(1, 50, ROWS)
    price = draw.integers(1, 2_000, ROWS) / 100
    rate = draw.choice([0.05, 0.1, 0.2], ROWS)
    revenue = quantity * 2.5 + price * 10 - rate * 7 + draw.normal(size=ROWS)
    return pd.DataFrame(
        {
            "n": np.arange(ROWS),
            "quantity": quantity,
            "unit price": price,
            "vat.rate": rate,
            "revenue": revenue,
            "is_late": revenue + draw.normal(size=ROWS) * 80 > 160,
            "kind": np.digitize(revenue + draw.normal(size=ROWS) * 20, [100, 200]),
            "weight": draw.integers(0, 3, ROWS).astype(float),
            "country": draw.choice(["United Kingdom", "France"], ROWS),
        }
    )


@pytest.fixture(scope="module")
def frame(spark: Any, table: pd.DataFrame) -> Any:
    return spark.createDataFrame(table)


def alone(spec: Any, table: pd.DataFrame) -> Any:
    """The model of one machine that never heard of Spark or of rounds."""
    x = table[FEATURES].to_numpy(np.float64)
    y = table[spec.label].to_numpy(np.float64)
    weights = None if spec.weight is None else table[spec.weight].to_numpy()
    if isinstance(spec, LinearSpec):
        return _core.fit_linear(x, y, weights, FEATURES, 1)
    if isinstance(spec, LogisticSpec):
        return _core.fit_logistic(x, y, weights, FEATURES, 1 / spec.C, 100, 1e-10, 1)
    growth = {
        "n_estimators": 5,
        "max_depth": 4,
        "max_features": 1,
        "min_samples_leaf": 1,
        "min_samples_split": 2,
        "max_bins": 64,
        "bootstrap": spec.bootstrap,
        "seed": 3,
        "threads": 1,
    }
    return _core.fit_forest(x, y, FEATURES, 3, growth)


def in_one_part(spec: Any, table: pd.DataFrame) -> Any:
    """The model of rounds over one part."""
    rounds = pickle.loads(pickle.dumps(_core.Rounds(spec.to_json())))
    x = table[FEATURES].to_numpy(np.float64)
    y = table[spec.label].to_numpy(np.float64)
    weights = None if spec.weight is None else table[spec.weight].to_numpy()
    state, fitted = rounds.begin(), None
    while fitted is None:
        partial = rounds.answer(state, x, y, table["n"].to_numpy(np.uint64), weights)
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
def test_rounds_over_one_part(spec: Any, table: pd.DataFrame) -> None:
    expected = alone(spec, table).to_json()
    assert in_one_part(spec, table).to_json() == expected


@pytest.mark.parametrize("partitions", [1, 2, 7, 64])
@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_any_number_of_partitions(
    spec: Any, partitions: int, frame: Any, table: pd.DataFrame
) -> None:
    model = fit(frame.repartition(partitions), spec)
    assert model.to_json() == alone(spec, table).to_json()


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_empty_and_skewed_partitions_in_another_order(
    spec: Any, frame: Any, table: pd.DataFrame
) -> None:
    # Most of the rows in one partition, nine partitions without any, and the last rows first.
    skewed = frame.selectExpr("*", "if(n < 2500, 0, n % 3) AS place").repartition(12, "place")
    shuffled = skewed.sortWithinPartitions("n", ascending=False)
    sizes = rows_of(shuffled)
    assert sizes.count(0) >= 9 and sizes[-1] > 2_500, sizes
    assert fit(shuffled, spec).to_json() == alone(spec, table).to_json()


def test_many_batches_a_partition(spark: Any, frame: Any, table: pd.DataFrame) -> None:
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "100")
    try:
        for spec in SPECS.values():
            model = fit(frame.repartition(2), spec)
            assert model.to_json() == alone(spec, table).to_json()
    finally:
        spark.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")


def test_a_forest_depends_on_the_numbers_of_its_rows(frame: Any, table: pd.DataFrame) -> None:
    other = frame.withColumn("n", frame.n + 1_000_000)
    assert fit(other, FOREST).to_json() != alone(FOREST, table).to_json()
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
    assert fit(other, without).to_json() == alone(without, table).to_json()


@pytest.mark.parametrize("partitions", [1, 7])
@pytest.mark.parametrize("spec", [LINEAR, LOGISTIC, FOREST], ids=["linear", "logistic", "forest"])
def test_predictions(spec: Any, partitions: int, frame: Any, table: pd.DataFrame) -> None:
    model = pickle.loads(pickle.dumps(fit(frame, spec)))
    answer = predict(frame.repartition(partitions), model, "said")
    assert answer.columns == [*table.columns, "said"]
    found = answer.toPandas().sort_values("n", ignore_index=True)
    x = table[FEATURES].to_numpy(np.float64)
    if spec is LINEAR:
        expected = alone(spec, table).predict(x)
    else:
        expected = np.argmax(alone(spec, table).predict_proba(x), axis=1)
        shares = predict(frame.repartition(partitions), model, probabilities="shares").toPandas()
        shares = shares.sort_values("n", ignore_index=True)
        assert np.array_equal(np.stack(shares.shares), alone(spec, table).predict_proba(x))
        assert np.array_equal(shares.prediction, expected)
    assert np.array_equal(found.said, expected)
    pd.testing.assert_frame_equal(
        found[table.columns.to_list()], table, check_dtype=False, check_exact=True
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


def test_errors_of_predictions(frame: Any, table: pd.DataFrame) -> None:
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
    with pytest.raises(ValueError, match="at least one partial"):
        linear.merge([])
    with pytest.raises(ValueError, match="unknown variant `tree`"):
        _core.Rounds('{"algorithm": "tree"}')
    x, y = np.zeros((2, 3)), np.zeros(2)
    with pytest.raises(ValueError, match="row_numbers: expected 2 values, got 1"):
        forest.answer(forest.begin(), x, y, np.zeros(1, np.uint64), None)
    with pytest.raises(ValueError, match="a forest takes no weights"):
        forest.answer(forest.begin(), x, y, None, y)


@pytest.mark.parametrize("spec", [LINEAR, LOGISTIC, FOREST], ids=["linear", "logistic", "forest"])
def test_work_that_is_lost_is_done_again(
    spec: Any,
    frame: Any,
    table: pd.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In every round a worker dies just before it answers, and in the second one its executor too."""
    from retail_analytics.spark import _fit

    answerer = _fit._answerer
    numbers = iter(range(1_000))

    def failing(spec: Any, state: bytes) -> Callable[[Iterator[Any]], Iterator[Any]]:
        answer, mark = answerer(spec, state), str(tmp_path / str(next(numbers)))

        def answer_at_last(batches: Iterator[Any]) -> Iterator[Any]:
            import os
            import signal
            from pathlib import Path

            answers = list(answer(batches))
            try:
                os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                yield from answers
                return
            if mark.endswith("/1"):
                # This process is a child of a daemon, which is one of the executor.
                status = Path(f"/proc/{os.getppid()}/status").read_text()
                (parent,) = [line for line in status.splitlines() if line.startswith("PPid")]
                executor = int(parent.split()[1])
                assert b"CoarseGrainedExecutorBackend" in Path(f"/proc/{executor}/cmdline").read_bytes()
                os.kill(executor, signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)

        return answer_at_last

    monkeypatch.setattr(_fit, "_answerer", failing)
    model = fit(frame.repartition(5), spec)
    assert model.to_json() == alone(spec, table).to_json()
    deaths, rounds = len(list(tmp_path.iterdir())), next(numbers)
    assert deaths == rounds >= (1 if spec is LINEAR else 3)


def test_spark_connect(spark: Any, connect_port: int, table: pd.DataFrame) -> None:
    pytest.importorskip("grpc", reason="Spark Connect needs grpcio: pip install pyspark[connect]")
    check_connect(connect_port, table)


def test_spark_connect_without_java(table: pd.DataFrame) -> None:
    """Sail speaks the protocol of Spark Connect, and runs no Spark."""
    pytest.importorskip("pysail", reason="pysail is not installed")
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    try:
        check_connect(server.listening_address[1], table)
    finally:
        server.stop()


def check_connect(port: int, table: pd.DataFrame) -> None:
    import pyarrow as pa
    from pyspark.sql.connect.session import SparkSession

    session = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").create()
    try:
        frame = session.createDataFrame(pa.Table.from_pandas(table))
        for spec in SPECS.values():
            model = fit(frame.repartition(3), spec)
            assert model.to_json() == alone(spec, table).to_json()
        answer = predict(frame.repartition(3), model, probabilities="shares").toPandas()
        answer = answer.sort_values("n", ignore_index=True)
        shares = alone(FOREST, table).predict_proba(table[FEATURES].to_numpy(np.float64))
        assert np.array_equal(np.stack(answer.shares), shares)
        assert np.array_equal(answer.prediction, np.argmax(shares, axis=1))
        with pytest.raises(ValueError, match="column 'quantity': expected numbers, got null"):
            fit(frame.selectExpr("`unit price`", "revenue", "nullif(quantity, 7) AS quantity"), SOME)
        with pytest.raises(ValueError, match="at least 1 rows are needed"):
            fit(frame.where("n < 0"), LINEAR)
    finally:
        session.stop()
