"""What tests share: rows, and engines that have read them."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import os
import random
from pathlib import Path

import pytest

import retail_analytics as ra
from spark_cases import connect_port, frame, sold, spark

__all__ = ["connect_port", "frame", "sold", "spark"]

HEADER = [
    "Invoice",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "Price",
    "Customer ID",
    "Country",
]


def sales(count: int, seed: int = 7) -> list[dict[str, object]]:
    """Sales that can all be read; one in twenty is a return without a customer."""
    draw = random.Random(seed)
    start = dt.datetime(2010, 12, 1, 8, 26)
    rows = []
    for number in range(count):
        is_return = number % 20 == 19
        rows.append(
            {
                "Invoice": f"{'C' if is_return else ''}{536365 + number // 3}",
                "StockCode": f"{draw.randrange(10_000, 99_999)}",
                "Description": 'HOLDER, "WHITE"' if number % 7 == 0 else "T-LIGHT HOLDER",
                "Quantity": -1 if is_return else draw.choice([1, 2, 3, 6, 8, 12, 24, 48]),
                "InvoiceDate": start + dt.timedelta(minutes=number * 3),
                "Price": draw.randrange(1, 2_000) / 100,
                "Customer ID": None if is_return else float(draw.randrange(12_346, 18_288)),
                "Country": draw.choice(["United Kingdom", "France"]),
            }
        )
    return rows


def write_csv(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="session")
def rows() -> list[dict[str, object]]:
    return sales(6_000)


@pytest.fixture(scope="session")
def csv_file(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]]) -> Path:
    return write_csv(tmp_path_factory.mktemp("sales") / "sales.csv", rows)


@pytest.fixture(scope="session")
def engine(csv_file: Path) -> ra.Engine:
    """An engine that has read the rows, in batches of 500."""
    engine = ra.Engine(batch={"rows": 500})
    engine.run(csv_file)
    return engine


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real sample."""
    path = os.environ.get("RETAIL_SAMPLE")
    if not path:
        pytest.skip("RETAIL_SAMPLE is not set")
    if path.endswith(".gz"):
        unpacked = tmp_path_factory.mktemp("sample") / "sample.csv"
        with gzip.open(path) as packed:
            unpacked.write_bytes(packed.read())
        return unpacked
    return Path(path)
