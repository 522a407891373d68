"""Ctrl+C ends long work at once, and threads do not wait for each other."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import retail_analytics as ra

RUN = """
import sys, time
import retail_analytics as ra
def records():
    number = 0
    while True:
        number += 1
        yield {"Invoice": str(number), "StockCode": "a", "Quantity": 1 + number % 50,
               "InvoiceDate": "2011-01-01 00:00:00", "Price": 1.5, "Customer ID": number % 500 + 1}
engine = ra.Engine(batch={"format": "none"})
print("ready", flush=True)
try:
    engine.run(records())
except KeyboardInterrupt:
    print("interrupted", time.time(), flush=True)
"""

FIT = """
import time
import numpy as np
import retail_analytics as ra
draw = np.random.default_rng(0)
X = draw.normal(size=(300_000, 10))
y = draw.integers(0, 2, 300_000)
print("ready", flush=True)
try:
    ra.RandomForestClassifier(5_000).fit(X, y)
except KeyboardInterrupt:
    print("interrupted", time.time(), flush=True)
"""


@pytest.mark.parametrize("program", [RUN, FIT], ids=["run", "fit"])
def test_ctrl_c_ends_it(program: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(2)
    sent = time.time()
    process.send_signal(signal.SIGINT)
    word, at = process.stdout.readline().split()
    assert word == "interrupted"
    # Two busy processors may take longer than the 0.2 s that an idle machine needs at most.
    assert float(at) - sent < 2
    assert process.wait(10) == 0


def test_threads_predict_together(engine: ra.Engine) -> None:
    model = engine.models["rf_model_window_3"]
    rows = np.tile([[10, 25.5, 255, 6, 11, 14]], (20_000, 1))
    expected = model.predict_proba(rows)
    with ThreadPoolExecutor(4) as pool:
        for answer in pool.map(lambda _: model.predict_proba(rows), range(20)):
            assert np.array_equal(answer, expected)


def test_others_run_while_a_fit_does() -> None:
    draw = np.random.default_rng(0)
    X, y = draw.normal(size=(200_000, 8)), draw.integers(0, 2, 200_000)
    done = threading.Event()
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        while not done.is_set():
            ticks += 1
            time.sleep(0.001)

    other = threading.Thread(target=tick)
    other.start()
    ra.RandomForestClassifier(20, max_depth=8, n_jobs=1).fit(X, y)
    done.set()
    other.join()
    assert ticks > 20
