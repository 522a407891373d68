"""DataFrames that are written into a model: the bytes of one machine's, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from retail_analytics.spark import LinearSpec, fit, load, predict, register
from spark_cases import FEATURES, LINEAR, WEIGHTED, alone

NAMES = ", ".join(FEATURES)


def writer(frame: Any, mode: str = "append", form: str = "retail_model", **options: Any) -> Any:
    """A writer of ``LINEAR``, with other options."""
    wanted = {"algorithm": "linear", "features": NAMES, "label": "revenue", **options}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    return frame.write.format(form).options(**wanted).mode(mode)


@pytest.fixture
def frame(spark: Any, frame: Any) -> Any:
    """The rows, in a session that knows the format."""
    register(spark)
    return frame


@pytest.mark.parametrize("partitions", [1, 7, 64])
def test_any_number_of_partitions(
    partitions: int, frame: Any, sold: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "m.model"
    writer(frame.repartition(partitions)).save(str(path))
    assert load(path).to_json() == alone(LINEAR, sold).to_json()
    writer(frame.repartition(partitions), "overwrite", weight="weight").save(f"file://{path}")
    assert load(path).to_json() == alone(WEIGHTED, sold).to_json()
    assert load(path).spec == WEIGHTED
    assert os.listdir(tmp_path) == ["m.model"]


def test_empty_and_skewed_partitions_in_another_order(
    frame: Any, sold: pd.DataFrame, tmp_path: Path
) -> None:
    skewed = frame.selectExpr("*", "if(n < 2500, 0, n % 3) AS place").repartition(12, "place")
    writer(skewed.sortWithinPartitions("n", ascending=False)).save(str(tmp_path / "m.model"))
    assert load(tmp_path / "m.model").to_json() == alone(LINEAR, sold).to_json()


def test_append_goes_on_and_overwrite_begins_anew(
    frame: Any, sold: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "a folder" / "m.model"
    for start in (0, 1_000, 2_000):
        writer(frame.where(f"n >= {start} AND n < {start + 1_000}")).save(str(path))
        assert load(path).to_json() == alone(LINEAR, sold[: start + 1_000]).to_json()
    writer(frame.where("n < 0")).save(str(path))
    assert load(path).to_json() == alone(LINEAR, sold).to_json()
    writer(frame.where("n < 700"), "overwrite").save(str(path))
    assert load(path).to_json() == alone(LINEAR, sold[:700]).to_json()
    found = predict(frame, load(path)).toPandas().sort_values("n")
    x = sold[FEATURES].to_numpy(np.float64)
    assert np.array_equal(found.prediction, alone(LINEAR, sold[:700]).predict(x))
    assert os.listdir(path.parent) == ["m.model"]


def test_numbers_of_all_types(frame: Any, tmp_path: Path) -> None:
    """They are cast as `fit` has Spark cast them."""
    exact = {
        "tiny": "tinyint(n % 100)",
        "small": "smallint(n)",
        "whole": "int(n) * 7",
        "big": "9007199254740993 + n * 12345678901",
        "single": "float(quantity) / 3",
        "fine": "CAST(n AS DECIMAL(8, 0)) * 1234567.8901",
        "coarse": "CAST(n * 1000003 AS DECIMAL(20, 0))",
        "is_late": "is_late",
    }
    rows = frame.selectExpr(*(f"{value} AS {name}" for name, value in exact.items()), "revenue")
    path = tmp_path / "m.model"
    writer(rows, features=", ".join(exact)).save(str(path))
    spec = LinearSpec(features=list(exact), label="revenue")
    assert load(path).to_json() == fit(rows, spec).to_json()


def test_names_as_json(frame: Any, tmp_path: Path) -> None:
    renamed = frame.withColumnRenamed("quantity", "a, b")
    writer(renamed, features='["a, b", "unit price"]').save(str(tmp_path / "m.model"))
    assert load(tmp_path / "m.model").spec.features == ["a, b", "unit price"]


def test_tasks_that_die_are_done_again(
    spark: Any, frame: Any, sold: pd.DataFrame, tmp_path: Path
) -> None:
    """Each task's worker dies just before it answers, and one takes its executor with it."""
    from retail_analytics.spark._sink import RetailModelSource, _Message, _Writer

    marks = tmp_path / "marks"
    marks.mkdir()

    class DyingWriter(_Writer):
        def write(self, iterator: Iterator[Any]) -> _Message:
            import os
            import signal
            from pathlib import Path

            from pyspark import TaskContext

            message = super().write(iterator)
            mark = marks / str(TaskContext.get().partitionId())
            try:
                mark.touch(exist_ok=False)
            except FileExistsError:
                return message
            if mark.name == "1":
                # This process is a child of a daemon, which is one of the executor.
                status = Path(f"/proc/{os.getppid()}/status").read_text()
                (parent,) = [line for line in status.splitlines() if line.startswith("PPid")]
                executor = int(parent.split()[1])
                assert b"CoarseGrainedExecutorBackend" in Path(f"/proc/{executor}/cmdline").read_bytes()
                os.kill(executor, signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)
            raise AssertionError

    class DyingSource(RetailModelSource):
        @classmethod
        def name(cls) -> str:
            return "dying_model"

        def writer(self, schema: Any, overwrite: bool) -> DyingWriter:
            return DyingWriter(super().writer(schema, overwrite).plan)

    spark.dataSource.register(DyingSource)
    path = tmp_path / "m.model"
    writer(frame.repartition(5), form="dying_model").save(str(path))
    assert load(path).to_json() == alone(LINEAR, sold).to_json()
    assert len(list(marks.iterdir())) == 5


