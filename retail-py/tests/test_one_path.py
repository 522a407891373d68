"""The same rows have the same features and predictions, to the bit, whichever way they come to a model.

The rows are all that an engine keeps of the real sample, or of synthetic sales without it.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import http.client
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.typing import NDArray

import retail_analytics as ra

#: A server takes 1 MiB and 10,000 rows a request.
ROWS_A_REQUEST = 8_000
#: Rows that are asked about one at a time.
ALONE = 400


@dataclass(frozen=True)
class Sales:
    """What an engine has kept, as it wrote it."""

    quantity: NDArray[np.float64]
    price: NDArray[np.float64]
    dates: list[str]

    def table(self) -> pa.Table:
        """Raw fields of the sales: what models need beyond them is computed by the package."""
        times = pa.array([dt.datetime.fromisoformat(text) for text in self.dates], pa.timestamp("us"))
        columns = [self.quantity.astype(np.int64), self.price, times]
        return pa.table(columns, ["quantity", "price", "invoice_date"])

    def features(self, model: ra.Model) -> NDArray[np.float64]:
        """The model's features, computed here with NumPy."""
        times = [dt.datetime.fromisoformat(text) for text in self.dates]
        known = {
            "quantity": self.quantity,
            "price": self.price,
            "total_amount": self.quantity * self.price,
            "month": [time.month for time in times],
            "day": [time.day for time in times],
            "hour": [time.hour for time in times],
        }
        return np.column_stack([known[name] for name in model.feature_names]).astype(np.float64)


def answers(model: ra.Model, rows: Any) -> NDArray[np.float64]:
    """All numbers that a model says of rows, ``(n_samples, 1 or n_classes)``."""
    said = model.predict(rows)[:, None] if model.classes is None else model.predict_proba(rows)
    return np.asarray(said, dtype=np.float64)


def digest(numbers: NDArray[np.float64]) -> str:
    assert numbers.dtype == np.float64
    return hashlib.sha256(np.ascontiguousarray(numbers).tobytes()).hexdigest()


@pytest.fixture(scope="module")
def trained(request: pytest.FixtureRequest) -> ra.Engine:
    engine = ra.Engine(batch={"rows": 500})
    name = "sample" if os.environ.get("RETAIL_SAMPLE") else "csv_file"
    engine.run(request.getfixturevalue(name))
    assert len(engine.models) == 9
    return engine


@pytest.fixture(scope="module")
def kept(trained: ra.Engine) -> Sales:
    files = Path(trained.data_dir).glob("batches/batch_*.csv")
    lines: list[dict[str, str]] = []
    for path in sorted(files, key=lambda path: int(path.stem.rpartition("_")[2])):
        with path.open(newline="") as file:
            lines.extend(csv.DictReader(file))
    assert len(lines) == sum(pl.DataFrame(trained.batches)["rows"]) > 5_000
    return Sales(
        np.array([float(line["quantity"]) for line in lines]),
        np.array([float(line["price"]) for line in lines]),
        [line["invoice_date"] for line in lines],
    )


@pytest.fixture(scope="module")
def expected(trained: ra.Engine, kept: Sales) -> dict[str, str]:
    """The digest of what each model says of an array of its features."""
    digests = {m.name: digest(answers(m, kept.features(m))) for m in trained.models.values()}
    # Windows of the synthetic sales are the same rows for some models.
    assert len(set(digests.values())) > 6
    return digests


def test_arrays(trained: ra.Engine, kept: Sales, expected: dict[str, str]) -> None:
    for model in trained.models.values():
        features = kept.features(model)
        wide = np.repeat(features, 2, axis=1)
        for rows in [np.asfortranarray(features), wide[:, ::2], features.astype(">f8")]:
            assert digest(answers(model, rows)) == expected[model.name]
        backwards = answers(model, features[::-1])[::-1]
        assert digest(backwards) == expected[model.name]


@pytest.mark.parametrize(
    "form",
    [
        lambda table: table,
        lambda table: pa.Table.from_batches(table.to_batches(max_chunksize=777)),
        lambda table: table.to_pandas(),
        lambda table: pl.from_arrow(table),
        lambda table: table.set_column(2, "invoice_date", table["invoice_date"].cast(pa.string())),
    ],
    ids=["pyarrow", "batches", "pandas", "polars", "texts"],
)
def test_tables(
    form: Callable[[pa.Table], Any], trained: ra.Engine, kept: Sales, expected: dict[str, str]
) -> None:
    rows = form(kept.table())
    for model in trained.models.values():
        assert digest(model.features(rows)) == digest(kept.features(model))
        assert digest(answers(model, rows)) == expected[model.name]


