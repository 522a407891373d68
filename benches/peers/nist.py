"""How many digits of NIST's certified coefficients linear regressions get right, in markdown.

    python benches/peers/nist.py   # with retail_analytics and requirements-nist.txt installed

The digits of a set are those of its worst coefficient. `best in doubles` is least squares without
rounding, of the data rounded to doubles: a program that reads doubles cannot be held to more.
"""

import sys
import warnings
from pathlib import Path

import statsmodels.api as sm
from sklearn.linear_model import LinearRegression

import retail_analytics as ra

sys.path.append(str(Path(__file__).resolve().parents[2] / "retail-py" / "tests"))

from nist_cases import cases


def fitted(model):
    return lambda case, x, y: [(m := model.fit(x, y)).intercept_, *m.coef_]


def statsmodels(method):
    def fit(case, x, y):
        return sm.OLS(y, sm.add_constant(x, has_constant="add")).fit(method=method).params

    return fit


PROGRAMS = {
    "`ra.LinearRegression`": fitted(ra.LinearRegression()),
    "scikit-learn": fitted(LinearRegression()),
    "scikit-learn, `tol=1e-15`": fitted(LinearRegression(tol=1e-15)),
    "statsmodels, pinv": statsmodels("pinv"),
    "statsmodels, qr": statsmodels("qr"),
    "best in doubles": lambda case, x, y: case.exact_of_floats(),
}


def main():
    warnings.simplefilter("ignore")  # of matrices that are nearly singular
    print("| | " + " | ".join(PROGRAMS) + " |")
    print("|---|" + "--:|" * len(PROGRAMS))
    for name, case in cases().items():
        digits = [case.digits(fit(case, *case.floats())) for fit in PROGRAMS.values()]
        print(f"| {name} | " + " | ".join(f"{value:.1f}" for value in digits) + " |")


if __name__ == "__main__":
    main()