def test_a_write_that_is_given_up_leaves_nothing(
    frame: Any, sold: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "m.model"
    broken = frame.selectExpr("*", "if(n = 2999, raise_error('lost'), quantity) AS q")
    broken = broken.drop("quantity").withColumnRenamed("q", "quantity").repartition(3)
    with pytest.raises(Exception, match="lost"):
        writer(broken).save(str(path))
    assert os.listdir(tmp_path) == []
    writer(frame).save(str(path))
    for mode in ("append", "overwrite"):
        with pytest.raises(Exception, match="lost"):
            writer(broken, mode).save(str(path))
    assert os.listdir(tmp_path) == ["m.model"]
    assert load(path).to_json() == alone(LINEAR, sold).to_json()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"algorithm": None}, "option 'algorithm': missing"),
        ({"features": None}, "option 'features': missing"),
        ({"label": None}, "option 'label': missing"),
        ({"algorithm": "logistic"}, r"'logistic' needs several passes; use retail_analytics\.spark\.fit"),
        ({"algorithm": "forest"}, r"'forest' needs several passes; use retail_analytics\.spark\.fit"),
        ({"algorithm": "tree"}, "option 'algorithm': expected 'linear', got 'tree'"),
        ({"lable": "revenue"}, "option 'lable': unknown; there are algorithm, features, label, weight"),
        ({"features": "quantity,,n"}, "option 'features': expected names"),
        ({"features": "[1]"}, "option 'features': expected names"),
        ({"features": '["n"'}, "option 'features': expected names"),
        ({"features": "[]"}, "option 'features': expected names"),
        ({"features": "size"}, "column 'size': there is none"),
        ({"features": "country"}, "column 'country': expected numbers, got string"),
        ({"label": "country"}, "column 'country': expected numbers, got string"),
        ({"weight": "country"}, "column 'country': expected numbers, got string"),
    ],
)
def test_options(options: dict[str, Any], said: str, frame: Any, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=f"ValueError: .*{said}"):
        writer(frame, **options).save(str(tmp_path / "m.model"))
    assert os.listdir(tmp_path) == []


def test_paths(frame: Any, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="path: missing; name a file"):
        writer(frame).save()
    with pytest.raises(Exception, match="path 's3://bucket/m': expected a file that Python can open"):
        writer(frame).save("s3://bucket/m")
    with pytest.raises(Exception, match="expected a file, got a folder"):
        writer(frame).save(str(tmp_path))


def test_values_that_are_no_numbers(frame: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "m.model")
    others = [f"`{name}`" for name in frame.columns if name not in ("unit price", "weight")]
    for value, weight, said in [
        ("null", "1", "column 'unit price': expected numbers, got null"),
        ("double('NaN')", "1", "column 'unit price': expected finite numbers, got NaN"),
        ("double('inf')", "1", "column 'unit price': expected finite numbers, got NaN or an inf"),
        ("1", "-1", "column 'weight': expected weights from 0 on, got -1"),
        ("1", "null", "column 'weight': expected numbers, got null"),
    ]:
        damaged = frame.selectExpr(
            *others,
            f"if(n = 1234, {value}, `unit price`) AS `unit price`",
            f"if(n = 1234, {weight}, weight) AS weight",
        )
        with pytest.raises(Exception, match=f"ValueError: {said}"):
            writer(damaged.repartition(7), weight="weight").save(path)
    with pytest.raises(Exception, match="ValueError: at least 1 rows are needed"):
        writer(frame.where("n < 0")).save(path)
    with pytest.raises(Exception, match="ValueError: at least 1 rows are needed"):
        writer(frame.where("weight = 0"), weight="weight").save(path)
    assert os.listdir(tmp_path) == []


def test_other_rows_than_before(frame: Any, sold: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "m.model"
    writer(frame).save(str(path))
    with pytest.raises(Exception, match="expected rows of LinearSpec.*'quantity'.*label='n'"):
        writer(frame, label="n").save(str(path))
    assert load(path).to_json() == alone(LINEAR, sold).to_json()
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Exception, match=r"m\.model: the file is damaged or was cut off"):
        writer(frame).save(str(path))


def test_spark_connect(
    spark: Any, connect_port: int, sold: pd.DataFrame, tmp_path: Path
) -> None:
    pytest.importorskip("grpc", reason="Spark Connect needs grpcio: pip install pyspark[connect]")
    check_connect(connect_port, sold, tmp_path)


def test_sail(sold: pd.DataFrame, tmp_path: Path) -> None:
    """Sail writes DataFrames, and no streams."""
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    pytest.importorskip("pysail", reason="pysail is not installed")
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    try:
        check_connect(server.listening_address[1], sold, tmp_path)
    finally:
        server.stop()


def check_connect(port: int, sold: pd.DataFrame, folder: Path) -> None:
    import pyarrow as pa
    from pyspark.sql.connect.session import SparkSession

    session = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").create()
    try:
        register(session)
        path = folder / "m.model"
        frame = session.createDataFrame(pa.Table.from_pandas(sold)).repartition(3)
        writer(frame.where("n < 2000"), weight="weight").save(str(path))
        writer(frame.where("n >= 2000"), weight="weight").save(str(path))
        assert load(path).to_json() == alone(WEIGHTED, sold).to_json()
        writer(frame, "overwrite").save(str(path))
        assert load(path).to_json() == alone(LINEAR, sold).to_json()
        with pytest.raises(Exception, match="column 'country': expected numbers, got string"):
            writer(frame, features="country").save(str(path))
        with pytest.raises(Exception, match="column 'quantity': expected numbers, got null"):
            gap = frame.selectExpr("nullif(quantity, 7) AS quantity", "revenue")
            writer(gap, "overwrite", features="quantity").save(str(path))
        assert load(path).to_json() == alone(LINEAR, sold).to_json()
    finally:
        session.stop()
