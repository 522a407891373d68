"""What a partition answers in a round: the sum over its rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import _core
from ._columns import ROWS, matrix, pieces, values, whole_numbers
from ._specs import ForestSpec, LinearSpec, Spec

__all__ = ["LEVEL", "Rows", "read", "summed"]

#: States and sums are text with many zeros, of which fast compression leaves a fraction.
LEVEL = 1


@dataclass(frozen=True)
class Rows:
    """Some rows: features ``(n_rows, n_features)``, column by column in memory, and a label for each row."""

    x: Any
    y: Any
    weights: Any = None
    numbers: Any = None


def summed(spec: Spec, state: bytes, rows: Iterable[Rows]) -> bytes | None:
    """The sum over all rows; ``None`` if there are none."""
    rounds = _core.Rounds(spec.to_json())
    return rounds.merge(rounds.answer(state, r.x, r.y, r.numbers, r.weights) for r in rows)


def read(spec: Spec, batches: Iterable[Any], least: int = ROWS) -> Iterator[Rows]:
    """The rows of the batches of a partition, so many at a time or more.

    Those that no model can learn from are a ``ValueError``.
    """
    for piece in pieces(batches, least):
        yield _rows(spec, piece)


def _rows(spec: Spec, piece: list[Any]) -> Rows:
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
    if spec.row_number is not None:
        numbers = whole_numbers(piece, at + 1, spec.row_number)
    return Rows(x, y, weights, numbers)


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
