"""A model, and the file that it is kept in."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ._artefact import Artefact, Fit
from ._file import local, locked, replace
from ._specs import Spec

__all__ = ["SparkModel", "load"]


@dataclass(frozen=True)
class SparkModel:
    """A model, and what it was learned from. It can be pickled."""

    spec: Spec
    fitted: Fit

    def to_json(self) -> str:
        """The model as JSON: the same for the same rows."""
        return self.fitted.to_json()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the model to a file that :func:`load` reads, in one step.

        It holds no sums: a model that is to learn on is written with the format ``retail_model``.
        """
        found = local(path)
        with locked(found):
            replace(found, Artefact(self.spec, self.fitted).to_bytes())


def load(path: str | os.PathLike[str]) -> SparkModel:
    """Reads a model that was saved, or written with the format ``retail_model``.

    The file is read in this process, not by the executors.
    """
    found = local(path)
    artefact = Artefact.read(found)
    if artefact.fitted is None:
        raise ValueError(f"{found}: no rows have been learned from yet; load it when some have")
    return SparkModel(artefact.spec, artefact.fitted)
