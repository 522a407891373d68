"""Training in rounds: a state goes out to the partitions, and a sum comes back from each."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .. import _core
from ._cells import packed, unpacked
from ._columns import Column, selected
from ._model import SparkModel
from ._specs import LinearSpec, Spec
from ._sums import LEVEL, read, summed

__all__ = ["fit"]


def fit(df: Any, spec: Spec) -> SparkModel:
    """Learns from the rows of a DataFrame.

    A linear model takes one pass over the rows, a logistic one a pass for each Newton step, and a forest one
    for each level of its trees. For those, the executors keep the columns needed for as long as it takes,
    packed, in at most eight bytes a row and column. Rows that an executor has lost are read from the
    DataFrame again, and must be the same then: cache it yourself if it draws random numbers.

    What is wrong with the rows is a ``ValueError``.
    """
    rounds = _core.Rounds(spec.to_json())
    columns = [Column(name) for name in [*spec.features, spec.label]]
    if spec.weight is not None:
        columns.append(Column(spec.weight))
    if spec.row_number is not None:
        columns.append(Column(spec.row_number, is_whole=True))
    with _kept(selected(df, columns), spec) as source:
        state = rounds.begin()
        while True:
            partials = _ask(source, spec, state)
            total = rounds.merge(zlib.decompress(partial) for partial in partials)
            following, fitted = rounds.step(state, total)
            if fitted is not None:
                return SparkModel(spec, fitted)
            if following is not None:
                state = following


@dataclass(frozen=True)
class _Source:
    """What the rounds read: rows, or cells of them."""

    frame: Any
    read: Callable[[Spec, Iterator[Any]], Iterator[Any]]


@contextmanager
def _kept(rows: Any, spec: Spec) -> Iterator[_Source]:
    """Keeps rows over several rounds, where the session can."""
    plain = _Source(rows, read)
    if isinstance(spec, LinearSpec):
        yield plain
        return
    try:
        cells = packed(rows, spec).persist()
    except Exception:  # noqa: BLE001 - each kind of session says no in its own way
        yield plain
        return
    try:
        yield _Source(cells, unpacked)
    finally:
        cells.unpersist()


def _ask(source: _Source, spec: Spec, state: bytes) -> list[bytes]:
    """A sum from each partition that has rows, compressed."""
    answerer = _answerer(source, spec, state)
    answers = source.frame.mapInArrow(answerer, "partial binary, refusal string").collect()
    # The same one whichever partition is first.
    refusals = sorted(answer["refusal"] for answer in answers if answer["refusal"] is not None)
    if refusals:
        raise ValueError(refusals[0])
    return [answer["partial"] for answer in answers]


def _answerer(
    source: _Source, spec: Spec, state: bytes
) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """What a partition does in a round. It is sent to the executors, with the state."""
    sent, read = zlib.compress(state, LEVEL), source.read

    def answer(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow

        partial, refusal = None, None
        try:
            partial = summed(spec, zlib.decompress(sent), read(spec, batches))
        except ValueError as error:
            refusal = str(error)
        if partial is not None or refusal is not None:
            packed_partial = None if partial is None else zlib.compress(partial, LEVEL)
            yield pyarrow.RecordBatch.from_arrays(
                [
                    pyarrow.array([packed_partial], pyarrow.binary()),
                    pyarrow.array([refusal], pyarrow.string()),
                ],
                ["partial", "refusal"],
            )

    return answer
