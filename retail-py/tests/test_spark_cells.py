"""Rows that are packed for the rounds of a fit. No Spark is needed to pack and unpack them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from retail_analytics.spark import ForestSpec, LogisticSpec
from retail_analytics.spark._cells import _packer, unpacked
from retail_analytics.spark._sums import read

NUMBERED = ForestSpec(features=["quantity", "price"], label="kind", n_classes=3, row_number="n")
WEIGHTED = LogisticSpec(features=["quantity", "price"], label="is_late", weight="weight")
PLAIN = LogisticSpec(features=["quantity", "price"], label="is_late")
#: More than one piece of rows, and the last batches are small.
SIZES = [10_000] * 14 + [1, 4_095, 7]


def batches(spec: Any) -> list[Any]:
    """Rows as Spark hands them over: in batches, of numbers whose bits are easily lost."""
    draw = np.random.default_rng(5)
    n = sum(SIZES)
    quantity = np.where(draw.random(n) < 0.1, -0.0, draw.integers(-300, 300, n))
    quantity[12_345] = 2.0**60
    columns = [quantity, draw.random(n), draw.integers(0, 2, n).astype(float)]
    if spec.weight is not None:
        columns.append(np.where(draw.random(n) < 0.5, 3.0, 0.1))
    if spec.row_number is not None:
        columns.append(draw.integers(2**53, 2**63 - 1, n))
    names = [f"number_{at}" for at in range(len(columns))]
    ends = np.cumsum(SIZES)
    return [
        pa.RecordBatch.from_arrays([pa.array(column[end - size : end]) for column in columns], names)
        for end, size in zip(ends, SIZES, strict=True)
    ]


def joined(rows: list[Any], name: str) -> Any:
    return np.concatenate([getattr(some, name) for some in rows])


@pytest.mark.parametrize("spec", [NUMBERED, WEIGHTED, PLAIN], ids=["numbers", "weights", "neither"])
@pytest.mark.parametrize("cells_a_batch", [1, 5, 100])
def test_rows_come_back_to_the_bit(spec: Any, cells_a_batch: int) -> None:
    lines = pa.Table.from_batches(_packer(spec)(iter(batches(spec)))).combine_chunks()
    cells = lines.to_batches(max_chunksize=cells_a_batch)
    found, expected = list(unpacked(spec, iter(cells))), list(read(spec, batches(spec)))
    assert [len(rows.y) for rows in found] == [len(rows.y) for rows in expected]
    for name in ["x", "y", "weights", "numbers"]:
        if getattr(expected[0], name) is None:
            assert all(getattr(rows, name) is None for rows in found)
        else:
            got, wanted = joined(found, name), joined(expected, name)
            assert (got.dtype, got.tobytes()) == (wanted.dtype, wanted.tobytes())
    assert all(rows.x.flags.f_contiguous for rows in found)


def test_small_whole_numbers_take_little_room() -> None:
    columns = [pa.array(np.arange(10_000) % k / 1.0) for k in (100, 30_000, 2)]
    rows = pa.RecordBatch.from_arrays(columns, ["number_0", "number_1", "number_2"])
    [line] = _packer(PLAIN)(iter([rows]))
    assert len(line.column(0)[0].as_buffer()) == 3 + 10_000 * (1 + 2 + 1)


def test_what_is_wrong_is_said_when_the_rows_are_read() -> None:
    good = batches(PLAIN)
    bad = good[3].set_column(1, "number_1", pa.array([None] * 10_000, pa.float64()))
    cells = list(_packer(PLAIN)(iter([*good[:3], bad, *good[4:]])))
    # The rows before, and why there are no more.
    assert [cell.column(1)[0].as_py() is None for cell in cells] == [True, True, True, False]
    with pytest.raises(ValueError, match="column 'price': expected numbers, got null"):
        list(unpacked(PLAIN, iter(cells)))


def test_no_rows_are_no_cells() -> None:
    assert list(_packer(PLAIN)(iter([]))) == []
    assert list(unpacked(PLAIN, iter([]))) == []
