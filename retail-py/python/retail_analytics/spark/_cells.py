"""Rows packed into cells of bytes: Spark hands over a cell of thousands of rows as fast as a single row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ._columns import ROWS
from ._specs import Spec
from ._sums import Rows, read

__all__ = ["packed", "unpacked"]

#: The fewest rows of a cell, if there are as many. A cell is no larger than a batch that Spark sends, so that
#: a worker reads as it writes: of one that writes much at once, neither side may hear the other any more.
_LEAST = 1 << 12

#: What numbers are kept as. Whole ones take the first that holds them all.
_KINDS = {ord(code): np.dtype(kind) for code, kind in zip("1248d", ["i1", "i2", "i4", "i8", "f8"], strict=True)}
_CODES = {kind: code for code, kind in _KINDS.items()}


def packed(rows: Any, spec: Spec) -> Any:
    """A DataFrame of cells. The last one of a partition may say what is wrong with its next rows."""
    return rows.mapInArrow(_packer(spec), "rows binary, refusal string")


def _packer(spec: Spec) -> Callable[[Iterator[Any]], Iterator[Any]]:
    def pack(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow

        def line(cell: bytes | None, refusal: str | None) -> Any:
            kinds = [pyarrow.binary(), pyarrow.string()]
            columns = [pyarrow.array([x], kind) for x, kind in zip([cell, refusal], kinds, strict=True)]
            return pyarrow.RecordBatch.from_arrays(columns, ["rows", "refusal"])

        try:
            for rows in read(spec, batches, _LEAST):
                yield line(_cell(rows), None)
        except ValueError as error:
            yield line(None, str(error))

    return pack


def unpacked(spec: Spec, batches: Iterator[Any]) -> Iterator[Rows]:
    """The rows of the cells of a partition, those of many cells at a time."""
    piece: list[list[Any]] = []
    n_rows = 0
    for batch in batches:
        cells, refusals = batch.columns
        for cell, refusal in zip(cells, refusals, strict=True):
            if refusal.is_valid:
                raise ValueError(refusal.as_py())
            columns = _columns(spec, cell.as_buffer())
            piece.append(columns)
            n_rows += len(columns[0])
            if n_rows >= ROWS:
                yield _rows(spec, piece, n_rows)
                piece, n_rows = [], 0
    if piece:
        yield _rows(spec, piece, n_rows)


def _cell(rows: Rows) -> bytes:
    """A letter for each column, which says what its numbers are kept as, and then the columns."""
    numbers = None if rows.numbers is None else rows.numbers.astype(np.int64)
    columns = [*rows.x.T, rows.y, rows.weights, numbers]
    narrow = [_narrowed(column) for column in columns if column is not None]
    return bytes(_CODES[column.dtype] for column in narrow) + b"".join(column.tobytes() for column in narrow)


def _narrowed(column: Any) -> Any:
    """The same numbers, to the bit, of the type that takes the least room."""
    bits = column.view(np.int64)
    with np.errstate(invalid="ignore"):
        for kind in _KINDS.values():
            narrow = column.astype(kind)
            if np.array_equal(narrow.astype(column.dtype).view(np.int64), bits):
                return narrow
    return column


def _columns(spec: Spec, cell: Any) -> list[Any]:
    """The columns of a cell, where they are in memory."""
    n_columns = len(spec.features) + 1 + (spec.weight is not None) + (spec.row_number is not None)
    kinds = [_KINDS[code] for code in cell[:n_columns].to_pybytes()]
    n_rows = (len(cell) - n_columns) // sum(kind.itemsize for kind in kinds)
    columns, at = [], n_columns
    for kind in kinds:
        columns.append(np.frombuffer(cell, kind, n_rows, at))
        at += n_rows * kind.itemsize
    return columns


def _rows(spec: Spec, piece: list[list[Any]], n_rows: int) -> Rows:
    """The rows of some cells, together."""
    x = np.empty((n_rows, len(spec.features)), order="F")
    begin = 0
    for columns in piece:
        end = begin + len(columns[0])
        for at in range(len(spec.features)):
            x[begin:end, at] = columns[at]
        begin = end
    y, *more = zip(*(columns[len(spec.features) :] for columns in piece), strict=True)
    return Rows(
        x,
        np.concatenate(y, dtype=np.float64),
        None if spec.weight is None else np.concatenate(more.pop(0), dtype=np.float64),
        None if spec.row_number is None else _as_numbers(more.pop(0)),
    )


def _as_numbers(parts: Any) -> Any:
    return np.concatenate(parts, dtype=np.int64).view(np.uint64)
