"""Predicting the rows of a DataFrame."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import _core
from ._columns import Column, matrix, selected
from ._model import SparkModel

__all__ = ["predict"]


def predict(
    df: Any, model: SparkModel, output: str = "prediction", *, probabilities: str | None = None
) -> Any:
    """The DataFrame with one more column, of the name ``output``.

    It holds a ``double`` of a linear model, and of the others an ``int``, the most probable class.
    ``probabilities`` names another column, of an array of the probabilities of all classes.

    Nothing is computed before the rows are asked for. A feature that is null or not finite then is an error
    of Spark, with the name of the column.
    """
    from pyspark.sql.types import ArrayType, DoubleType, IntegerType

    names, fitted = list(model.spec.features), model.fitted
    is_linear = isinstance(fitted, _core.LinearFit)
    if is_linear and probabilities is not None:
        raise ValueError("probabilities: a linear model has none; leave it out")
    wanted = [output] if probabilities is None else [output, probabilities]
    for at, name in enumerate(wanted):
        if name in [*df.columns, *wanted[:at]]:
            raise ValueError(f"column {name!r}: there is one already; choose another name")
    rows = selected(df, [Column(name) for name in names], keep=True)
    fields, n_kept = [*df.columns, *wanted], len(df.columns)
    schema = copy.deepcopy(df.schema).add(output, DoubleType() if is_linear else IntegerType())
    if probabilities is not None:
        schema = schema.add(probabilities, ArrayType(DoubleType()))

    def predicted(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow

        for batch in batches:
            kept = [batch.column(at) for at in range(n_kept)]
            features = batch.select(list(range(n_kept, n_kept + len(names))))
            columns = kept + _columns(fitted, matrix([features], names), probabilities is not None)
            yield pyarrow.RecordBatch.from_arrays(columns, fields)

    return rows.mapInArrow(predicted, schema)


def _columns(fitted: Any, x: Any, with_probabilities: bool) -> list[Any]:
    """The columns that are added to rows."""
    import pyarrow

    if isinstance(fitted, _core.LinearFit):
        return [pyarrow.array(fitted.predict(x))]
    shares = np.ascontiguousarray(fitted.predict_proba(x))
    columns = [pyarrow.array(np.argmax(shares, axis=1).astype(np.int32))]
    if with_probabilities:
        flat = pyarrow.array(shares.ravel())
        ends = np.arange(0, shares.size + 1, shares.shape[1], dtype=np.int32)
        columns.append(pyarrow.ListArray.from_arrays(ends, flat))
    return columns
