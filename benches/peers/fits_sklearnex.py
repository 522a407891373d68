"""Single fits of scikit-learn as scikit-learn-intelex patches it.

    python benches/peers/fits_sklearnex.py FOLDER   # from `bench-fits write`; see answer.py

oneDAL uses all processors. What it does not take over is scikit-learn's: it logs which at the level INFO.
"""

from sklearnex import patch_sklearn

patch_sklearn(verbose=False)

import sys

import fits_sklearn
from answer import answer

WANTED = {"LinearRegression", "lbfgs", "newton-cholesky", "forest"}


if __name__ == "__main__":
    answer(
        [
            (group, name.replace("scikit-learn", "sklearnex"), fit, measure)
            for group, name, fit, measure in fits_sklearn.main(sys.argv[1])
            if name.removeprefix("scikit-learn ") in WANTED
        ]
    )
