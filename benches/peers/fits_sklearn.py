"""Single fits of scikit-learn.

    python benches/peers/fits_sklearn.py FOLDER   # from `bench-fits write`; see answer.py

BLAS and OpenMP use one thread, the forests two. Trees compute in single precision: the conversion
is part of their fit, as binning is part of the engine's. The logistic models include the scaling
that the engine's does inside, and stop at scikit-learn's default tolerance.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys

from answer import answer
from fit_data import Pair
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, r2_score, root_mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier


def regression(data):
    def measure(model):
        answers = model.predict(data.x_test)
        return {
            "rmse": root_mean_squared_error(data.y_test, answers),
            "r2": r2_score(data.y_test, answers),
        }

    return measure


def classification(data):
    # The logistic models are measured on the rows they were fitted to, as the engine's are.
    x, y = (data.x_test, data.y_test) if data.y.max() > 1 else (data.x, data.y)

    def measure(model):
        probabilities = model.predict_proba(x)
        return {
            "accuracy": accuracy_score(y, probabilities.argmax(axis=1)),
            "log_loss": log_loss(y, probabilities, labels=range(probabilities.shape[1])),
        }

    return measure


def logistic(solver):
    return make_pipeline(StandardScaler(), LogisticRegression(solver=solver, max_iter=1000))


def main(folder):
    amounts = Pair(folder, "regression", "total_amount")
    categories = Pair(folder, "classification", "quantity_category")
    values = Pair(folder, "classification", "high_value_customer")
    forest = RandomForestClassifier(n_estimators=10, max_depth=5, n_jobs=2, random_state=42)
    tree = DecisionTreeClassifier(max_depth=5, random_state=42)
    # No penalty to speak of: the same model by the normal equations, faster and less exact.
    ridge = Ridge(alpha=1e-9, solver="cholesky")
    return [
        (group, f"scikit-learn {name}", lambda m=model, d=data: m.fit(d.x, d.y), kind(data))
        for group, name, model, data, kind in [
            ("linear", "LinearRegression", LinearRegression(), amounts, regression),
            ("linear", "Ridge, cholesky", ridge, amounts, regression),
            ("logistic", "lbfgs", logistic("lbfgs"), values, classification),
            ("logistic", "newton-cholesky", logistic("newton-cholesky"), values, classification),
            ("forest", "forest", forest, categories, classification),
            ("one tree", "tree", tree, categories, classification),
        ]
    ]


if __name__ == "__main__":
    answer(main(sys.argv[1]))
