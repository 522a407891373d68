"""What a file has learned, and more rows: those of a batch, or of a micro-batch of a stream."""

from __future__ import annotations

from pathlib import Path

from .. import _core
from ._artefact import Artefact, Stream, Sum
from ._file import locked, replace
from ._specs import LinearSpec

__all__ = ["merged", "write", "write_micro_batch"]


def merged(spec: LinearSpec, *sums: Sum) -> Sum:
    """The sum of sums over different rows."""
    partials = [part.partial for part in sums if part.partial is not None]
    rounds = _core.Rounds(spec.to_json())
    return Sum(sum(part.rows for part in sums), rounds.merge(partials))


def write(path: Path, spec: LinearSpec, rows: Sum, *, anew: bool) -> None:
    """Learns from the rows of a batch, besides those before or anew."""
    with locked(path):
        found = None if anew else _found(path, spec)
        if found is None:
            artefact = Artefact(spec, _fit(spec, rows), rows)
        else:
            old, total = found
            stream = old.stream
            if stream is not None:
                # The stream goes on, and may replace no more than its own last micro-batch.
                stream = Stream(stream.query, stream.batch, merged(spec, stream.before, rows))
            total = merged(spec, total, rows)
            artefact = Artefact(spec, _fit(spec, total), total, stream)
        replace(path, artefact.to_bytes())


def write_micro_batch(
    path: Path, spec: LinearSpec, rows: Sum, *, query: str, batch: int, anew: bool
) -> None:
    """Learns from the rows of a micro-batch. One that is committed again takes its own place."""
    with locked(path):
        found = None if anew else _found(path, spec)
        if anew:
            before = Sum()
        elif found is None:
            _check_first(path, batch)
            before = Sum()
        else:
            before = _before(path, *found, query, batch)
        total = merged(spec, before, rows)
        fitted = _fit(spec, total) if total.rows else None
        stream = Stream(query, batch, before)
        replace(path, Artefact(spec, fitted, total, stream).to_bytes())


def _fit(spec: LinearSpec, total: Sum) -> _core.LinearFit:
    rounds = _core.Rounds(spec.to_json())
    _, fitted = rounds.step(rounds.begin(), total.partial)
    if not isinstance(fitted, _core.LinearFit):
        raise TypeError(f"expected a linear model after one round, got {fitted!r}")
    return fitted


def _found(path: Path, spec: LinearSpec) -> tuple[Artefact, Sum] | None:
    """What was learned before, once it is known that these rows can be added; ``None`` if nothing was."""
    try:
        artefact = Artefact.read(path)
    except FileNotFoundError:
        return None
    if artefact.total is None:
        raise ValueError(
            f"{path}: expected what has been learned before, got a model that was saved without its sums; "
            "write to another path, or with mode overwrite"
        )
    if artefact.spec != spec:
        raise ValueError(
            f"{path}: expected rows of {artefact.spec}, which it has learned from, got {spec}; "
            "write to another path, or with mode overwrite"
        )
    return artefact, artefact.total


_ANEW = "to begin anew, remove both the file and the checkpoint"


def _check_first(path: Path, batch: int) -> None:
    if batch != 0:
        raise ValueError(
            f"{path}: there is none, or none of this query, and the query goes on with micro-batch {batch}: "
            f"the rows before are not in it; restore the file, or {_ANEW}"
        )


def _before(path: Path, old: Artefact, total: Sum, query: str, batch: int) -> Sum:
    """The sum that a micro-batch is added to."""
    stream = old.stream
    if stream is None:
        _check_first(path, batch)
        return total
    if stream.query != query:
        raise ValueError(
            f"{path}: expected the query {stream.query}, which has written it up to micro-batch "
            f"{stream.batch}, got the query {query}, which may have the same rows: was its checkpoint "
            f"removed? restore it, write to another path, or, {_ANEW}"
        )
    if batch == stream.batch:
        return stream.before
    if batch == stream.batch + 1:
        return total
    older = "checkpoint" if batch < stream.batch else "file"
    raise ValueError(
        f"{path}: expected micro-batch {stream.batch} again or {stream.batch + 1} of the query {query}, "
        f"got {batch}: the {older} is an older copy; restore the one that fits, or, {_ANEW}"
    )
