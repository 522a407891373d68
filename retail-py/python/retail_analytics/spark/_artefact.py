"""The file of a model: what it was learned from, the model, and the sums that more rows are added to."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .. import _core
from ._specs import ForestSpec, LinearSpec, LogisticSpec, Spec

__all__ = ["Artefact", "Fit", "Stream", "Sum"]

Fit = _core.LinearFit | _core.LogisticFit | _core.ForestFit

_FORMAT = "retail_model"
_VERSION = "1"
_SPECS: dict[str, type[Spec]] = {
    "linear": LinearSpec,
    "logistic": LogisticSpec,
    "forest": ForestSpec,
}


@dataclass(frozen=True)
class Sum:
    """How many rows were learned from, and the core's sum over them; ``None`` before there are any."""

    rows: int = 0
    partial: bytes | None = None


@dataclass(frozen=True)
class Stream:
    """Which query writes the file, its last micro-batch, and the sum without that one."""

    query: str
    batch: int
    before: Sum = field(default_factory=Sum)


@dataclass(frozen=True)
class Artefact:
    """What is in a file. A model that was saved has no sums; a stream without rows has no model yet."""

    spec: Spec
    fitted: Fit | None
    total: Sum | None = None
    stream: Stream | None = None

    def to_bytes(self) -> bytes:
        """A line with a checksum of all that follows, and JSON."""
        stream = self.stream
        (kind,) = [kind for kind, known in _SPECS.items() if isinstance(self.spec, known)]
        body = {
            "algorithm": kind,
            "spec": {**asdict(self.spec), "features": list(self.spec.features)},
            "model": None if self.fitted is None else self.fitted.to_json(),
            "total": None if self.total is None else _packed(self.total),
            "stream": None
            if stream is None
            else {
                "query": stream.query,
                "batch": stream.batch,
                "before": _packed(stream.before),
            },
        }
        content = json.dumps(body, ensure_ascii=False).encode()
        return b" ".join([_FORMAT.encode(), _VERSION.encode(), _checksum(content)]) + b"\n" + content

    @classmethod
    def read(cls, path: Path) -> Artefact:
        """Reads a file."""
        head, _, content = path.read_bytes().partition(b"\n")
        words = head.split(b" ")
        if len(words) != 3 or words[0] != _FORMAT.encode():
            raise ValueError(f"{path}: expected a model of {_FORMAT}, got something else")
        if words[1] != _VERSION.encode():
            raise ValueError(
                f"{path}: expected version {_VERSION} of {_FORMAT}, "
                f"got {words[1].decode(errors='replace')}; read it with a newer package"
            )
        if words[2] != _checksum(content):
            raise ValueError(
                f"{path}: the file is damaged or was cut off: its checksum is not that of its content; "
                "restore it from a copy, or write it anew"
            )
        return cls._of(json.loads(content))

    @classmethod
    def _of(cls, body: dict[str, Any]) -> Artefact:
        stream = body["stream"]
        return cls(
            spec=_SPECS[body["algorithm"]](**body["spec"]),
            fitted=_fitted(body),
            total=None if body["total"] is None else _unpacked(body["total"]),
            stream=None
            if stream is None
            else Stream(stream["query"], stream["batch"], _unpacked(stream["before"])),
        )


def _fitted(body: dict[str, Any]) -> Fit | None:
    model = body["model"]
    if model is None:
        return None
    if body["algorithm"] == "linear":
        return _core.LinearFit.of_json(model)
    if body["algorithm"] == "logistic":
        return _core.LogisticFit.of_json(model)
    return _core.ForestFit.of_json(model)


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _packed(sums: Sum) -> dict[str, Any]:
    """A sum, as text: it has many zeros."""
    partial = sums.partial
    text = None if partial is None else base64.b64encode(zlib.compress(partial)).decode()
    return {"rows": sums.rows, "partial": text}


def _unpacked(body: dict[str, Any]) -> Sum:
    text = body["partial"]
    return Sum(body["rows"], None if text is None else zlib.decompress(base64.b64decode(text)))
