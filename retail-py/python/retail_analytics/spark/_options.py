"""Options of the format ``retail_model``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from ._file import local
from ._specs import LinearSpec

__all__ = ["destination", "specification"]

_OURS = ("algorithm", "features", "label", "weight")
#: What Spark sets itself, in lower case as it hands them over.
_OF_SPARK = ("path", "checkpointlocation")
_MORE_ROUNDS = ("logistic", "forest")


def specification(options: Mapping[str, str]) -> LinearSpec:
    """What is to be learned."""
    for name in options:
        if name.lower() not in (*_OURS, *_OF_SPARK):
            raise ValueError(f"option {name!r}: unknown; there are {', '.join(_OURS)}")
    algorithm = _needed(options, "algorithm")
    if algorithm in _MORE_ROUNDS:
        raise ValueError(
            f"option 'algorithm': a write passes over the rows once, and {algorithm!r} needs several passes; "
            "use retail_analytics.spark.fit"
        )
    if algorithm != "linear":
        raise ValueError(f"option 'algorithm': expected 'linear', got {algorithm!r}")
    return LinearSpec(
        features=_names(_needed(options, "features")),
        label=_needed(options, "label"),
        weight=options.get("weight"),
    )


def destination(options: Mapping[str, str]) -> Path:
    """The file to write."""
    path = options.get("path")
    if path is None:
        raise ValueError("path: missing; name a file, as in save(path) or start(path)")
    return local(path)


def _needed(options: Mapping[str, str], name: str) -> str:
    value = options.get(name)
    if value is None:
        raise ValueError(f"option {name!r}: missing; set it with option({name!r}, ...)")
    return value


def _names(text: str) -> list[str]:
    """Names of columns, as a JSON list or with commas between them."""
    said = f"option 'features': expected names with commas between them or a JSON list, got {text!r}"
    if text.lstrip().startswith("["):
        try:
            names = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"{said}: {error}") from None
    else:
        names = [name.strip() for name in text.split(",")]
    if not names or not all(isinstance(name, str) and name for name in names):
        raise ValueError(said)
    return list(names)
