"""Linear regressions of NIST's Statistical Reference Datasets, with coefficients certified to 15 digits.

https://www.itl.nist.gov/div898/strd/lls/lls.shtml (public domain).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

#: NIST certifies 15 digits.
MOST_DIGITS = 15.0


@dataclass(frozen=True)
class Case:
    """The decimals of a data set, exactly."""

    columns: list[list[Fraction]]
    y: list[Fraction]
    #: The intercept first.
    certified: list[str]

    def floats(self) -> tuple[Any, Any]:
        """The features ``(n_samples, n_features)`` and the target, each number the nearest to its decimal."""
        x = np.array([[float(value) for value in column] for column in self.columns])
        return np.ascontiguousarray(x.T), np.array([float(value) for value in self.y])

    def exact(self) -> list[Fraction]:
        """The coefficients of least squares, computed exactly, the intercept first."""
        return least_squares(self.columns, self.y)

    def exact_of_floats(self) -> list[Fraction]:
        """The same of :meth:`floats`: what rounding the data leaves to be found."""
        x, y = self.floats()
        return least_squares([list(map(Fraction, column)) for column in x.T], list(map(Fraction, y)))

    def digits(self, coefficients: Sequence[float | Fraction]) -> float:
        """How many digits of all coefficients are right (the intercept first)."""
        worst = max(
            abs(Fraction(got) / Fraction(text) - 1)
            for got, text in zip(coefficients, self.certified, strict=True)
        )
        return MOST_DIGITS if worst == 0 else max(0.0, min(MOST_DIGITS, -math.log10(worst)))


def least_squares(columns: list[list[Fraction]], y: list[Fraction]) -> list[Fraction]:
    """Normal equations by elimination, without rounding."""
    columns = [[Fraction(1)] * len(y), *columns, y]
    n = len(columns) - 1
    rows = [[sum(map(Fraction.__mul__, a, b), Fraction(0)) for b in columns] for a in columns[:n]]
    for at in range(n):
        rows[at] = [value / rows[at][at] for value in rows[at]]
        for other in range(n):
            if other != at:
                share = rows[other][at]
                rows[other] = [a - share * b for a, b in zip(rows[other], rows[at], strict=True)]
    return [row[n] for row in rows]


def powers(x: list[Fraction], highest: int) -> list[list[Fraction]]:
    return [[value**power for value in x] for power in range(1, highest + 1)]


def wampler(base: Fraction) -> Case:
    """Wampler's polynomials: each coefficient is a power of ``base``, and there is no error."""
    x = [Fraction(value) for value in range(21)]
    y = [sum(((base * value) ** power for power in range(1, 6)), Fraction(1)) for value in x]
    return Case(powers(x, 5), y, [str(float(base**power)) for power in range(6)])


def cases() -> dict[str, Case]:
    # Numbers are kept as the texts that they are in the file.
    text = Path(__file__).with_name("nist.json").read_text()
    found = {}
    for name, data in json.loads(text, parse_float=str, parse_int=str).items():
        columns = [[Fraction(value) for value in column] for column in data["x"]]
        if "powers" in data:
            columns = powers(columns[0], int(data["powers"]))
        found[name] = Case(columns, [Fraction(value) for value in data["y"]], data["certified"])
    found["Wampler1"] = wampler(Fraction(1))
    found["Wampler2"] = wampler(Fraction(1, 10))
    return found
