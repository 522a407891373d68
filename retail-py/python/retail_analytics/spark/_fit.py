"""Training in rounds: a state goes out to the partitions, and a sum comes back from each."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import _core
from ._columns import Column, matrix, pieces, selected, values, whole_numbers
from ._model import SparkModel
from ._specs import ForestSpec, LinearSpec, Spec

__all__ = ["LEVEL", "fit", "summed"]

#: States and sums are text with many zeros, of which fast compression leaves a fraction.
LEVEL = 1


def fit(df: Any, spec: Spec) -> SparkModel:
    """Learns from the rows of a DataFrame.

    A linear model takes one pass over the rows, a logistic one a pass for each Newton step, and a forest one
    for each level of its trees; for those, the columns needed are cached for as long as it takes. The
    DataFrame must hold the same rows in every pass: cache it yourself if it draws random numbers.

    What is wrong with the rows is a ``ValueError``.
    """
    rounds = _core.Rounds(spec.to_json())
    columns = [Column(name) for name in [*spec.features, spec.label]]
    if spec.weight is not None:
        columns.append(Column(spec.weight))
    if isinstance(spec, ForestSpec) and spec.row_number is not None:
        columns.append(Column(spec.row_number, is_whole=True))
    with _cached(selected(df, columns), once=isinstance(spec, LinearSpec)) as rows:
        state = rounds.begin()
        while True:
            partials = _ask(rows, spec, state)
            total = rounds.merge(zlib.decompress(partial) for partial in partials)
            following, fitted = rounds.step(state, total)
            if fitted is not None:
                return SparkModel(spec, fitted)
            if following is not None:
                state = following


@contextmanager
def _cached(rows: Any, *, once: bool) -> Iterator[Any]:
    """Keeps rows over several rounds, where the session can."""
    if once:
        yield rows
        return
    try:
        kept = rows.persist()
    except Exception:  # noqa: BLE001 - each kind of session says no in its own way
        yield rows
        return
    try:
        yield kept
    finally:
        kept.unpersist()


def _ask(rows: Any, spec: Spec, state: bytes) -> list[bytes]:
    """A sum from each partition that has rows, compressed."""
    answers = rows.mapInArrow(_answerer(spec, state), "partial binary, refusal string").collect()
    # The same one whichever partition is first.
    refusals = sorted(answer["refusal"] for answer in answers if answer["refusal"] is not None)
    if refusals:
        raise ValueError(refusals[0])
    return [answer["partial"] for answer in answers]


def _answerer(spec: Spec, state: bytes) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """What a partition does in a round. It is sent to the executors, with the state."""
    packed = zlib.compress(state, LEVEL)

    def answer(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow

        partial, refusal = None, None
        try:
            partial = summed(spec, zlib.decompress(packed), batches)
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


def summed(spec: Spec, state: bytes, batches: Iterator[Any]) -> bytes | None:
    """The sum over the rows of a partition; ``None`` if it has none."""
    rounds = _core.Rounds(spec.to_json())
    return rounds.merge(rounds.answer(state, *_rows(spec, piece)) for piece in pieces(batches))


def _rows(spec: Spec, piece: list[Any]) -> tuple[Any, Any, Any, Any]:
    """Features, labels, numbers and weights of some rows."""
    names = list(spec.features)
    at = len(names)
    x, y = matrix(piece, names), values(piece, at, spec.label)
    _check_classes(spec, y)
    numbers = weights = None
    if spec.weight is not None:
        weights = values(piece, at + 1, spec.weight)
        if weights.min() < 0:
            raise ValueError(
                f"column {spec.weight!r}: expected weights from 0 on, got {weights.min()}"
            )
    if isinstance(spec, ForestSpec) and spec.row_number is not None:
        numbers = whole_numbers(piece, at + 1, spec.row_number)
    return x, y, numbers, weights


def _check_classes(spec: Spec, y: Any) -> None:
    """Names the label and the value that is no class of it."""
    if isinstance(spec, LinearSpec):
        return
    n_classes = spec.n_classes if isinstance(spec, ForestSpec) else 2
    strange = y[(y < 0) | (y >= n_classes) | (y != np.floor(y))]
    if strange.size:
        raise ValueError(
            f"column {spec.label!r}: expected classes from 0 to {n_classes - 1}, got {strange.min()}"
        )
