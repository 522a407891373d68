"""What `bench-retrain` measures, done by a service that holds its columns and uses scikit-learn.

    python benches/peers/retrain_sklearn.py FILE.csv ROWS BATCHES FOLDER

After each batch of 1,000 rows the same six models are fitted again, each twice, measured, and
pickled into FOLDER, two at a time. Reading, growing the columns and features are not timed.
"""

import json
import math
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from polars_sklearn import read_clean

import nine_models
from nine_models import BATCH_ROWS, Linear, Logistic


def retrain(pool, kept, end, folder):
    jobs = [(f"linear_model_{v}", Linear, (0, end * v // 3)) for v in (3, 2, 1)]
    for version in (1, 2, 3):
        first = end - (4 - version) * BATCH_ROWS
        jobs.append((f"logistic_model_batch_{version}", Logistic, (first, first + BATCH_ROWS)))
    started = time.perf_counter()
    list(pool.map(lambda job: nine_models.train(job[0], job[1], kept, job[2], folder), jobs))
    return time.perf_counter() - started


def main(path, rows, batches, folder):
    _, _, kept = read_clean(path)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    ends = range(rows + BATCH_ROWS, rows + (batches + 1) * BATCH_ROWS, BATCH_ROWS)
    if ends[-1] > len(kept):
        sys.exit(f"{len(kept)} kept rows, {ends[-1]} are needed")
    with ThreadPoolExecutor(2) as pool:
        retrain(pool, kept, rows, folder)
        seconds = sorted(retrain(pool, kept, end, folder) for end in ends)
    summary = {
        "rows": rows,
        "batches": batches,
        "median": statistics.median_low(seconds),
        "p99": seconds[math.ceil(len(seconds) * 0.99) - 1],
        "max": seconds[-1],
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
