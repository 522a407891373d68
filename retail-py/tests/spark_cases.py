"""What the tests of Spark share: a session, rows, and the models of one machine."""

from __future__ import annotations

import math
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import retail_analytics as ra
from retail_analytics import _core
from retail_analytics.spark import ForestSpec, LinearSpec, LogisticSpec

FEATURES = ["quantity", "unit price", "vat.rate"]
ROWS = 3_000

LINEAR = LinearSpec(features=FEATURES, label="revenue")
WEIGHTED = LinearSpec(features=FEATURES, label="revenue", weight="weight")
LOGISTIC = LogisticSpec(features=FEATURES, label="is_late", C=0.5)
WEIGHTED_LOGISTIC = LogisticSpec(features=FEATURES, label="is_late", weight="weight", C=math.inf)
FOREST = ForestSpec(
    features=FEATURES,
    label="kind",
    n_classes=3,
    row_number="n",
    n_estimators=5,
    max_depth=4,
    max_bins=64,
    seed=3,
)
SPECS = {
    "linear": LINEAR,
    "weighted linear": WEIGHTED,
    "logistic": LOGISTIC,
    "weighted logistic": WEIGHTED_LOGISTIC,
    "forest": FOREST,
}


@pytest.fixture(scope="session")
def connect_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory, connect_port: int) -> Iterator[Any]:
    """Two executors, each a process of its own, and a server for Spark Connect."""
    pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("Spark needs Java, and there is none")
    from pyspark.sql import SparkSession

    package = str(Path(ra.__file__).parent.parent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        session = (
            SparkSession.builder.master("local-cluster[2,1,1024]")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.executorEnv.PYTHONPATH", package)
            .config("spark.local.dir", str(tmp_path_factory.mktemp("spark")))
            .config("spark.sql.shuffle.partitions", "3")
            .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
            .config("spark.ui.enabled", "false")
            .config("spark.plugins", "org.apache.spark.sql.connect.SparkConnectPlugin")
            .config("spark.connect.grpc.binding.address", "127.0.0.1")
            .config("spark.connect.grpc.binding.port", str(connect_port))
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("ERROR")
        work = Path(pyspark.__file__).parent / "work" / session.sparkContext.applicationId
        yield session
        session.stop()
        shutil.rmtree(work, ignore_errors=True)


@pytest.fixture(scope="session")
def sold() -> pd.DataFrame:
    """Sales of three kinds, with numbers of several types."""
    draw = np.random.default_rng(11)
    quantity = draw.integers(1, 50, ROWS)
    price = draw.integers(1, 2_000, ROWS) / 100
    rate = draw.choice([0.05, 0.1, 0.2], ROWS)
    revenue = quantity * 2.5 + price * 10 - rate * 7 + draw.normal(size=ROWS)
    return pd.DataFrame(
        {
            "n": np.arange(ROWS),
            "quantity": quantity,
            "unit price": price,
            "vat.rate": rate,
            "revenue": revenue,
            "is_late": revenue + draw.normal(size=ROWS) * 80 > 160,
            "kind": np.digitize(revenue + draw.normal(size=ROWS) * 20, [100, 200]),
            "weight": draw.integers(0, 3, ROWS).astype(float),
            "country": draw.choice(["United Kingdom", "France"], ROWS),
        }
    )


@pytest.fixture(scope="session")
def frame(spark: Any, sold: pd.DataFrame) -> Any:
    return spark.createDataFrame(sold)


def alone(spec: Any, table: pd.DataFrame) -> Any:
    """The model of one machine that never heard of Spark or of rounds."""
    x = table[FEATURES].to_numpy(np.float64)
    y = table[spec.label].to_numpy(np.float64)
    weights = None if spec.weight is None else table[spec.weight].to_numpy()
    if isinstance(spec, LinearSpec):
        return _core.fit_linear(x, y, weights, FEATURES, 1)
    if isinstance(spec, LogisticSpec):
        search = {"alpha": 1 / spec.C, "max_iter": 100, "tol": 1e-10, "threads": 1}
        return _core.fit_logistic(x, y, weights, FEATURES, search)
    growth = {
        "n_estimators": 5,
        "max_depth": 4,
        "max_features": 1,
        "min_samples_leaf": 1,
        "min_samples_split": 2,
        "max_bins": 64,
        "bootstrap": spec.bootstrap,
        "seed": 3,
        "threads": 1,
    }
    return _core.fit_forest(x, y, None, FEATURES, 3, growth)