def test_dicts_one_at_a_time(trained: ra.Engine, kept: Sales) -> None:
    """Rows that are spread over the stream, with dates as texts and as objects."""
    chosen = np.linspace(0, len(kept.dates) - 1, ALONE).astype(int)
    for model in trained.models.values():
        features = kept.features(model)[chosen]
        rows: list[dict[str, Any]] = [
            {"quantity": kept.quantity[at], "price": kept.price[at], "invoice_date": kept.dates[at]}
            for at in chosen
        ]
        for row in rows[::2]:
            row["invoice_date"] = dt.datetime.fromisoformat(row["invoice_date"])
        found = np.concatenate([model.features(row) for row in rows])
        assert digest(found) == digest(features)
        said = np.concatenate([answers(model, row) for row in rows])
        assert digest(said) == digest(answers(model, features))


def test_http_in_requests_of_many_rows(
    trained: ra.Engine, kept: Sales, expected: dict[str, str]
) -> None:
    bodies = requests(kept)
    with trained.serve(port=0) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        for model in trained.models.values():
            said = [asked(connection, model, body) for body in bodies]
            features, numbers = (np.concatenate(parts) for parts in zip(*said, strict=True))
            assert digest(features) == digest(kept.features(model))
            if model.info["task"]["kind"] == "binary":  # answered with the probability of yes
                numbers = np.column_stack([answers(model, features)[:, 0], numbers])
            assert digest(numbers) == expected[model.name]
        connection.close()


def requests(kept: Sales) -> list[bytes]:
    """Bodies of raw sales, which share the rows out."""
    columns = zip(kept.quantity.tolist(), kept.price.tolist(), kept.dates, strict=True)
    rows = [{"quantity": q, "price": p, "invoice_date": date} for q, p, date in columns]
    begins = range(0, len(rows), ROWS_A_REQUEST)
    return [json.dumps(rows[begin : begin + ROWS_A_REQUEST]).encode() for begin in begins]


def asked(
    connection: http.client.HTTPConnection, model: ra.Model, body: bytes
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The features and the numbers of a request's answer."""
    path = f"/predict/{model.target}/v{model.version}"
    connection.request("POST", path, body, {"content-type": "application/json"})
    response = connection.getresponse()
    text = response.read()
    assert response.status == 200, text
    rows = json.loads(text)
    features = np.array([[row["features_used"][n] for n in model.feature_names] for row in rows])
    if model.classes is None:
        return features.astype(np.float64), np.array([[row["prediction"]] for row in rows])
    if "probability" in rows[0]:
        return features.astype(np.float64), np.array([[row["probability"]] for row in rows])
    shares = np.array([[row["probabilities"][name] for name in model.classes] for row in rows])
    best = model.classes[np.argmax(shares, axis=1)]
    assert list(best) == [row["predicted_category"] for row in rows]
    return features.astype(np.float64), shares


def test_spark(spark: Any, trained: ra.Engine, kept: Sales, expected: dict[str, str]) -> None:
    check_spark(spark, trained, kept, expected)


def test_sail(trained: ra.Engine, kept: Sales, expected: dict[str, str]) -> None:
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    pytest.importorskip("pysail", reason="pysail is not installed")
    from pysail.spark import SparkConnectServer
    from pyspark.sql.connect.session import SparkSession

    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    try:
        port = server.listening_address[1]
        session = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").create()
        try:
            check_spark(session, trained, kept, expected)
        finally:
            session.stop()
    finally:
        server.stop()


def check_spark(session: Any, trained: ra.Engine, kept: Sales, expected: dict[str, str]) -> None:
    """All models over all rows in seven partitions; a row carries its number."""
    table = pa.table(
        {
            "n": np.arange(len(kept.dates)),
            "quantity": kept.quantity,
            "price": kept.price,
            "invoice_date": kept.dates,
        }
    )
    models = list(trained.models.values())

    def predicted(batches: Iterator[Any]) -> Iterator[Any]:
        import numpy
        import pyarrow

        for batch in batches:
            said = [batch.column(0)]
            for model in models:
                rows = pyarrow.Table.from_batches([batch])
                features = model.features(rows)
                is_regression = model.classes is None
                numbers = model.predict(rows)[:, None] if is_regression else model.predict_proba(rows)
                for part in (features, numbers):
                    part = numpy.ascontiguousarray(part, dtype="<f8")
                    said.append(pyarrow.array([row.tobytes() for row in part], pyarrow.binary()))
            yield pyarrow.RecordBatch.from_arrays(said, names)

    names = ["n", *(f"{model.name}_{what}" for model in models for what in ("features", "says"))]
    schema = "n bigint, " + ", ".join(f"{name} binary" for name in names[1:])
    frame = session.createDataFrame(table).repartition(7)
    found = frame.mapInArrow(predicted, schema).toPandas().sort_values("n")
    assert found["n"].to_list() == list(range(len(kept.dates)))
    for model in models:
        features = b"".join(found[f"{model.name}_features"])
        assert hashlib.sha256(features).hexdigest() == digest(kept.features(model))
        said = b"".join(found[f"{model.name}_says"])
        assert hashlib.sha256(said).hexdigest() == expected[model.name]
