"""Single fits over the rows of a Spark DataFrame: the engine's rounds and Spark's own models.

    python benches/peers/spark_fits.py INPUT.csv FOLDER EXECUTORS

One session of `local-cluster` with so many executors of one core each, which are processes of their own,
trains them all, in turns. The clean rows of the input are written to a Parquet file first. "Read" is a fit
from that file, "cached" one from rows in the executors' memory; MLlib's are cached as the vectors that it
takes, so that assembling them is not its time then. MLlib's linear model uses its closed form, its forest
looks for splits in its default of 32 bins, the engine's in up to 255. The penalty of the logistic models is
the same for a mean loss, over standardised features.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
from answer import answer
from pyspark.ml.classification import LogisticRegression, RandomForestClassifier
from pyspark.ml.feature import VectorAssembler
from pyspark.ml.regression import LinearRegression
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

import retail_analytics
from retail_analytics.spark import ForestSpec, LinearSpec, LogisticSpec, fit, predict

REGRESSION = ["quantity", "price", "month", "day", "hour"]
CLASSIFICATION = ["quantity", "price", "total", "month", "day", "hour"]
PENALTY = 1e-4
SCHEMA = (
    "Invoice string, StockCode string, Description string, Quantity long, InvoiceDate string, "
    "Price double, `Customer ID` double, Country string"
)


def session(folder, executors):
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        # Where the executors find the package, if it is not installed.
        "spark.executorEnv.PYTHONPATH": str(Path(retail_analytics.__file__).parent.parent),
        "spark.local.dir": str(folder / "spark"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.shuffle.partitions": 2,
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "false",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }
    builder = SparkSession.builder.master(f"local-cluster[{executors},1,1024]")
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def write(spark, source, path):
    """Clean rows with their features and labels, in as many parts as there are cores or more."""
    at = F.to_timestamp("InvoiceDate")
    rows = spark.read.csv(str(source), header=True, schema=SCHEMA).where(
        "Quantity > 0 AND Price > 0 AND `Customer ID` IS NOT NULL AND Invoice NOT LIKE 'C%'"
    )
    rows = rows.select(
        F.monotonically_increasing_id().alias("n"),
        F.col("Quantity").cast("double").alias("quantity"),
        F.col("Price").alias("price"),
        (F.col("Quantity") * F.col("Price")).alias("total"),
        F.month(at).cast("double").alias("month"),
        F.dayofmonth(at).cast("double").alias("day"),
        F.hour(at).cast("double").alias("hour"),
    ).where("month IS NOT NULL")
    # A label that no feature decides alone.
    noisy = F.col("total") + 20 * F.randn(seed=1)
    category = F.when(F.col("quantity") < 2, 0).when(F.col("quantity") < 6, 1)
    rows = rows.withColumns(
        {
            "is_high": (noisy > 20).cast("int"),
            "category": category.when(F.col("quantity") < 12, 2).otherwise(3),
        }
    )
    rows.repartition(8).write.mode("overwrite").parquet(str(path))


def main():
    source, folder, executors = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    spark = session(folder, executors)
    path = folder / "rows.parquet"
    if not path.exists():
        write(spark, source, path)
    read = lambda: spark.read.parquet(str(path))
    rows = read().count()
    print(f"{rows} rows, {executors} executors", file=sys.stderr)
    columns = list(dict.fromkeys(["n", *CLASSIFICATION, "is_high", "category"]))
    kept = read().select(columns).cache()
    kept.count()

    def vectors(of, features, label):
        assembler = VectorAssembler(inputCols=features, outputCol="features")
        return assembler.transform(of).select("features", F.col(label).alias("label"))

    def agree_linear(ours, theirs):
        model = json.loads(ours.to_json())
        np.testing.assert_allclose(model["coefficients"], theirs.coefficients, rtol=1e-6, atol=1e-9)

    def accuracy(predicted, label):
        return predicted.where(F.col("prediction") == F.col(label)).count() / rows

    def agree_classes(label, features, tolerance):
        def agree(ours, theirs):
            own = accuracy(predict(kept, ours, "prediction"), label)
            other = accuracy(theirs.transform(vectors(kept, features, label)), "label")
            assert abs(own - other) < tolerance, f"{label}: accuracy {own} and {other}"

        return agree

    kinds = [
        (
            "linear",
            LinearSpec(features=REGRESSION, label="total"),
            LinearRegression(solver="normal"),
            agree_linear,
        ),
        (
            "logistic",
            LogisticSpec(features=CLASSIFICATION, label="is_high", C=1 / (PENALTY * rows)),
            LogisticRegression(regParam=PENALTY),
            agree_classes("is_high", CLASSIFICATION, 1e-3),
        ),
        (
            "forest",
            ForestSpec(
                features=CLASSIFICATION,
                label="category",
                n_classes=4,
                row_number="n",
                n_estimators=10,
                # As many as MLlib draws: the root, rounded up.
                max_features=3,
                max_depth=5,
            ),
            RandomForestClassifier(numTrees=10, maxDepth=5, seed=1),
            agree_classes("category", CLASSIFICATION, 0.01),
        ),
    ]
    contenders = []
    for name, spec, estimator, agree in kinds:
        features = list(spec.features)
        ready = vectors(kept, features, spec.label).cache()
        ready.count()
        found = {}

        def measure(result, found=found, agree=agree):
            found.update([result])
            if len(found) == 2:
                agree(found["engine"], found["Spark MLlib"])
                found.clear()
            return {"rows": rows}

        for state, plain, assembled in [
            ("read", read, lambda f=features, s=spec: vectors(read(), f, s.label)),
            ("cached", lambda: kept, lambda ready=ready: ready),
        ]:
            group = f"{name}, {state}, {executors} executors"
            ours = lambda plain=plain, spec=spec: ("engine", fit(plain(), spec))
            theirs = lambda assembled=assembled, e=estimator: ("Spark MLlib", e.fit(assembled()))
            contenders.append((group, "engine", ours, measure))
            contenders.append((group, "Spark MLlib", theirs, measure))
    answer(contenders)
    spark.stop()


if __name__ == "__main__":
    main()
