"""Spark that fails, and other servers: tasks that are lost, Spark Connect, Sail, the README."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from retail_analytics.spark import LinearSpec, fit, predict
from spark_cases import FEATURES, FOREST, LINEAR, LOGISTIC, SPECS, alone

SOME = LinearSpec(features=["unit price", "quantity"], label="revenue")


README = Path(__file__).resolve().parent.parent / "README.md"
BLOCKS = re.findall(r"^```py\n(.*?)^```", README.read_text(), re.M | re.S)


def test_there_is_code_in_the_readme() -> None:
    assert len(BLOCKS) == 2


@pytest.mark.parametrize("code", BLOCKS, ids=["fit", "write"])
def test_the_code_of_the_readme(
    code: str, spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("spec", [LINEAR, LOGISTIC, FOREST], ids=["linear", "logistic", "forest"])
def test_work_that_is_lost_is_done_again(
    spec: Any,
    frame: Any,
    sold: pd.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In every round a worker dies just before it answers, and in the second one its executor too, with the
    rows that it keeps."""
    from retail_analytics.spark import _fit

    answerer = _fit._answerer
    numbers = iter(range(1_000))

    def failing(*asked: Any) -> Callable[[Iterator[Any]], Iterator[Any]]:
        answer, mark = answerer(*asked), str(tmp_path / str(next(numbers)))

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
    assert model.to_json() == alone(spec, sold).to_json()
    deaths, rounds = len(list(tmp_path.iterdir())), next(numbers)
    assert deaths == rounds >= (1 if spec is LINEAR else 3)


def test_spark_connect(spark: Any, connect_port: int, sold: pd.DataFrame) -> None:
    pytest.importorskip("grpc", reason="Spark Connect needs grpcio: pip install pyspark[connect]")
    check_connect(connect_port, sold)


def test_spark_connect_without_java(sold: pd.DataFrame) -> None:
    """Sail speaks the protocol of Spark Connect, and runs no Spark."""
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    pytest.importorskip("pysail", reason="pysail is not installed")
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    try:
        check_connect(server.listening_address[1], sold)
    finally:
        server.stop()


def check_connect(port: int, sold: pd.DataFrame) -> None:
    import pyarrow as pa
    from pyspark.sql.connect.session import SparkSession

    session = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").create()
    try:
        frame = session.createDataFrame(pa.Table.from_pandas(sold))
        for spec in SPECS.values():
            model = fit(frame.repartition(3), spec)
            assert model.to_json() == alone(spec, sold).to_json()
        answer = predict(frame.repartition(3), model, probabilities="shares").toPandas()
        answer = answer.sort_values("n", ignore_index=True)
        shares = alone(FOREST, sold).predict_proba(sold[FEATURES].to_numpy(np.float64))
        assert np.array_equal(np.stack(answer.shares), shares)
        assert np.array_equal(answer.prediction, np.argmax(shares, axis=1))
        with pytest.raises(ValueError, match="column 'quantity': expected numbers, got null"):
            fit(frame.selectExpr("`unit price`", "revenue", "nullif(quantity, 7) AS quantity"), SOME)
        with pytest.raises(ValueError, match="at least 1 rows are needed"):
            fit(frame.where("n < 0"), LINEAR)
    finally:
        session.stop()
