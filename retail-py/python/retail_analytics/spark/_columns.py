"""Columns of a DataFrame, and the arrays that they are in the partitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["ROWS", "Column", "doubles", "matrix", "pieces", "place", "selected", "values", "whole_numbers"]

#: How many rows of a partition are put together: the work for them is large beside the state of a round.
ROWS = 1 << 17

_WHOLE = ("tinyint", "smallint", "int", "bigint")
_NUMBERS = (*_WHOLE, "float", "double", "boolean")


@dataclass(frozen=True)
class Column:
    """A column, and whether it holds whole numbers or any."""

    name: str
    is_whole: bool = False


def selected(df: Any, columns: list[Column], *, keep: bool = False) -> Any:
    """The columns of a DataFrame as numbers of one type, behind all that it has if that is to be kept.

    No column has its name any more: PySpark does not map rows of which a name has a dot.
    """
    found = []
    for at, column in enumerate(columns):
        kind = "BIGINT" if column.is_whole else "DOUBLE"
        found.append(f"CAST(column_{place(df.dtypes, column)} AS {kind}) AS number_{at}")
    names = [f"column_{at}" for at in range(len(df.columns))]
    return df.toDF(*names).selectExpr(*(["*"] if keep else []), *found)


def place(fields: list[tuple[str, str]], column: Column) -> int:
    """Where a column is, once it is known that it holds such numbers and is the only one of its name.

    ``fields`` are names and types as a DataFrame has them in ``dtypes``.
    """
    names = [name for name, _ in fields]
    places = [at for at, name in enumerate(names) if name == column.name]
    if not places:
        raise ValueError(f"column {column.name!r}: there is none; there are {names}")
    if len(places) > 1:
        raise ValueError(f"column {column.name!r}: there are {len(places)}; rename all but one")
    got = fields[places[0]][1]
    is_number = got in _NUMBERS or got.startswith("decimal(")
    if column.is_whole and got not in _WHOLE:
        raise ValueError(f"column {column.name!r}: expected whole numbers, got {got}")
    if not is_number:
        raise ValueError(f"column {column.name!r}: expected numbers, got {got}")
    return places[0]


def doubles(batch: Any, places: list[int]) -> Any:
    """Columns of a batch as :func:`selected` would have made them, where Spark cannot be asked to."""
    import pyarrow

    columns = []
    for at in places:
        column = batch.column(at)
        if pyarrow.types.is_decimal(column.type):
            # By way of a text: the nearest double, as Spark's cast gives, and not one beside it.
            column = column.cast(pyarrow.string())
        columns.append(column.cast(pyarrow.float64(), safe=False))
    return pyarrow.RecordBatch.from_arrays(columns, [f"number_{at}" for at in range(len(places))])


def pieces(batches: Iterable[Any], least: int = ROWS) -> Iterator[list[Any]]:
    """Batches of a partition, put together until a piece has so many rows or more."""
    piece: list[Any] = []
    rows = 0
    for batch in batches:
        if batch.num_rows == 0:
            continue
        piece.append(batch)
        rows += batch.num_rows
        if rows >= least:
            yield piece
            piece, rows = [], 0
    if piece:
        yield piece


def values(batches: list[Any], at: int, name: str) -> Any:
    """A column of batches as one array of numbers."""
    found = np.concatenate([_array(batch, at, name) for batch in batches])
    if not np.isfinite(found).all():
        raise ValueError(
            f"column {name!r}: expected finite numbers, got NaN or an infinite one; "
            "leave out such rows, or fill them in"
        )
    return found


def whole_numbers(batches: list[Any], at: int, name: str) -> Any:
    """A column of batches as one array of whole numbers from 0 on."""
    found = np.concatenate([_array(batch, at, name) for batch in batches])
    if found.min() < 0:
        raise ValueError(f"column {name!r}: expected numbers from 0 on, got {found.min()}")
    return found.astype(np.uint64)


def matrix(batches: list[Any], names: list[str]) -> Any:
    """The first columns of batches, column by column in memory."""
    rows = sum(batch.num_rows for batch in batches)
    found = np.empty((rows, len(names)), order="F")
    for at, name in enumerate(names):
        found[:, at] = values(batches, at, name)
    return found


def _array(batch: Any, at: int, name: str) -> Any:
    column = batch.column(at)
    if column.null_count:
        raise ValueError(
            f"column {name!r}: expected numbers, got null; leave out such rows, or fill them in"
        )
    return column.to_numpy(zero_copy_only=False)
