"""What has become of a stream."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from . import _html


@dataclass(frozen=True)
class Report:
    """What has become of a stream: all that is saved, earlier runs included."""

    rows_read: int
    rows_kept: int
    rejected: dict[str, int]
    batches: int
    seconds: float
    models: dict[str, dict[str, Any]] = field(repr=False)

    def _repr_html_(self) -> str:
        facts = {
            "records read": f"{self.rows_read:,}",
            "kept": f"{self.rows_kept:,}",
            **{f"rejected: {why}": f"{count:,}" for why, count in self.rejected.items() if count},
            "batches": f"{self.batches:,}",
            "seconds": f"{self.seconds:.3f}",
        }
        for name, status in self.models.items():
            facts[name] = status.get("message") or f"revision {status['revision']}"
        return _html.facts("report", facts)
