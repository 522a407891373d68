"""The format ``retail_model``: DataFrames and streams are written into a model."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyspark import TaskContext
from pyspark.errors import PySparkTypeError
from pyspark.sql.datasource import (
    DataSource,
    DataSourceArrowWriter,
    DataSourceStreamArrowWriter,
    WriterCommitMessage,
)
from pyspark.sql.pandas.types import from_arrow_type
from pyspark.sql.types import StructType

from .. import _core
from ._artefact import Sum
from ._columns import Column, doubles, place
from ._learn import merged, write, write_micro_batch
from ._options import destination, specification
from ._sums import LEVEL, read, summed

__all__ = ["RetailModelSource"]

#: Where Spark tells tasks which query they work for. It is the same after a restart from the checkpoint.
_QUERY = "sql.streaming.queryId"


class RetailModelSource(DataSource):
    """``df.write.format("retail_model")`` and ``df.writeStream.format("retail_model")``.

    Register it with :func:`retail_analytics.spark.register`.
    """

    @classmethod
    def name(cls) -> str:
        """The name of the format."""
        return "retail_model"

    def writer(self, schema: Any, overwrite: bool) -> _Writer:
        """Learns from a DataFrame, anew with mode ``overwrite`` and besides the rows before with ``append``."""
        return _Writer(_Plan(self.options, schema, overwrite))

    def streamWriter(self, schema: Any, overwrite: bool) -> _StreamWriter:  # noqa: N802 - Spark's name
        """Learns from a stream: anew with each micro-batch in the output mode ``complete``."""
        return _StreamWriter(_Plan(self.options, schema, overwrite))


@dataclass(frozen=True)
class _Message(WriterCommitMessage):
    """What a task found: a sum over its rows, compressed, or what is wrong with them."""

    rows: int = 0
    partial: bytes | None = None
    refusal: str | None = None
    query: str | None = None


class _Plan:
    """What both writers do. It is made by the driver, which so finds mistakes before any task runs."""

    def __init__(self, options: Any, schema: Any, anew: bool) -> None:
        self.spec = specification(options)
        self.path = destination(options)
        self.anew = anew
        fields = _fields(schema)
        names = [*self.spec.features, self.spec.label]
        if self.spec.weight is not None:
            names.append(self.spec.weight)
        self.places = [place(fields, Column(name)) for name in names]

    def message(self, batches: Iterator[Any]) -> _Message:
        """What the rows of a task add up to."""
        task = TaskContext.get()
        query = None if task is None else task.getLocalProperty(_QUERY)
        rounds = _core.Rounds(self.spec.to_json())
        counts: list[int] = []
        rows = read(self.spec, self._counted(batches, counts))
        try:
            partial = summed(self.spec, rounds.begin(), rows)
        except ValueError as error:
            return _Message(refusal=str(error), query=query)
        packed = None if partial is None else zlib.compress(partial, LEVEL)
        return _Message(sum(counts), packed, query=query)

    def _counted(self, batches: Iterator[Any], counts: list[int]) -> Iterator[Any]:
        """Batches as they are summed, and how many of their rows count."""
        for batch in batches:
            batch = doubles(batch, self.places)
            if self.spec.weight is None:
                counts.append(batch.num_rows)
            else:
                weights = batch.column(len(self.places) - 1).to_numpy(zero_copy_only=False)
                counts.append(int(np.count_nonzero(weights)))
            yield batch

    def total(self, messages: list[_Message]) -> Sum:
        """The sum over the rows of all tasks."""
        # The same one whichever task is first.
        refusals = sorted(message.refusal for message in messages if message.refusal is not None)
        if refusals:
            raise ValueError(refusals[0])
        return merged(self.spec, *map(_sum, messages))


def _fields(schema: Any) -> list[tuple[str, str]]:
    """Names and types of columns. Sail hands over a schema of Arrow in the place of Spark's."""
    if isinstance(schema, StructType):
        return [(field.name, field.dataType.simpleString()) for field in schema.fields]
    return [(field.name, _type(field.type)) for field in schema]


def _type(kind: Any) -> str:
    try:
        return str(from_arrow_type(kind).simpleString())
    except PySparkTypeError:
        return str(kind)


def _sum(message: _Message) -> Sum:
    packed = message.partial
    return Sum(message.rows, None if packed is None else zlib.decompress(packed))


def _complete(messages: list[Any]) -> list[_Message]:
    """The messages of all tasks."""
    if any(message is None for message in messages):
        raise ValueError("expected the sums of all tasks, got none from some; write again")
    return messages


class _Writer(DataSourceArrowWriter):
    """Nothing is written before all tasks are done, so that there is nothing to take back."""

    def __init__(self, plan: _Plan) -> None:
        self.plan = plan

    def write(self, iterator: Iterator[Any]) -> _Message:
        return self.plan.message(iterator)

    def commit(self, messages: list[Any]) -> None:
        plan = self.plan
        write(plan.path, plan.spec, plan.total(_complete(messages)), anew=plan.anew)


class _StreamWriter(DataSourceStreamArrowWriter):
    """Each micro-batch counts once, however often it is committed."""

    def __init__(self, plan: _Plan) -> None:
        self.plan = plan

    def write(self, iterator: Iterator[Any]) -> _Message:
        return self.plan.message(iterator)

    def commit(self, messages: list[Any], batchId: int) -> None:  # noqa: N803 - Spark's name
        plan, complete = self.plan, _complete(messages)
        queries = {message.query for message in complete}
        query = queries.pop() if len(queries) == 1 else None
        if query is None:
            raise ValueError(f"expected tasks that know their query by {_QUERY}, got none; this needs Spark")
        total = plan.total(complete)
        write_micro_batch(
            plan.path, plan.spec, total, query=query, batch=batchId, anew=plan.anew
        )
