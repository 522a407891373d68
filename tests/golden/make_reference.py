"""Computes, with scikit-learn, what the engine has to arrive at for a CSV file.

    python tests/golden/make_reference.py INPUT.csv [OUTPUT.json]

INPUT has the columns of the Online Retail II export; OUTPUT is `sample.json` beside this file
unless named. The same input and library versions give the same bytes. Nothing of a row is
written, only aggregates.

Layout of the JSON:

    csv_sha256      of the bytes of INPUT
    libraries       {name: version} of what computed the numbers
    forest_seeds    the random states over which forest metrics are averaged
    rows_read       data rows, rejected ones included
    rows_kept       rows that passed cleaning
    rejected        {reason: rows}, the first reason that applies to a row
    batches         closed batches, the last partial one included
    last_batch_rows kept rows of the last batch
    models          {name: model}, nine of them

    model           {"not_trained": reason} or
      rows          kept rows of the slice the model is for
      first_row     the number of its first kept row, counted from 0 over the kept rows
      intercept, coefficients                       linear, logistic; fitted on the whole slice
      rank          numerical rank of the centred features                  (linear)
      scaler_mean, scaler_scale                     what the logistic coefficients are relative to
      spend_threshold                               in currency units       (logistic)
      customers     with a purchase in the slice                            (logistic)
      positives     rows labelled 1                                         (logistic)
      class_counts  rows of Low, Medium, High, Bulk                         (forest)
      importances   mean decrease in impurity a feature, mean of the seeds  (forest)
      holdout       {"not_trained": reason} or
        train_rows, test_rows    the first 4/5 of the slice, rounded down, and the rest
        rmse, mae, r2                               linear
        accuracy, auc, log_loss, brier              logistic; auc is null for one class
        accuracy, macro_f1, log_loss                forest; each {"mean": , "min": , "max": }

Coefficients are in the order of REGRESSION or CLASSIFICATION below; the logistic ones are exact to
about 1e-9. Reasons for `not_trained` are `too_few_rows` (fewer than two, or a batch that does not
exist) and `one_class`. The macro F1 is over the classes that occur among the truths or the
predictions. The log-loss clips probabilities to [eps, 1 - eps], eps = 2**-52, after a class that
was absent from training has been given the probability 0.
"""

import os

# The order of a threaded sum may vary; one thread has one order. Must precede the imports.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import csv
import hashlib
import itertools
import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import scipy
import sklearn
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    f1_score,
    log_loss,
    mean_absolute_error,
    mean_squared_error,
    r2_score,
    roc_auc_score,
)
from sklearn.preprocessing import StandardScaler

RATE = 100  # records a second of stream time
BATCH_ROWS = 1000
BATCH_SECONDS = 60
WINDOW_SECONDS = 300
VERSIONS = (1, 2, 3)
FOREST_SEEDS = range(20)
QUANTILE = 0.75
CATEGORY_EDGES = (1, 5, 20)  # the largest Low, Medium and High

REGRESSION = ["quantity", "price", "month", "day", "hour"]
CLASSIFICATION = ["quantity", "price", "total_amount", "month", "day", "hour"]

REASONS = """wrong_column_count unparsable_field overlap cancelled adjustment missing_customer
non_positive_quantity non_positive_price""".split()
COLUMNS = {
    "invoice": "invoice",
    "invoiceno": "invoice",
    "stockcode": "stock_code",
    "description": "description",
    "quantity": "quantity",
    "invoicedate": "date",
    "price": "price",
    "unitprice": "price",
    "customerid": "customer",
    "country": "country",
}
TIME = r"[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d{1,6})?)?Z?"
ISO_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})" + TIME)
US_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})" + TIME)  # month first
CUSTOMER = re.compile(r"(\d+)(?:\.0*)?")
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")  # float() takes more: nan, 1_000
WHOLE = re.compile(r"[-+]?\d+")


class NotTrained(Exception):
    """A slice that gives no model; the message is the reason."""


def parse_date(text):
    """(month, day, hour) of a date, or ValueError."""
    if match := ISO_DATE.fullmatch(text):
        year, month, day, hour, minute, second = match.groups("0")
    elif match := US_DATE.fullmatch(text):
        month, day, year, hour, minute, second = match.groups("0")
    else:
        raise ValueError(text)
    stamp = pd.Timestamp(int(year), int(month), int(day), int(hour), int(minute), int(second))
    return stamp.month, stamp.day, stamp.hour


def parse_row(row, dates):
    """(invoice, quantity, date, price, customer or None) of a row, or ValueError."""
    text = row["date"].strip()
    if text not in dates:
        dates[text] = parse_date(text)
    quantity, price = row["quantity"].strip(), row["price"].strip()
    if not WHOLE.fullmatch(quantity) or not NUMBER.fullmatch(price):
        raise ValueError(quantity, price)
    customer = None
    if stripped := row["customer"].strip():
        if not (match := CUSTOMER.fullmatch(stripped)):
            raise ValueError(stripped)
        customer = int(match[1])
    return row["invoice"].strip(), int(quantity), dates[text], float(price), customer


