"""The same rows, whatever holds them, make the same models."""

from __future__ import annotations

import datetime as dt
import gzip
import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import retail_analytics as ra
from conftest import HEADER


def models_of(source: object) -> dict[str, bytes]:
    engine = ra.Engine(batch={"rows": 500, "format": "none"})
    engine.run(source)
    numbers = {}
    for name, model in engine.models.items():
        numbers[name] = model._core.to_bytes().split(b'"model":', 1)[1]
    return numbers


@pytest.fixture(scope="session")
def expected(csv_file: Path) -> dict[str, bytes]:
    models = models_of(csv_file)
    assert len(models) == 9
    return models


def _gzipped(path: Path) -> object:
    packed = path.with_suffix(".csv.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    return packed


SOURCES: dict[str, Callable[[Path, list[dict[str, Any]]], object]] = {
    "str": lambda path, rows: str(path),
    "list of paths": lambda path, rows: [path],
    "gzip": lambda path, rows: _gzipped(path),
    "binary file": lambda path, rows: path.open("rb"),
    "text file": lambda path, rows: path.open(),
    "bytes in memory": lambda path, rows: io.BytesIO(path.read_bytes()),
    "list of dicts": lambda path, rows: rows,
    "generator": lambda path, rows: (row for row in rows),
    "dicts of NumPy": lambda path, rows: [
        {**row, "Quantity": np.int32(row["Quantity"]), "Price": np.float64(row["Price"])}
        for row in rows
    ],
    "dicts of texts": lambda path, rows: [
        {key: None if value is None else str(value) for key, value in row.items()} for row in rows
    ],
    "dicts of decimals": lambda path, rows: [
        {**row, "Price": Decimal(str(row["Price"]))} for row in rows
    ],
    "pandas": lambda path, rows: pd.DataFrame(rows),
    "pandas from CSV": lambda path, rows: pd.read_csv(path),
    "pandas, categories": lambda path, rows: pd.DataFrame(rows).astype(
        {"Country": "category", "Quantity": "int32", "Customer ID": "Int64"}
    ),
    "polars": lambda path, rows: pl.DataFrame(rows),
    "polars, categories": lambda path, rows: pl.DataFrame(rows).with_columns(
        pl.col("Country").cast(pl.Categorical), pl.col("Quantity").cast(pl.Int16)
    ),
    "pyarrow": lambda path, rows: pa.Table.from_pylist(rows),
    "pyarrow, chunked": lambda path, rows: pa.concat_tables(
        [pa.Table.from_pylist(rows[:100]), pa.Table.from_pylist(rows[100:])]
    ),
    "pyarrow reader": lambda path, rows: pa.Table.from_pylist(rows).to_reader(1_000),
    "pyarrow, nanoseconds": lambda path, rows: pa.Table.from_pylist(rows).set_column(
        4, "InvoiceDate", pa.array([r["InvoiceDate"] for r in rows], pa.timestamp("ns"))
    ),
    "DuckDB": lambda path, rows: duckdb.sql(
        f"select * from read_csv('{path}', types={{'Invoice': 'VARCHAR'}})"
    ),
}


@pytest.mark.parametrize("name", SOURCES)
def test_models_do_not_depend_on_what_holds_the_rows(
    name: str, csv_file: Path, rows: list[dict[str, Any]], expected: dict[str, bytes]
) -> None:
    assert models_of(SOURCES[name](csv_file, rows)) == expected


def test_parquet_and_excel(csv_file: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    frame = pd.read_csv(csv_file)
    frame.to_parquet(tmp_path / "sales.parquet")
    assert models_of(tmp_path / "sales.parquet") == expected


def test_records_that_cannot_be_read_are_rejected_with_their_reason() -> None:
    good = {
        "Invoice": "536365",
        "StockCode": "85123A",
        "Quantity": 6,
        "InvoiceDate": "2010-12-01 08:26:00",
        "Price": 2.55,
        "Customer ID": 17850,
    }
    engine = ra.Engine()
    bad: list[dict[str, Any]] = [
        {**good, "Quantity": 6.5},
        {**good, "Price": float("nan")},
        {**good, "InvoiceDate": "soon"},
        {**good, "Customer ID": pd.NA},
        {**good, "InvoiceDate": pd.NaT},
        {key: value for key, value in good.items() if key != "Price"},
    ]
    report = engine.run([good, *bad])
    assert (report.rows_read, report.rows_kept) == (7, 1)
    reasons = pl.DataFrame(engine.rejects)["reason"].to_list()
    assert reasons.count("missing_customer") == 1
    assert reasons.count("unparsable_field") == 5


@pytest.mark.parametrize(
    ("source", "error", "text"),
    [
        (3, TypeError, "source: expected a path"),
        (None, TypeError, "source: expected a path"),
        ({"Invoice": 1}, TypeError, "source: expected a path"),
        ("/nowhere/sales.csv", FileNotFoundError, "/nowhere/sales.csv"),
        ([{"Invoice": object()}], TypeError, "record 0, Invoice"),
        ([{3: 1}], TypeError, "record 0: expected keys that are texts"),
        ([3], TypeError, "record 0: expected a dict"),
        (pd.DataFrame({"a": [1]}), ValueError, "missing Invoice"),
        (pd.DataFrame({"Price": [[1]]}), ValueError, "column Price of"),
        (io.StringIO("a,b\n1,2\n"), ValueError, "missing Invoice"),
    ],
)
def test_what_is_no_source(source: object, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        ra.Engine().run(source)


def test_what_a_source_raises_is_raised() -> None:
    class Broken(Exception):
        pass

    def records() -> Any:
        yield from [{"Invoice": "1"}] * 3
        raise Broken("the till is offline")

    with pytest.raises(Broken, match="the till is offline"):
        ra.Engine().run(records())

    class File:
        def read(self, size: int) -> object:
            return 7

    with pytest.raises(TypeError, match="expected bytes or text, got"):
        ra.Engine().run(File())


def test_empty_sources_read_nothing() -> None:
    empty = pd.DataFrame({name: [] for name in HEADER})
    for source in [empty, pl.from_pandas(empty)]:
        report = ra.Engine().run(source)
        assert report.rows_read == 0


def test_dates_with_a_zone_are_in_utc() -> None:
    zone = dt.timezone(dt.timedelta(hours=2))
    rows = [
        {
            "Invoice": "1",
            "StockCode": "a",
            "Quantity": 1,
            "InvoiceDate": dt.datetime(2011, 1, 1, 1, 0, tzinfo=zone),
            "Price": 1.0,
            "Customer ID": 1,
        }
    ]
    for source in [rows, pl.DataFrame(rows), pa.Table.from_pylist(rows)]:
        engine = ra.Engine(train={"policy": "manual"})
        engine.run(source)
        batch = Path(engine.data_dir, "batches", "batch_1.csv").read_text()
        assert "2010-12-31 23:00:00" in batch
