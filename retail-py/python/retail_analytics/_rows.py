"""Rows to predict, in the forms that the core takes.

NumPy is imported when an array comes: it takes three times as long as all of this package.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def prepared(rows: Any) -> Any:
    """An array of float64, a table, or dicts."""
    if isinstance(rows, Mapping):
        return _columns(rows)
    if hasattr(rows, "__arrow_c_stream__"):
        return table(rows)
    if isinstance(rows, (list, tuple)) and rows and isinstance(rows[0], Mapping):
        # The core names what is none.
        return [dict(row) if isinstance(row, Mapping) else row for row in rows]
    return matrix(rows)


def matrix(rows: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A two-dimensional array of float64; no copy if it is one."""
    import numpy as np

    array = np.asarray(rows)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"rows: expected an array of numbers, got one of {array.dtype}")
    if array.ndim != 2:
        raise ValueError(
            f"rows: expected an array of shape (n_samples, n_features), got {array.shape}"
        )
    return array.astype(np.float64, copy=False)


def table(rows: Any) -> Any:
    """A table; as dicts, if its library cannot hand it over in Arrow's form here."""
    try:
        rows.__arrow_c_stream__
        if type(rows).__module__.partition(".")[0] == "pandas":
            import pyarrow  # noqa: F401  pandas needs it to hand a table over
    except ImportError:
        return rows.to_dict("records")
    return rows


def _columns(rows: Mapping[Any, Any]) -> Any:
    """A row, or rows if the values are columns."""
    lengths = {
        key: len(value)
        for key, value in rows.items()
        if hasattr(value, "__len__") and not isinstance(value, (str, bytes))
    }
    if not lengths:
        return dict(rows)
    if len(lengths) < len(rows) or len(set(lengths.values())) > 1:
        raise ValueError(f"rows: expected columns of one length, got {lengths}")
    import numpy as np

    lists = {key: np.asarray(value).tolist() for key, value in rows.items()}
    return [dict(zip(lists, values)) for values in zip(*lists.values())]