def reason_to_reject(invoice, quantity, price, customer):
    if invoice[:1] in ("C", "c"):
        return "cancelled"
    if invoice[:1] in ("A", "a"):
        return "adjustment"
    if customer is None:
        return "missing_customer"
    if quantity <= 0:
        return "non_positive_quantity"
    if not price > 0:
        return "non_positive_price"
    return None


def read(path):
    """(rows read, rows by reason, kept rows as a frame)."""
    rejected = dict.fromkeys(REASONS, 0)
    kept, dates, read_rows = [], {}, 0
    # Latin-1 decodes any byte, and nothing that is kept of a row is beyond ASCII.
    with open(path, encoding="latin-1", newline="") as file:
        rows = csv.reader(file)
        header = [COLUMNS.get(re.sub(r"\s|ï»¿", "", name).lower()) for name in next(rows)]
        for fields in rows:
            if not fields:
                continue  # an empty line is no record
            record, read_rows = read_rows, read_rows + 1
            if len(fields) != len(header):
                rejected["wrong_column_count"] += 1
                continue
            try:
                row = parse_row(dict(zip(header, fields)), dates)
            except ValueError:
                rejected["unparsable_field"] += 1
                continue
            invoice, quantity, date, price, customer = row
            if reason := reason_to_reject(invoice, quantity, price, customer):
                rejected[reason] += 1
            else:
                kept.append((record, quantity, price, customer, *date))
    names = ["record", "quantity", "price", "customer", "month", "day", "hour"]
    types = dict.fromkeys(names, "int64") | {"price": "float64"}
    frame = pd.DataFrame(kept, columns=names).astype(types)
    frame["total_amount"] = frame.quantity * frame.price
    # Half away from zero; prices are above zero here.
    frame["spend"] = np.floor(frame.price * 1000 + 0.5).astype("int64") * frame.quantity
    frame["category"] = np.searchsorted(CATEGORY_EDGES, frame.quantity, side="left")
    return read_rows, rejected, frame


def batch_bounds(frame):
    """Half-open (first, end) kept rows of each batch: closed by count or by age."""
    micros = frame.record.to_numpy() * 1_000_000 // RATE
    bounds, first = [], 0
    for row in range(len(frame)):
        full = row - first == BATCH_ROWS
        old = row > first and micros[row] >= micros[first] + BATCH_SECONDS * 1_000_000
        if full or old:
            bounds.append((first, row))
            first = row
    if first < len(frame):
        bounds.append((first, len(frame)))
    return bounds


def split(rows):
    at = len(rows) * 4 // 5
    if at == 0 or at == len(rows):
        raise NotTrained("too_few_rows")
    return rows[:at], rows[at:]


def or_reason(compute, *args):
    try:
        return compute(*args)
    except NotTrained as reason:
        return {"not_trained": str(reason)}


def numbers(array):
    return [float(value) for value in np.ravel(array)]


def fit_linear(rows):
    if len(rows) < 2:
        raise NotTrained("too_few_rows")
    return LinearRegression().fit(rows[REGRESSION], rows.total_amount)


def linear_holdout(rows):
    train, test = split(rows)
    predicted = fit_linear(train).predict(test[REGRESSION])
    return {
        "train_rows": len(train),
        "test_rows": len(test),
        "rmse": float(mean_squared_error(test.total_amount, predicted) ** 0.5),
        "mae": float(mean_absolute_error(test.total_amount, predicted)),
        "r2": float(r2_score(test.total_amount, predicted)),
    }


def linear(rows):
    model = fit_linear(rows)
    return {
        "intercept": float(model.intercept_),
        "coefficients": numbers(model.coef_),
        "rank": int(model.rank_),
        "holdout": or_reason(linear_holdout, rows),
    }


def fit_forest(rows, seed):
    if len(rows) < 2:
        raise NotTrained("too_few_rows")
    if rows.category.nunique() < 2:
        raise NotTrained("one_class")
    forest = RandomForestClassifier(n_estimators=10, max_depth=5, random_state=seed)
    return forest.fit(rows[CLASSIFICATION], rows.category)


def forest_metrics(train, test, seed):
    model = fit_forest(train, seed)
    known = model.predict_proba(test[CLASSIFICATION])
    probabilities = np.zeros((len(test), len(CATEGORY_EDGES) + 1))
    probabilities[:, model.classes_] = known
    predicted = probabilities.argmax(axis=1)
    return {
        "accuracy": accuracy_score(test.category, predicted),
        "macro_f1": f1_score(test.category, predicted, average="macro"),
        "log_loss": log_loss(test.category, probabilities, labels=range(probabilities.shape[1])),
    }


