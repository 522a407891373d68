"""The work of `engine --once` with pandas and scikit-learn, the usual fast way.

    python benches/peers/pandas_sklearn.py INPUT.csv OUTPUT_FOLDER

Typed reading of the five columns that are used. A row with too many columns or a field that is no
number stops this program. The engine counts it and goes on. So those two reasons are 0 here.
"""

import os
import time

STARTED = time.perf_counter()
# Two models are fitted at a time already: more threads would wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from nine_models import Kept, run

REASONS = [
    "cancelled",
    "adjustment",
    "missing_customer",
    "non_positive_quantity",
    "non_positive_price",
]


def read_clean(path):
    frame = pd.read_csv(
        path,
        usecols=["Invoice", "Quantity", "InvoiceDate", "Price", "Customer ID"],
        # Text functions on a category look at each invoice number once, not at each row.
        dtype={
            "Invoice": "category",
            "Quantity": "int64",
            "Price": "float64",
            "Customer ID": "float64",
        },
        parse_dates=["InvoiceDate"],
        date_format="ISO8601",
    )
    invoice, customer = frame["Invoice"], frame["Customer ID"]
    first_that_applies = np.select(
        [
            invoice.str.startswith(("C", "c")),
            invoice.str.startswith(("A", "a")),
            customer.isna(),
            frame["Quantity"] <= 0,
            ~(frame["Price"] > 0),
        ],
        range(len(REASONS)),
        default=len(REASONS),
    )
    counts = np.bincount(first_that_applies, minlength=len(REASONS) + 1)
    record = np.flatnonzero(first_that_applies == len(REASONS))
    clean = frame.iloc[record]
    date = clean["InvoiceDate"].dt
    kept = Kept(
        record,
        clean["Quantity"].to_numpy(),
        clean["Price"].to_numpy(),
        clean["Customer ID"].to_numpy().astype(np.int64),
        date.month.to_numpy(),
        date.day.to_numpy(),
        date.hour.to_numpy(),
    )
    return len(frame), dict(zip(REASONS, counts.tolist())), kept


if __name__ == "__main__":
    run(read_clean, STARTED)
