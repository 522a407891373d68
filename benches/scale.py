"""Repeats a retail CSV until it has as many rows as asked for.

    python benches/scale.py INPUT.csv OUTPUT.csv ROWS

Repeat k is shifted in time by k times the days that the input spans, so that time goes on; its
invoices get other numbers, and its customers others too, out of 90,000. Quantities, prices, stock
codes and texts repeat: a column of the result has no more distinct quantities and prices than the
input. Every field keeps its width. The result depends on nothing but the arguments.

Rows that do not look like the Online Retail II export are repeated as they are. NumPy is needed.
"""

import re
import sys
from pathlib import Path

import numpy as np

# The end of a row: a date and a time, a price, a customer or none, a country without a comma.
DATE_AND_CUSTOMER = re.compile(
    rb",(\d{4}-\d\d-\d\d) \d\d:\d\d:\d\d,[^,\n]*,(\d{5})?(?:\.0)?,[^,\n]*\n"
)
INVOICE = re.compile(rb"^[A-Za-z]?(\d{6}),", re.MULTILINE)
CUSTOMERS = (10_000, 90_000, 7_919)  # smallest, how many, step of a repeat
INVOICES = (100_000, 900_000, 30_011)


class Column:
    """The bytes of one fixed-width field wherever it occurs."""

    def __init__(self, spans, rows, width):
        self.starts = np.array([start for start, _ in spans], dtype=np.int64)
        self.places = self.starts[:, None] + np.arange(width)
        values = rows[self.places].view(f"S{width}").ravel()
        self.distinct, self.which = np.unique(values, return_inverse=True)
        self.width = width

    def write(self, rows, distinct):
        table = distinct.astype(f"S{self.width}").view(np.uint8).reshape(-1, self.width)
        rows[self.places] = table[self.which]


def turned(distinct, repeat, low, count, step):
    """Numbers moved on within `low..low + count`, as texts."""
    numbers = distinct.astype(np.int64) if len(distinct) else np.empty(0, np.int64)
    return ((numbers - low + repeat * step) % count + low).astype(str)


def scale(source, target, wanted):
    text = Path(source).read_bytes()
    if not text.endswith(b"\n"):
        text += b"\n"
    header, body = text[: text.index(b"\n") + 1], text[text.index(b"\n") + 1 :]
    rows = np.frombuffer(body, dtype=np.uint8).copy()
    ends = np.flatnonzero(rows == ord("\n")) + 1
    if not len(ends):
        sys.exit(f"{source}: no rows")

    tails = list(DATE_AND_CUSTOMER.finditer(body))
    dates = Column([match.span(1) for match in tails], rows, 10)
    customers = Column([match.span(2) for match in tails if match[2]], rows, 5)
    invoices = Column([match.span(1) for match in INVOICE.finditer(body)], rows, 6)
    days = dates.distinct.astype(str).astype("datetime64[D]")
    span = int((days.max() - days.min()).astype(int)) + 1 if len(days) else 0

    written = 0
    with open(target, "wb") as out:
        out.write(header)
        for repeat in range(-(-wanted // len(ends))):
            dates.write(rows, np.datetime_as_string(days + repeat * span))
            customers.write(rows, turned(customers.distinct, repeat, *CUSTOMERS))
            invoices.write(rows, turned(invoices.distinct, repeat, *INVOICES))
            here = min(wanted - written, len(ends))
            out.write(rows[: ends[here - 1]].data)
            written += here


if __name__ == "__main__":
    if len(sys.argv) != 4 or not re.fullmatch("[1-9][0-9]*", sys.argv[3]):
        sys.exit("usage: scale.py INPUT.csv OUTPUT.csv ROWS")
    scale(sys.argv[1], sys.argv[2], int(sys.argv[3]))
