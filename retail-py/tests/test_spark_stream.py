"""Streams that are written into a model: each micro-batch counts once, whatever Spark does again."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from retail_analytics.spark import LinearSpec, fit, load, register
from spark_cases import FEATURES, LINEAR, WEIGHTED, alone


class Feed:
    """A folder of files, each of which is a micro-batch, and a query that learns from them."""

    def __init__(self, session: Any, sold: pd.DataFrame, schema: Any, folder: Path) -> None:
        self.session, self.sold, self.schema, self.folder = session, sold, schema, folder
        self.source, self.checkpoint = folder / "sales", folder / "checkpoint"
        self.path = folder / "models" / "m.model"
        self.source.mkdir()
        self.files = 0

    def add(self, start: int, end: int) -> None:
        """Rows that are to come next."""
        begun = self.folder / "rows.parquet"
        self.sold[start:end].to_parquet(begun, index=False)
        # Spark takes files as they were modified.
        os.utime(begun, (1_700_000_000 + self.files, 1_700_000_000 + self.files))
        begun.rename(self.source / f"{self.files:03}.parquet")
        self.files += 1

    def rows(self) -> Any:
        reader = self.session.readStream.schema(self.schema).option("maxFilesPerTrigger", 1)
        return reader.parquet(str(self.source))

    def run(self, rows: Any = None, mode: str = "append", **options: str) -> None:
        """Learns from all that has come, and stops."""
        wanted = {"algorithm": "linear", "features": ", ".join(FEATURES), "label": "revenue", **options}
        rows = self.rows() if rows is None else rows
        stream = rows.writeStream.format("retail_model").options(**wanted).outputMode(mode)
        stream = stream.option("checkpointLocation", str(self.checkpoint))
        query = stream.trigger(availableNow=True).start(str(self.path))
        try:
            query.awaitTermination()
        finally:
            query.stop()

    def check(self, end: int, spec: LinearSpec = LINEAR) -> None:
        """The file holds the model of the first rows, and is alone in its folder."""
        assert load(self.path).to_json() == alone(spec, self.sold[:end]).to_json()
        assert os.listdir(self.path.parent) == ["m.model"]

    def check_refusal(self, said: str, **options: Any) -> None:
        """The query fails, and changes nothing."""
        before = self.path.read_bytes() if self.path.exists() else None
        with pytest.raises(Exception, match=said):
            self.run(**options)
        assert before == (self.path.read_bytes() if self.path.exists() else None)

    def committed(self) -> list[int]:
        """Micro-batches that Spark knows to be done."""
        names = (self.checkpoint / "commits").iterdir()
        return sorted(int(path.name) for path in names if path.name.isdigit())

    def forget_the_last_commit(self) -> int:
        """What a driver leaves that dies between the commit of the sink and its own."""
        last = self.committed()[-1]
        (self.checkpoint / "commits" / str(last)).unlink()
        (self.checkpoint / "commits" / f".{last}.crc").unlink(missing_ok=True)
        return last


@pytest.fixture
def feed(spark: Any, sold: pd.DataFrame, frame: Any, tmp_path: Path) -> Feed:
    register(spark)
    return Feed(spark, sold, frame.schema, tmp_path)


def test_micro_batches_and_restarts(feed: Feed) -> None:
    for start in (0, 500, 1_000):
        feed.add(start, start + 500)
    feed.run(weight="weight")
    assert feed.committed() == [0, 1, 2]
    feed.check(1_500, WEIGHTED)
    feed.add(1_500, 3_000)
    feed.run(weight="weight")
    assert feed.committed() == [0, 1, 2, 3]
    feed.check(3_000, WEIGHTED)
    assert load(feed.path).to_json() == fit(feed.session.read.parquet(str(feed.source)), WEIGHTED).to_json()


def test_a_micro_batch_that_spark_commits_again(feed: Feed) -> None:
    feed.add(0, 500)
    feed.run()
    feed.add(500, 1_000)
    feed.run()
    once = feed.path.read_bytes()
    for _ in range(2):
        assert feed.forget_the_last_commit() == 1
        feed.run()
        assert feed.committed() == [0, 1]
        assert feed.path.read_bytes() == once
    assert feed.forget_the_last_commit() == 1
    feed.add(1_000, 3_000)
    feed.run()
    assert feed.committed() == [0, 1, 2]
    feed.check(3_000)


def test_a_micro_batch_that_is_planned_again(feed: Feed) -> None:
    """Spark forgets which rows the last micro-batch had, and gives it others."""
    feed.add(0, 500)
    feed.run()
    feed.add(500, 1_000)
    kept = feed.folder / "kept"
    shutil.copytree(feed.checkpoint, kept)
    feed.run()
    shutil.rmtree(feed.checkpoint)
    kept.rename(feed.checkpoint)
    (feed.source / "001.parquet").unlink()
    feed.add(500, 1_700)
    feed.run()
    assert feed.committed() == [0, 1]
    feed.check(1_700)


def test_a_checkpoint_that_does_not_fit(feed: Feed) -> None:
    copies = [feed.folder / f"copy {number}" for number in range(3)]
    for number, copy in enumerate(copies):
        feed.add(number * 500, number * 500 + 500)
        feed.run()
        shutil.copytree(feed.checkpoint, copy)
    shutil.rmtree(feed.checkpoint)
    feed.check_refusal("expected the query .* got the query .*was its checkpoint removed. restore it")
    shutil.rmtree(feed.checkpoint)
    copies[0].rename(feed.checkpoint)
    feed.check_refusal("got 1: the checkpoint is an older copy")
    shutil.rmtree(feed.checkpoint)
    copies[2].rename(feed.checkpoint)
    feed.add(1_500, 3_000)
    feed.run()
    feed.check(3_000)


def test_a_file_that_does_not_fit(feed: Feed) -> None:
    for start in (0, 500):
        feed.add(start, start + 500)
        feed.run()
        (feed.folder / f"{start}.model").write_bytes(feed.path.read_bytes())
    feed.add(1_000, 1_500)
    whole = feed.path.read_bytes()
    feed.path.unlink()
    feed.check_refusal("there is none, .*goes on with micro-batch 2: the rows before are not in it")
    feed.path.write_bytes((feed.folder / "0.model").read_bytes())
    feed.check_refusal("expected micro-batch 0 again or 1 .*got 2: the file is an older copy")
    feed.path.write_bytes(whole[:-1])
    feed.check_refusal(r"m\.model: the file is damaged or was cut off")
    feed.path.write_bytes(whole)
    feed.check_refusal("expected rows of .*which it has learned from", label="n")
    feed.run()
    feed.check(1_500)


def test_both_removed_is_a_new_beginning(feed: Feed) -> None:
    feed.add(0, 500)
    feed.run()
    feed.path.unlink()
    shutil.rmtree(feed.checkpoint)
    feed.add(500, 900)
    feed.run()
    feed.check(900)


def test_micro_batches_without_rows(feed: Feed) -> None:
    feed.add(0, 500)
    feed.run(feed.rows().where("n >= 500"))
    assert feed.committed() == [0]
    with pytest.raises(ValueError, match=r"m\.model: no rows have been learned from yet"):
        load(feed.path)
    feed.add(0, 800)
    feed.run()
    feed.check(800)


def test_rows_of_weight_0_are_none(feed: Feed) -> None:
    feed.add(0, 500)
    rows = feed.rows().drop("weight")
    feed.run(rows.selectExpr("*", "0 AS weight"), weight="weight")
    with pytest.raises(ValueError, match=r"m\.model: no rows have been learned from yet"):
        load(feed.path)
    feed.add(0, 800)
    feed.run(rows.selectExpr("*", "1 AS weight"), weight="weight")
    feed.check(800)


def test_the_rows_of_a_batch_that_fails_are_not_counted(feed: Feed) -> None:
    feed.add(0, 500)
    feed.run()
    feed.add(500, 1_000)
    lost = "if(n = 777, raise_error('lost'), n) AS n"
    others = [f"`{name}`" for name in feed.sold.columns if name != "n"]
    null = [*others[1:], "n", "if(n = 777, null, quantity) AS quantity"]
    feed.check_refusal("lost", rows=feed.rows().selectExpr(*others, lost))
    feed.check_refusal("column 'quantity': expected numbers, got null", rows=feed.rows().selectExpr(*null))
    assert os.listdir(feed.path.parent) == ["m.model"]
    assert feed.committed() == [0]
    feed.run()
    feed.check(1_000)


def test_complete_results_take_the_place_of_earlier_ones(feed: Feed) -> None:
    def sums(rows: Any) -> Any:
        return rows.groupBy("quantity").agg({"revenue": "max"}).toDF("quantity", "most")

    spec = LinearSpec(features=["quantity"], label="most")
    for start in (0, 500):
        feed.add(start, start + 500)
        feed.run(sums(feed.rows()), mode="complete", features="quantity", label="most")
        table = feed.session.read.parquet(str(feed.source))
        assert load(feed.path).to_json() == fit(sums(table), spec).to_json()


def test_mistakes_are_found_before_rows_are_read(feed: Feed) -> None:
    feed.add(0, 500)
    for options, said in [
        ({"label": "size"}, "column 'size': there is none"),
        ({"features": "country"}, "column 'country': expected numbers, got string"),
        ({"algorithm": "forest"}, r"'forest' needs several passes; use retail_analytics\.spark\.fit"),
        ({"lable": "n"}, "option 'lable': unknown"),
    ]:
        feed.check_refusal(said, **options)
        shutil.rmtree(feed.checkpoint)
    assert not feed.path.parent.exists()


def test_spark_connect(
    spark: Any, connect_port: int, sold: pd.DataFrame, frame: Any, tmp_path: Path
) -> None:
    pytest.importorskip("grpc", reason="Spark Connect needs grpcio: pip install pyspark[connect]")
    from pyspark.sql.connect.session import SparkSession

    session = SparkSession.builder.remote(f"sc://127.0.0.1:{connect_port}").create()
    try:
        register(session)
        feed = Feed(session, sold, frame.schema, tmp_path)
        for start in (0, 1_000):
            feed.add(start, start + 1_000)
            feed.run()
        feed.forget_the_last_commit()
        feed.add(2_000, 3_000)
        feed.run()
        feed.check(3_000)
    finally:
        session.stop()


def test_the_ids_in_an_error_are_those_of_spark(feed: Feed) -> None:
    feed.add(0, 500)
    feed.run()
    (was,) = re.findall(r'"id":"([0-9a-f-]+)"', (feed.checkpoint / "metadata").read_text())
    shutil.rmtree(feed.checkpoint)
    feed.check_refusal(f"expected the query {was}, which has written it up to micro-batch 0")
