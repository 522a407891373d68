"""What JSON Schema cannot say of a sale: its fields have to agree with each other."""

import re
from typing import Any

import schemathesis

DATE = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d")
PRODUCTS = ["total_amount", "quantity_times_price"]


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Makes valid rows agree with themselves. Invalid ones stay as they are."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    for row in case.body if isinstance(case.body, list) else [case.body]:
        if isinstance(row, dict):
            agree(row)


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    """Keys of a query that are not known are passed over, which no parameter can say."""
    return not any(key.startswith("x-schemathesis-unknown") for key in case.query or {})


def agree(row: dict[str, Any]) -> None:
    quantity, price = row.get("quantity"), row.get("price")
    for product in PRODUCTS:
        if row.get(product) is not None and is_number(quantity) and is_number(price):
            row[product] = quantity * price
    date = row.get("invoice_date")
    if isinstance(date, str) and DATE.fullmatch(date):
        for part in ["month", "day", "hour"]:
            row.pop(part, None)
    elif is_number(date):
        # Seconds or milliseconds since 1970.
        row.pop("invoice_date")


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
