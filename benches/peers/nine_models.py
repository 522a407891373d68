"""What both peers do after cleaning: the engine's nine models with scikit-learn.

Nine fits on whole slices, nine on the first 4/5 of them with metrics on the rest, nine pickles.

How the cores are used was measured on two of them, over the training part alone: one thread a
model, largest first, 0.24 s; models one after the other with `n_jobs=2` forests 0.34 s, with
`n_jobs=1` 0.38 s. OMP_NUM_THREADS and OPENBLAS_NUM_THREADS made no difference and stay unset.
"""

import json
import os
import pickle
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    f1_score,
    log_loss,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

RATE = 100  # records a second of stream time
BATCH_ROWS = 1000
BATCH_SECONDS = 60
WINDOW_SECONDS = 300
CLASSES = 4
SEED = 42


class NotTrained(Exception):
    """A slice that gives no model; the message is the reason."""


class Kept:
    """Columns of the kept rows, and the matrices made of them once."""

    def __init__(self, record, quantity, price, customer, month, day, hour):
        total = quantity * price
        self.record = record
        self.customer = customer
        self.total = total
        self.category = np.searchsorted([1, 5, 20], quantity, side="left")
        self.mills = np.rint(price * 1000).astype(np.int64) * quantity
        # Column by column, as the least-squares solver wants it.
        self.regression = np.array((quantity, price, month, day, hour), dtype=np.float64).T
        self.classification = np.column_stack((quantity, price, total, month, day, hour))

    def __len__(self):
        return len(self.record)

    def batches(self):
        """Half-open rows of each batch: closed by count or by age of stream time."""
        bounds, first = [], 0
        while first < len(self):
            too_old = self.record[first] + BATCH_SECONDS * RATE
            end = min(first + BATCH_ROWS, int(np.searchsorted(self.record, too_old)))
            bounds.append((first, end))
            first = end
        return bounds


class Linear:
    COST = 1  # of a row, relative

    def __init__(self, kept, first, end):
        self.features, self.target = kept.regression[first:end], kept.total[first:end]

    def fit(self, rows):
        return LinearRegression().fit(self.features[rows], self.target[rows])

    def measure(self, model, _train, test):
        truth, predicted = self.target[test], model.predict(self.features[test])
        return {
            "rmse": root_mean_squared_error(truth, predicted),
            "mae": mean_absolute_error(truth, predicted),
            "r2": r2_score(truth, predicted),
        }


class Forest:
    COST = 9

    def __init__(self, kept, first, end):
        # Trees compute in single precision: converted once here, not in every fit and predict.
        self.features = kept.classification[first:end].astype(np.float32)
        self.target = kept.category[first:end]

    def fit(self, rows):
        if len(np.unique(self.target[rows])) < 2:
            raise NotTrained("one_class")
        forest = RandomForestClassifier(n_estimators=10, max_depth=5, random_state=SEED)
        return forest.fit(self.features[rows], self.target[rows])

    def measure(self, model, _train, test):
        truth = self.target[test]
        probabilities = np.zeros((len(truth), CLASSES))
        probabilities[:, model.classes_] = model.predict_proba(self.features[test])
        predicted = probabilities.argmax(axis=1)
        return {
            "accuracy": accuracy_score(truth, predicted),
            "macro_f1": f1_score(truth, predicted, average="macro"),
            "log_loss": log_loss(truth, probabilities, labels=range(CLASSES)),
        }


class Logistic:
    COST = 1

    def __init__(self, kept, first, end):
        self.features = kept.classification[first:end]
        self.customer, self.mills = kept.customer[first:end], kept.mills[first:end]

    def label(self, train, rows):
        """Whether the customers of `rows` had spent enough in `train`."""
        known, place = np.unique(self.customer[train], return_inverse=True)
        spend = np.zeros(len(known), dtype=np.int64)
        np.add.at(spend, place, self.mills[train])
        at = np.searchsorted(known, self.customer[rows]).clip(max=len(known) - 1)
        spent = np.where(known[at] == self.customer[rows], spend[at], 0)
        return (spent >= np.quantile(spend, 0.75)).astype(int)

    def fit(self, rows):
        target = self.label(rows, rows)
        if len(np.unique(target)) < 2:
            raise NotTrained("one_class")
        solver = LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-10, max_iter=1000)
        return make_pipeline(StandardScaler(), solver).fit(self.features[rows], target)

    def measure(self, model, train, test):
        truth = self.label(train, test)
        probability = model.predict_proba(self.features[test])[:, 1]
        both = len(np.unique(truth)) == 2
        return {
            "accuracy": accuracy_score(truth, probability >= 0.5),
            "auc": roc_auc_score(truth, probability) if both else None,
            "log_loss": log_loss(truth, probability, labels=[0, 1]),
            "brier": brier_score_loss(truth, probability, pos_label=1),
        }


def slices(kept, batches):
    """Every model's name, its kind, and its half-open kept rows."""
    for version in (1, 2, 3):
        yield f"linear_model_{version}", Linear, (0, len(kept) * version // 3)
    for version in (1, 2, 3):
        end = int(np.searchsorted(kept.record, version * WINDOW_SECONDS * RATE))
        yield f"rf_model_window_{version}", Forest, (0, end)
    for version, bounds in enumerate(batches[-3:], start=1):
        yield f"logistic_model_batch_{version}", Logistic, bounds


def train(name, kind, kept, bounds, folder):
    """One model: fitted, saved, measured."""
    started = time.perf_counter()
    rows = bounds[1] - bounds[0]
    split = rows * 4 // 5
    outcome = {"name": name, "status": "trained", "rows": rows}
    try:
        if split == 0 or split == rows:
            raise NotTrained("too_few_rows")
        data = kind(kept, *bounds)
        with open(folder / f"{name}.pickle", "wb") as file:
            pickle.dump(data.fit(slice(0, rows)), file, protocol=5)
        try:
            parts = slice(0, split), slice(split, rows)
            outcome["holdout"] = data.measure(data.fit(parts[0]), *parts)
        except NotTrained as reason:
            outcome["holdout"] = {"not_trained": str(reason)}
    except NotTrained as reason:
        outcome["status"] = str(reason)
    outcome["seconds"] = time.perf_counter() - started
    return outcome


def train_all(kept, batches, folder):
    """The outcomes of all models, in their order, largest model first in time."""
    specs = list(slices(kept, batches))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {}
        for spec in sorted(specs, key=lambda spec: (spec[2][0] - spec[2][1]) * spec[1].COST):
            name, kind, bounds = spec
            jobs[name] = pool.submit(train, name, kind, kept, bounds, folder)
        return [jobs[name].result() for name, _, _ in specs]


def run(read_clean, started):
    """`read_clean(path)` gives (rows read, {reason: rows}, Kept); the rest happens here."""
    if len(sys.argv) != 3:
        sys.exit("usage: PEER.py INPUT.csv OUTPUT_FOLDER")
    imported = time.perf_counter()
    folder = Path(sys.argv[2], "models")
    folder.mkdir(parents=True, exist_ok=True)
    rows_read, rejected, kept = read_clean(sys.argv[1])
    batches = kept.batches()
    models = train_all(kept, batches, folder)
    summary = {
        "rows_read": rows_read,
        "rows_kept": len(kept),
        "rejected": {"wrong_column_count": 0, "unparsable_field": 0, "overlap": 0, **rejected},
        "batches": len(batches),
        "models": models,
        "seconds": time.perf_counter() - started,
        "import_seconds": imported - started,
    }
    print(json.dumps(summary))