def forest_holdout(rows):
    train, test = split(rows)
    runs = pd.DataFrame([forest_metrics(train, test, seed) for seed in FOREST_SEEDS])
    return {
        "train_rows": len(train),
        "test_rows": len(test),
        **{
            name: {how: float(getattr(values, how)()) for how in ("mean", "min", "max")}
            for name, values in runs.items()
        },
    }


def forest(rows):
    importances = [fit_forest(rows, seed).feature_importances_ for seed in FOREST_SEEDS]
    counts = np.bincount(rows.category, minlength=len(CATEGORY_EDGES) + 1)
    return {
        "class_counts": [int(count) for count in counts],
        "importances": numbers(np.mean(importances, axis=0)),
        "holdout": or_reason(forest_holdout, rows),
    }


class HighValue:
    """The label: what customers spent in the slice it is fitted on, and the threshold."""

    def __init__(self, rows):
        if len(rows) < 2:
            raise NotTrained("too_few_rows")
        self.spend = rows.groupby("customer").spend.sum()
        self.threshold = np.quantile(self.spend.to_numpy(), QUANTILE)

    def of(self, rows):
        spent = rows.customer.map(self.spend).fillna(0)
        return (spent >= self.threshold).to_numpy().astype(int)


def fit_logistic(rows):
    label = HighValue(rows)
    target = label.of(rows)
    if len(np.unique(target)) < 2:
        raise NotTrained("one_class")
    scaler = StandardScaler().fit(rows[CLASSIFICATION])
    model = LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-10, max_iter=1000)
    return label, scaler, model.fit(scaler.transform(rows[CLASSIFICATION]), target)


def logistic_holdout(rows):
    train, test = split(rows)
    label, scaler, model = fit_logistic(train)
    truth = label.of(test)
    probability = model.predict_proba(scaler.transform(test[CLASSIFICATION]))[:, 1]
    both = len(np.unique(truth)) == 2
    return {
        "train_rows": len(train),
        "test_rows": len(test),
        "accuracy": float(accuracy_score(truth, probability >= 0.5)),
        "auc": float(roc_auc_score(truth, probability)) if both else None,
        "log_loss": float(log_loss(truth, probability, labels=[0, 1])),
        "brier": float(brier_score_loss(truth, probability, pos_label=1)),
    }


def logistic(rows):
    label, scaler, model = fit_logistic(rows)
    return {
        "intercept": float(model.intercept_[0]),
        "coefficients": numbers(model.coef_),
        "scaler_mean": numbers(scaler.mean_),
        "scaler_scale": numbers(scaler.scale_),
        "spend_threshold": float(label.threshold / 1000),
        "customers": len(label.spend),
        "positives": int(label.of(rows).sum()),
        "holdout": or_reason(logistic_holdout, rows),
    }


def slices(frame, bounds):
    """Every model's name, what computes it, and its half-open (first, end) kept rows."""
    rows = len(frame)
    for version in VERSIONS:
        yield f"linear_model_{version}", linear, (0, rows * version // 3)
    for version in VERSIONS:
        inside = frame.record < version * WINDOW_SECONDS * RATE
        yield f"rf_model_window_{version}", forest, (0, int(inside.sum()))
    newest = bounds[-len(VERSIONS) :]
    for version, bound in itertools.zip_longest(VERSIONS, newest, fillvalue=(rows, rows)):
        yield f"logistic_model_batch_{version}", logistic, bound


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    source = Path(sys.argv[1])
    output = Path(sys.argv[2] if len(sys.argv) == 3 else Path(__file__).with_name("sample.json"))

    rows_read, rejected, frame = read(source)
    bounds = batch_bounds(frame)
    models = {}
    for name, compute, (first, end) in slices(frame, bounds):
        print(f"{name}: rows {first} to {end}", file=sys.stderr)
        result = or_reason(compute, frame[first:end].reset_index(drop=True))
        models[name] = {"rows": end - first, "first_row": first, **result}
    reference = {
        "csv_sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "libraries": {
            "python": ".".join(map(str, sys.version_info[:3])),
            **{module.__name__: module.__version__ for module in (np, pd, scipy, sklearn)},
        },
        "forest_seeds": list(FOREST_SEEDS),
        "rows_read": rows_read,
        "rows_kept": len(frame),
        "rejected": rejected,
        "batches": len(bounds),
        "last_batch_rows": bounds[-1][1] - bounds[-1][0] if bounds else 0,
        "models": models,
    }
    output.write_text(json.dumps(reference, indent=2) + "\n")


if __name__ == "__main__":
    main()
