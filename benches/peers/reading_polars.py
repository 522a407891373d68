"""Reading with polars on one thread.

    python benches/peers/reading_polars.py FILE.csv   # see answer.py

Typed columns, dates parsed by a given format, the rows that the engine would keep: once with all
eight columns, and once with the five that cleaning and the models need, which is all that a lazy
reader then parses.
"""

import os

os.environ["POLARS_MAX_THREADS"] = "1"

import sys

import polars as pl
from answer import answer

TYPES = {
    "Invoice": pl.String,
    "StockCode": pl.String,
    "Description": pl.String,
    "Quantity": pl.Int64,
    "InvoiceDate": pl.String,
    "Price": pl.Float64,
    "Customer ID": pl.Float64,
    "Country": pl.String,
}
NEEDED = ["Invoice", "Quantity", "InvoiceDate", "Price", "Customer ID"]


def read(path, columns):
    other = [pl.col("Invoice").str.starts_with(letter).not_() for letter in "CcAa"]
    frame = (
        pl.scan_csv(path, schema_overrides=TYPES)
        .select(columns)
        .filter(
            *other,
            pl.col("Customer ID").is_not_null(),
            pl.col("Quantity") > 0,
            pl.col("Price") > 0,
        )
        .with_columns(
            pl.col("InvoiceDate").str.to_datetime("%Y-%m-%d %H:%M:%S"),
            pl.col("Customer ID").cast(pl.Int64),
        )
    )
    return len(frame.collect())


def main(path):
    def rows(count):
        return {"rows": count}

    return [
        ("all columns of clean rows", "polars", lambda: read(path, list(TYPES)), rows),
        ("five columns of clean rows", "polars", lambda: read(path, NEEDED), rows),
    ]


if __name__ == "__main__":
    answer(main(sys.argv[1]))
