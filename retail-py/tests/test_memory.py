"""Arrays are read where they are, and threads that ask at once get their own answers."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import retail_analytics as ra

#: Prints by how many MB the peak of memory is higher after a prediction of an array of 200 MB. The peak is
#: that of this program alone, which getrusage's is not.
PROGRAM = """
import re, sys
import numpy as np
import retail_analytics as ra
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) / 1_000
order, kind = sys.argv[1:]
draw = np.random.default_rng(0)
X = draw.normal(size=(500, 50))
made = {"linear": ra.LinearRegression, "logistic": ra.LogisticRegression}.get(kind)
model = made() if made else ra.RandomForestClassifier(2, max_depth=3)
model.fit(X, X[:, 0] > 0)
model.predict(X)
rows = np.full((500_000, 50), 1.5, order=order)
assert rows.nbytes == 200_000_000
before = peak()
answer = model.predict(rows)
assert answer.shape == (500_000,)
print(peak() - before)
"""


@pytest.mark.parametrize("kind", ["linear", "logistic", "forest"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_is_not_copied_to_be_predicted(order: str, kind: str) -> None:
    arguments = [sys.executable, "-c", PROGRAM, order, kind]
    grown = float(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout)
    # What is answered takes 4 MB, or 8 MB of probabilities.
    assert grown < 50


MODEL = """
import re, sys
import numpy as np
import retail_analytics as ra
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) / 1_000
model = ra.Model.load(sys.argv[2])
rows = np.ones((4_000_000, len(model.feature_names)), order=sys.argv[1])
model.predict(rows[:100])
before = peak()
model.predict(rows)
print((peak() - before) / (rows.nbytes / 1e6))
"""


@pytest.mark.parametrize("order", ["C", "F"])
def test_nor_for_a_model_of_the_engine(order: str, engine: ra.Engine, tmp_path: Any) -> None:
    engine.models["linear_model_3"].save(tmp_path / "a.model")
    arguments = [sys.executable, "-c", MODEL, order, str(tmp_path / "a.model")]
    share = float(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout)
    # The answer is a number for five.
    assert share < 0.5


def test_threads_get_their_own_answers(engine: ra.Engine) -> None:
    """Each thread asks about other rows, of models of the engine and estimators that all of them share."""
    draw = np.random.default_rng(5)
    X = draw.integers(1, 12, size=(64_000, 6)).astype(float)
    forest = ra.RandomForestClassifier(5, max_depth=6, random_state=0).fit(X, X[:, 0] > X[:, 1])
    linear = ra.LinearRegression().fit(X[:, :5], X[:, 5])
    asked: list[Any] = [
        (engine.models["linear_model_3"].predict, X[:, :5]),
        (engine.models["rf_model_window_3"].predict_proba, X),
        (engine.models["logistic_model_batch_2"].predict_proba, X),
        (forest.predict_proba, X),
        (linear.predict, X[:, :5]),
    ]
    expected = [ask(rows) for ask, rows in asked]
    parts = np.array_split(np.arange(len(X)), 16)

    def check(job: tuple[int, Any]) -> bool:
        which, part = job
        ask, rows = asked[which]
        return np.array_equal(ask(rows[part]), expected[which][part])

    jobs = [(which, part) for part in parts for which in range(len(asked))] * 3
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(check, jobs))
