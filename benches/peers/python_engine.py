"""The Python package: fits, predictions of many rows, and predictions of one row.

    python benches/peers/python_engine.py FOLDER FILE.csv   # FOLDER from `bench-fits write`; see answer.py

Fits and predictions of many rows have two threads, unless their name says otherwise; `two callers` are two
threads of Python that ask for half of the rows each, on one thread. The
estimators are asked through scikit-learn's checks; the model of an engine trained on FILE.csv is not.
"""

import copy
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from answer import answer
from fit_data import Pair
from python_rows import TIMES, all_rows, one_row
from sklearn.metrics import accuracy_score, r2_score

import retail_analytics as ra


def main(folder, csv):
    amounts = Pair(folder, "regression", "total_amount")
    categories = Pair(folder, "classification", "quantity_category")
    values = Pair(folder, "classification", "high_value_customer")
    linear, logistic = ra.LinearRegression(n_jobs=2), ra.LogisticRegression(n_jobs=2)
    forest = ra.RandomForestClassifier(10, max_depth=5, n_jobs=2, random_state=42)
    forest.fit(categories.x, categories.y)
    alone = copy.copy(forest).set_params(n_jobs=1)
    engine = ra.Engine(batch={"format": "none"})
    engine.run(csv)
    model = engine.models["rf_model_window_3"]
    rows, row = all_rows(categories), one_row(categories)
    halves = [rows[: len(rows) // 2], rows[len(rows) // 2 :]]
    pool = ThreadPoolExecutor(2)

    def accuracy(x, y):
        return lambda fitted: {"accuracy": accuracy_score(y, fitted.predict(x))}

    def repeat(predict):
        return lambda: [predict(row) for _ in range(TIMES)]

    return [
        (
            "linear",
            "engine",
            lambda: linear.fit(amounts.x, amounts.y),
            lambda fitted: {"r2": r2_score(amounts.y_test, fitted.predict(amounts.x_test))},
        ),
        # As in fits_sklearn.py, the logistic model is measured on the rows it was fitted to.
        (
            "logistic",
            "engine",
            lambda: logistic.fit(values.x, values.y),
            accuracy(values.x, values.y),
        ),
        (
            "forest",
            "engine",
            lambda: forest.fit(categories.x, categories.y),
            accuracy(categories.x_test, categories.y_test),
        ),
        ("predict", "engine", lambda: forest.predict(rows), counted),
        ("predict", "engine, one thread", lambda: alone.predict(rows), counted),
        (
            "predict",
            "engine, two callers",
            lambda: np.concatenate(list(pool.map(alone.predict, halves))),
            counted,
        ),
        ("one row", "engine", repeat(model.predict_proba), counted),
        ("one row", "engine, estimator", repeat(forest.predict_proba), counted),
    ]


def counted(answers):
    return {"rows": len(answers)}


if __name__ == "__main__":
    answer(main(*sys.argv[1:]))
