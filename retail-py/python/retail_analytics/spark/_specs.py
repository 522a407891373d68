"""What is to be learned, from which columns."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["ForestSpec", "LinearSpec", "LogisticSpec", "Spec"]


@dataclass(frozen=True, kw_only=True)
class LinearSpec:
    """Linear least squares.

    ``features`` and ``label`` are names of columns of numbers. ``weight`` names a column of weights: ``k``
    counts as ``k`` rows, and 0 as none.
    """

    features: Sequence[str]
    label: str
    weight: str | None = None

    @property
    def row_number(self) -> None:
        """The rows need no numbers."""
        return None

    def to_json(self) -> str:
        """The specification as the core reads it."""
        return _json("linear", self.features)


@dataclass(frozen=True, kw_only=True)
class LogisticSpec:
    """Logistic regression of a label that is 0 or 1.

    ``C`` is the inverse of the strength of the L2 penalty over standardised features, ``math.inf`` for none.
    ``max_iter`` is the most Newton steps, each of which is a round over the rows, and ``tol`` the largest norm
    of the gradient per row at which the fit has converged.
    """

    features: Sequence[str]
    label: str
    weight: str | None = None
    C: float = 1.0
    max_iter: int = 100
    tol: float = 1e-10

    @property
    def row_number(self) -> None:
        """The rows need no numbers."""
        return None

    def to_json(self) -> str:
        """The specification as the core reads it."""
        if not self.C > 0:
            raise ValueError(f"C: expected a number above 0, got {self.C!r}")
        return _json(
            "logistic",
            self.features,
            alpha=0.0 if math.isinf(self.C) else 1.0 / self.C,
            max_iterations=self.max_iter,
            tolerance=self.tol,
        )


@dataclass(frozen=True, kw_only=True)
class ForestSpec:
    """A random forest, which learns a label of the classes 0, 1, ... ``n_classes - 1``.

    ``row_number`` names a column of whole numbers from 0 on, a different one for each row. They decide which
    rows each tree draws, so that the forest does not depend on partitions. Without ``bootstrap`` every tree
    learns from all rows, and no numbers are needed.

    A level of the trees is a round over the rows, and the sums of a round grow with the nodes of the level:
    ``max_depth`` bounds both. ``max_features`` is the number of features drawn for a node, their share,
    ``"sqrt"``, or ``None`` for all.
    """

    features: Sequence[str]
    label: str
    n_classes: int
    row_number: str | None = None
    n_estimators: int = 100
    max_depth: int = 10
    max_features: int | float | str | None = "sqrt"
    min_samples_leaf: int = 1
    min_samples_split: int = 2
    max_bins: int = 255
    bootstrap: bool = True
    seed: int = 0

    @property
    def weight(self) -> None:
        """A forest takes no weights."""
        return None

    def to_json(self) -> str:
        """The specification as the core reads it."""
        if self.bootstrap and self.row_number is None:
            raise ValueError(
                "row_number: expected the name of a column that numbers the rows, got None; "
                "name one, or set bootstrap=False"
            )
        return _json(
            "forest",
            self.features,
            n_classes=self.n_classes,
            n_estimators=self.n_estimators,
            max_depth=self.max_depth,
            max_features=self._drawn(),
            min_samples_leaf=self.min_samples_leaf,
            min_samples_split=self.min_samples_split,
            max_bins=self.max_bins,
            bootstrap=self.bootstrap,
            seed=self.seed,
        )

    def _drawn(self) -> int | None:
        """How many features are drawn for a node; ``None`` for all."""
        wanted, n_features = self.max_features, len(self.features)
        if wanted is None:
            return None
        if wanted == "sqrt":
            return max(1, math.isqrt(n_features))
        if isinstance(wanted, int) and wanted >= 1:
            return min(wanted, n_features)
        if isinstance(wanted, float) and 0 < wanted <= 1:
            return max(1, int(wanted * n_features))
        raise ValueError(
            "max_features: expected a number from 1 on, a share from 0 to 1, 'sqrt' or None, "
            f"got {wanted!r}"
        )


Spec = LinearSpec | LogisticSpec | ForestSpec


def _json(algorithm: str, features: Sequence[str], **params: Any) -> str:
    if isinstance(features, str):
        raise ValueError(f"features: expected a list of names of columns, got {features!r}")
    return json.dumps({"algorithm": algorithm, "features": list(features), **params})
