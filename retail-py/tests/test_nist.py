"""How many digits of the coefficients that NIST certifies the linear estimator gets right."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import retail_analytics as ra
from nist_cases import MOST_DIGITS, Case, cases

CASES = cases()

#: The digits that must be right: somewhat fewer than are. README.md has those.
FLOORS = {"Norris": 14.0, "Longley": 14.0, "Wampler1": 15.0, "Wampler2": 13.0}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_data_are_those_that_nist_certifies(case: Case) -> None:
    """Least squares without rounding have the certified coefficients, to the last digit of each."""
    for text, exact in zip(case.certified, case.exact(), strict=True):
        last = Decimal(text).as_tuple().exponent
        assert isinstance(last, int)
        assert abs(exact - Fraction(text)) <= Fraction(10) ** last / 2, text


def test_digits_are_counted() -> None:
    case = Case([], [], ["10", "-2"])
    assert case.digits([10.0, -2.0]) == MOST_DIGITS
    assert case.digits([10.0, -2.002]) == pytest.approx(3)
    assert case.digits([10.1, -2.002]) == pytest.approx(2)
    assert case.digits([10.0, 200.0]) == 0


@pytest.mark.parametrize("name", FLOORS)
def test_digits_of_the_estimator(name: str) -> None:
    case = CASES[name]
    x, y = case.floats()
    model = ra.LinearRegression().fit(x, y)
    digits = case.digits([model.intercept_, *model.coef_])
    assert digits >= FLOORS[name]
    # A sum over rows may be right by chance in one order. This one has no order.
    other = ra.LinearRegression().fit(x[::-1], y[::-1])
    assert case.digits([other.intercept_, *other.coef_]) == digits


def test_powers_that_cannot_be_told_apart() -> None:
    """Filip's ten powers are singular in double precision. The fit is close; its coefficients are others."""
    case = CASES["Filip"]
    x, y = case.floats()
    model = ra.LinearRegression().fit(x, y)
    assert np.linalg.norm(model.coef_) < 1e-2 * np.linalg.norm(np.array(case.certified, float)[1:])
    exact = [float(value) for value in case.exact_of_floats()]
    best = np.square(y - np.array([[1, *row] for row in x]) @ exact).sum()
    assert best == pytest.approx(0.795851382172941e-3, rel=1e-5)  # certified
    assert best < np.square(y - model.predict(x)).sum() < 1.5 * best
