"""How far a run has come, for people."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

#: Called with what is done, the total if it is known, the unit, and the records saved so far.
Progress = Callable[[int, "int | None", str, int], Any]


def shown(progress: bool | Progress | None) -> tuple[Progress | None, Callable[[], None]]:
    """What to call for the progress, and what at the end."""
    if progress is None or progress is False:
        return None, _nothing
    if progress is not True:
        if not callable(progress):
            raise TypeError(f"progress: expected a bool or a callable, got {type(progress).__name__}")
        return progress, _nothing
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return _line, _end_of_line
    bar: Any = tqdm(unit="B", unit_scale=True)

    def update(done: int, total: int | None, unit: str, rows: int) -> None:
        bar.unit = "B" if unit == "bytes" else f" {unit}"
        bar.total = total
        bar.n = done
        bar.set_postfix_str(f"{rows:,} records", refresh=True)

    return update, bar.close


def _nothing() -> None:
    pass


def _line(done: int, total: int | None, unit: str, rows: int) -> None:
    share = f"{done / total:4.0%}" if total else f"{done:,} {unit}"
    sys.stderr.write(f"\r{share}  {rows:,} records ")
    sys.stderr.flush()


def _end_of_line() -> None:
    sys.stderr.write("\n")
