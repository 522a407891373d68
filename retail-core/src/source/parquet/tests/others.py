"""Writes the same rows as Parquet files of many types, by the programs that users have, and as a CSV.

    others.py DIR

expected.csv is the text that every file stands for.
"""

import csv
import datetime
import decimal
import pathlib
import sys

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

folder = pathlib.Path(sys.argv[1])

ROWS = range(2_500)
START = datetime.datetime(2010, 12, 1, 8, 26)
DESCRIPTIONS = ["T-LIGHT HOLDER", 'A "SMALL", ODD ONE', "HÄNGER", None]
rows = {
    "InvoiceNo": [str(536_365 + row // 3) for row in ROWS],
    "StockCode": [["85123A", "POST"][row % 2] for row in ROWS],
    "Description": [DESCRIPTIONS[row % 4] for row in ROWS],
    "Quantity": [row % 90 - 5 for row in ROWS],
    "InvoiceDate": [START + datetime.timedelta(hours=row) for row in ROWS],
    "UnitPrice": [round(row % 700 * 0.05, 2) for row in ROWS],
    "CustomerID": [None if row % 5 == 0 else 12_346 + row for row in ROWS],
    "Country": [["United Kingdom", "France"][row % 2] for row in ROWS],
}
decimals = [decimal.Decimal(f"{price:.2f}") for price in rows["UnitPrice"]]

with open(folder / "expected.csv", "w", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(rows)
    for row in ROWS:
        values = {name: column[row] for name, column in rows.items()}
        values["UnitPrice"] = f"{values['UnitPrice']:.2f}".rstrip("0").rstrip(".")
        writer.writerow(["" if value is None else value for value in values.values()])


def path(name):
    return str(folder / f"{name}.parquet")


# pandas: missing customers make all of them floats.
frame = pd.DataFrame(rows)
assert frame["CustomerID"].dtype == "float64"
frame.to_parquet(path("pandas"), index=False)
frame["Country"] = frame["Country"].astype("category")
frame["CustomerID"] = frame["CustomerID"].astype("Int64")
frame["InvoiceDate"] = frame["InvoiceDate"].dt.tz_localize("UTC").dt.tz_convert("Europe/London")
frame.to_parquet(path("pandas_categories"), index=False, compression="gzip", row_group_size=600)

# pyarrow: types and encodings that pandas does not choose.
narrow = pa.table(
    {
        "InvoiceNo": pa.array(rows["InvoiceNo"], pa.large_string()),
        "StockCode": pa.array(rows["StockCode"], pa.string_view()),
        "Description": pa.array(rows["Description"], pa.string()).dictionary_encode(),
        "Quantity": pa.array(rows["Quantity"], pa.int8()),
        "InvoiceDate": pa.array(rows["InvoiceDate"], pa.timestamp("ms")),
        "UnitPrice": pa.array(decimals, pa.decimal128(10, 2)),
        "CustomerID": pa.array(rows["CustomerID"], pa.uint16()),
        "Country": pa.array(rows["Country"], pa.binary()),
    }
)
pq.write_table(narrow, path("pyarrow_narrow"), write_page_checksum=True)
pq.write_table(narrow, path("pyarrow_old"), version="1.0", use_deprecated_int96_timestamps=True)
wide = narrow.set_column(5, "UnitPrice", pa.array(decimals, pa.decimal256(60, 2)))
wide = wide.set_column(4, "InvoiceDate", pa.array(rows["InvoiceDate"], pa.timestamp("ns", "UTC")))
wide = wide.set_column(6, "CustomerID", pa.array(rows["CustomerID"], pa.uint64()))
wide = wide.append_column("tags", pa.array([["a", "b"]] * len(ROWS)))
pq.write_table(wide, path("pyarrow_wide"), data_page_version="2.0", compression="lz4")
encoded = pa.table(rows)
encodings = {
    "InvoiceNo": "DELTA_BYTE_ARRAY",
    "StockCode": "DELTA_LENGTH_BYTE_ARRAY",
    "Description": "DELTA_BYTE_ARRAY",
    "Quantity": "DELTA_BINARY_PACKED",
    "InvoiceDate": "DELTA_BINARY_PACKED",
    "UnitPrice": "BYTE_STREAM_SPLIT",
    "CustomerID": "BYTE_STREAM_SPLIT",
    "Country": "PLAIN",
}
pq.write_table(
    encoded,
    path("pyarrow_encodings"),
    use_dictionary=False,
    column_encoding=encodings,
    data_page_version="2.0",
    data_page_size=1_000,
)
pq.write_table(encoded, str(folder / "brotli"), compression="brotli")

# polars: Zstandard unless told otherwise.
frame = pl.DataFrame(rows)
frame.write_parquet(path("polars"))
frame.with_columns(
    pl.col("Country").cast(pl.Categorical),
    pl.col("UnitPrice").cast(pl.Float32),
    pl.col("Quantity").cast(pl.Int16),
    pl.col("CustomerID").cast(pl.Decimal(20, 0)),
    pl.col("InvoiceDate").dt.cast_time_unit("ns").dt.replace_time_zone("UTC"),
    pl.struct("Quantity").alias("nested"),
).write_parquet(path("polars_types"), compression="snappy", row_group_size=700)

# DuckDB, with its newer encodings, too.
duckdb.execute("SET TimeZone = 'UTC'")
for name, options in [
    ("duckdb", ""),
    ("duckdb_v2", ", PARQUET_VERSION V2, COMPRESSION zstd, ROW_GROUP_SIZE 2048"),
]:
    duckdb.execute(f"COPY frame TO '{path(name)}' (FORMAT parquet{options})")
duckdb.execute(
    "CREATE TYPE country AS ENUM ('United Kingdom', 'France');"
    "COPY (SELECT InvoiceNo::INTEGER AS InvoiceNo, StockCode, Description, Quantity::TINYINT AS Quantity, "
    "InvoiceDate::TIMESTAMPTZ AS InvoiceDate, UnitPrice::DECIMAL(18, 3) AS UnitPrice, "
    "CustomerID::UINTEGER AS CustomerID, Country::country AS Country FROM frame) "
    f"TO '{path('duckdb_types')}' (FORMAT parquet)"
)
