"""Compares batches in Parquet with the same ones in CSV, as DuckDB and polars read them.

    read.py CSV_FOLDER PARQUET_FOLDER ROWS
"""

import math
import pathlib
import sys

import duckdb
import polars as pl

csv, parquet = (pathlib.Path(folder) for folder in sys.argv[1:3])
rows = int(sys.argv[3])


def files(folder, end):
    """The batch files of a folder, in order."""
    paths = sorted(folder.glob(f"*.{end}"), key=lambda path: int(path.stem.removeprefix("batch_")))
    return [str(path) for path in paths]


def check(what, got, expected):
    if got != expected:
        sys.exit(f"{what}: expected {expected}, got {got}")


TYPES = {
    "invoice": (pl.String, "VARCHAR"),
    "stock_code": (pl.String, "VARCHAR"),
    "description": (pl.String, "VARCHAR"),
    "quantity": (pl.Int64, "BIGINT"),
    "invoice_date": (pl.Datetime("us"), "TIMESTAMP"),
    "price": (pl.Float64, "DOUBLE"),
    "customer_id": (pl.UInt64, "UBIGINT"),
    "country": (pl.String, "VARCHAR"),
    "timestamp": (pl.Datetime("us"), "TIMESTAMP"),
}
in_csv, in_parquet = files(csv, "csv"), files(parquet, "parquet")
check("files", len(in_parquet), len(in_csv))
check("other files", sorted(path.suffix for path in parquet.iterdir() if path.suffix != ".parquet"), [".jsonl"])

# polars: the same frame, in the same order.
texts = pl.read_csv(in_csv, infer_schema=False, empty_string_is_null=False)
expected = texts.with_columns(
    pl.col("invoice_date").str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us"),
    pl.col("timestamp").str.to_datetime("%Y-%m-%dT%H:%M:%S%.6f", time_unit="us"),
    pl.col("quantity").cast(pl.Int64),
    pl.col("price").cast(pl.Float64),
    pl.col("customer_id").cast(pl.UInt64),
)
got = pl.read_parquet(in_parquet)
check("schema in polars", dict(got.schema), {name: types[0] for name, types in TYPES.items()})
check("rows in polars", got.height, rows)
check("missing values", got.null_count().row(0), (0,) * len(TYPES))
for name in TYPES:
    check(f"first and last {name}", got[name][[0, -1]].to_list(), expected[name][[0, -1]].to_list())
check("quantity", got["quantity"].sum(), expected["quantity"].sum())
check("price", math.fsum(got["price"]), math.fsum(expected["price"]))
if not got.equals(expected):
    sys.exit("polars: other rows")

# DuckDB: the same sums, and the same rows.
duckdb.execute(f"CREATE VIEW batches AS FROM read_parquet({in_parquet})")
types = dict(duckdb.execute("SELECT column_name, column_type FROM (DESCRIBE batches)").fetchall())
check("schema in DuckDB", types, {name: types[1] for name, types in TYPES.items()})
(optional,) = duckdb.execute(
    f"SELECT list(name) FROM parquet_schema('{in_parquet[0]}') WHERE repetition_type = 'OPTIONAL'"
).fetchone()
check("columns with missing values", optional, ["customer_id"])
SUMS = (
    "SELECT count(*), sum(quantity), sum(round(price * 1000)::BIGINT), count(customer_id), "
    "min(invoice_date), max(invoice_date), min(timestamp), max(timestamp) FROM "
)
got, want = (duckdb.execute(SUMS + table).fetchone() for table in ("batches", "expected"))
check("sums in DuckDB", got, want)
for one, other in [("batches", "expected"), ("expected", "batches")]:
    (left,) = duckdb.execute(
        f"SELECT count(*) FROM (FROM {one} EXCEPT ALL FROM {other})"
    ).fetchone()
    check(f"rows of {one} that {other} are without", left, 0)
print(f"{rows} rows in {len(in_parquet)} files are the same")
