"""The work of `engine --once` with polars' lazy reader and scikit-learn.

    python benches/peers/polars_sklearn.py INPUT.csv OUTPUT_FOLDER

A row with too many columns or a field that is no number stops this program. The engine counts it
and goes on. So those two reasons are 0 here.
"""

import os
import time

STARTED = time.perf_counter()
# Two models are fitted at a time already: more threads would wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import polars as pl
from nine_models import Kept, run

REASONS = [
    "cancelled",
    "adjustment",
    "missing_customer",
    "non_positive_quantity",
    "non_positive_price",
]


def read_clean(path):
    invoice = pl.col("Invoice")
    reason = (
        pl.when(invoice.str.starts_with("C") | invoice.str.starts_with("c"))
        .then(pl.lit(0))
        .when(invoice.str.starts_with("A") | invoice.str.starts_with("a"))
        .then(pl.lit(1))
        .when(pl.col("Customer ID").is_null())
        .then(pl.lit(2))
        .when(pl.col("Quantity") <= 0)
        .then(pl.lit(3))
        .when((pl.col("Price") > 0).not_())
        .then(pl.lit(4))
        .otherwise(pl.lit(len(REASONS)))
        .alias("reason")
    )
    date = pl.col("InvoiceDate").str.to_datetime("%Y-%m-%d %H:%M:%S")
    frame = (
        pl.scan_csv(
            path,
            schema_overrides={
                "Invoice": pl.String,
                "StockCode": pl.String,
                "Quantity": pl.Int64,
                "Price": pl.Float64,
                "Customer ID": pl.Float64,
            },
        )
        .select(
            reason,
            pl.int_range(pl.len()).alias("record"),
            pl.col("Quantity").alias("quantity"),
            pl.col("Price").alias("price"),
            pl.col("Customer ID").cast(pl.Int64).alias("customer"),
            date.dt.month().alias("month"),
            date.dt.day().alias("day"),
            date.dt.hour().alias("hour"),
        )
        .collect()
    )
    counts = dict(frame["reason"].value_counts().iter_rows())
    clean = frame.filter(pl.col("reason") == len(REASONS)).drop("reason")
    kept = Kept(*(column.to_numpy() for column in clean.iter_columns()))
    return len(frame), {name: counts.get(at, 0) for at, name in enumerate(REASONS)}, kept


if __name__ == "__main__":
    run(read_clean, STARTED)
