"""The work of `engine --once` with Spark's own readers and models, in one JVM with two threads.

    python benches/peers/spark_mllib.py INPUT.csv OUTPUT_FOLDER

Set up as one would for a job on one small machine: as many shuffle partitions as threads, no web
page, typed columns instead of inferred ones, clean rows cached as plain columns, the closed form
for the linear models, and several models at a time, because small ones spend their time waiting
for the scheduler. Where each model's rows begin and end is asked of the data once.

MLlib keeps its own ideas in three places. Its forests look for splits in 32 bins, its default.
It standardises by the sample's deviation (divisor n - 1), which the penalty below makes up for.
And its optimiser ends at a relative change of 1e-6, its default, so the logistic models agree
with the others to fewer digits. A number that cannot be read counts as missing here.
"""

import time

STARTED = time.perf_counter()

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pyspark.ml.classification import LogisticRegression, RandomForestClassifier
from pyspark.ml.evaluation import BinaryClassificationEvaluator
from pyspark.ml.feature import VectorAssembler
from pyspark.ml.functions import vector_to_array
from pyspark.ml.regression import LinearRegression
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.storagelevel import StorageLevel

THREADS = 2
MODELS_AT_A_TIME = 4
RATE = 100  # records a second of stream time
BATCH_ROWS = 1000
BATCH_SECONDS = 60
WINDOW_SECONDS = 300
SEED = 42
KEPT = "kept"
REASONS = (
    "cancelled",
    "adjustment",
    "missing_customer",
    "non_positive_quantity",
    "non_positive_price",
)
SCHEMA = (
    "Invoice string, StockCode string, Description string, Quantity long, InvoiceDate timestamp, "
    "Price double, `Customer ID` double, Country string"
)
REGRESSION = ["quantity", "price", "month", "day", "hour"]
CLASSIFICATION = ["quantity", "price", "total", "month", "day", "hour"]


def session(size):
    # Measured: without its second compiler the JVM needs a third less processor time for a file of
    # 28 MB, and 40 % more for one of 350 MB.
    compiler = "-XX:TieredStopAtLevel=1" if size < 100e6 else "-XX:+TieredCompilation"
    settings = {
        "spark.driver.memory": os.environ.get("SPARK_DRIVER_MEMORY", "8g"),
        "spark.driver.extraJavaOptions": compiler,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": THREADS,
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "false",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }
    builder = SparkSession.builder.master(f"local[{THREADS}]").appName("nine models")
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def read(spark, path):
    """All rows with the first reason against each, and their place in the file's partitions."""
    raw = spark.read.schema(SCHEMA).csv(path, header=True, escape='"')
    first = F.lower(F.substring("Invoice", 1, 1))
    quantity, price, date = F.col("Quantity"), F.col("Price"), F.col("InvoiceDate")
    reason = (
        F.when(first == "c", REASONS[0])
        .when(first == "a", REASONS[1])
        .when(F.col("Customer ID").isNull(), REASONS[2])
        .when(quantity <= 0, REASONS[3])
        .when(~(price > 0), REASONS[4])
        .otherwise(KEPT)
    )
    return raw.select(
        reason.alias("reason"),
        F.monotonically_increasing_id().alias("place"),
        quantity.alias("quantity"),
        price.alias("price"),
        (quantity * price).alias("total"),
        F.col("Customer ID").cast("long").alias("customer"),
        F.month(date).alias("month"),
        F.dayofmonth(date).alias("day"),
        F.hour(date).alias("hour"),
    )


def numbered(column, offsets):
    """A number within a partition plus the rows of all partitions before it."""
    before = F.create_map(*(F.lit(v) for pair in offsets.items() for v in pair))
    partition = F.shiftright(F.col(column), 33)
    return F.col(column) - F.shiftleft(partition, 33) + before[partition]


def running(counts):
    """For each partition, in order, the sum of those before it."""
    total, offsets = 0, {}
    for partition in sorted(counts):
        offsets[partition] = total
        total += counts[partition]
    return offsets


def clean(spark, path):
    """(rows read, {reason: rows}, kept rows with their numbers, how many of them)."""
    rows = read(spark, path).persist(StorageLevel.MEMORY_AND_DISK)
    partition = F.shiftright("place", 33).alias("partition")
    counts = rows.groupBy(partition, "reason").count().collect()
    reasons, read_in, kept_in = dict.fromkeys(REASONS, 0), {}, {}
    for row in counts:
        read_in[row.partition] = read_in.get(row.partition, 0) + row["count"]
        kept_in.setdefault(row.partition, 0)
        if row.reason == KEPT:
            kept_in[row.partition] = row["count"]
        else:
            reasons[row.reason] += row["count"]
    kept = (
        rows.where(F.col("reason") == KEPT)
        .withColumn("among_kept", F.monotonically_increasing_id())
        .withColumn("record", numbered("place", running(read_in)))
        .withColumn("row", numbered("among_kept", running(kept_in)))
        .drop("reason", "place", "among_kept")
        .persist(StorageLevel.MEMORY_AND_DISK)
    )
    kept.count()
    rows.unpersist()
    return sum(read_in.values()), reasons, kept, sum(kept_in.values())


def batch_bounds(kept, length):
    """Half-open rows of each batch, and the number of batches."""
    edges = kept.where((F.col("row") % BATCH_ROWS).isin(0, BATCH_ROWS - 1))
    records = dict(edges.select("row", "record").collect())
    starts = range(0, length, BATCH_ROWS)
    age = BATCH_SECONDS * RATE
    # The last batch may be short; it is too old only if its newest row is.
    records[length - 1] = kept.where(F.col("row") == length - 1).first().record
    ends = [min(start + BATCH_ROWS, length) for start in starts]
    if any(records[end - 1] - records[start] >= age for start, end in zip(starts, ends)):
        sys.exit("batches closed by age are not supported by this peer")
    return list(zip(starts, ends))


def assembled(rows, features):
    return VectorAssembler(inputCols=features, outputCol="features").transform(rows)


def linear(rows, split):
    data = assembled(rows, REGRESSION).withColumnRenamed("total", "label")
    fitter = LinearRegression(solver="normal")
    model = fitter.fit(data)
    train, test = data.where(F.col("row") < split), data.where(F.col("row") >= split)
    error = F.col("prediction") - F.col("label")
    sums = fitter.fit(train).transform(test).agg(
        F.avg(error * error).alias("mse"),
        F.avg(F.abs(error)).alias("mae"),
        F.var_pop("label").alias("variance"),
    )
    row = sums.first()
    metrics = {"rmse": row.mse**0.5, "mae": row.mae, "r2": 1 - row.mse / row.variance}
    return model, metrics


def forest(rows, split):
    quantity = F.col("quantity")
    category = (quantity > 1).cast("int") + (quantity > 5).cast("int") + (quantity > 20).cast("int")
    data = assembled(rows.withColumn("label", category), CLASSIFICATION)
    # The first minutes lie in the first part of the file: both threads get half of them.
    data = data.select("row", "label", "features").repartition(THREADS).persist()
    fitter = RandomForestClassifier(numTrees=10, maxDepth=5, seed=SEED)
    model = fitter.fit(data)
    train, test = data.where(F.col("row") < split), data.where(F.col("row") >= split)
    given = vector_to_array("probability")[F.col("label").cast("int")]
    loss = -F.log(F.greatest(given, F.lit(2.0**-52)))
    cells = (
        fitter.fit(train)
        .transform(test)
        .groupBy("label", F.col("prediction").cast("int").alias("predicted"))
        .agg(F.count("*").alias("rows"), F.sum(loss).alias("loss"))
        .collect()
    )
    data.unpersist()
    total = sum(cell.rows for cell in cells)
    hits = {cell.label: cell.rows for cell in cells if cell.label == cell.predicted}
    scores = []
    for name in {cell.label for cell in cells} | {cell.predicted for cell in cells}:
        truths = sum(cell.rows for cell in cells if cell.label == name)
        answers = sum(cell.rows for cell in cells if cell.predicted == name)
        scores.append(2 * hits.get(name, 0) / (truths + answers))
    metrics = {
        "accuracy": sum(hits.values()) / total,
        "macro_f1": sum(scores) / len(scores),
        "log_loss": sum(cell.loss for cell in cells) / total,
    }
    return model, metrics


def valuable(train, rows):
    """`rows` with the label: whether their customers had spent enough in `train`."""
    mills = F.round(F.col("price") * 1000).cast("long") * F.col("quantity")
    spend = train.groupBy("customer").agg(F.sum(mills).alias("spend"))
    threshold = spend.agg(F.expr("percentile(spend, 0.75)")).first()[0]
    label = (F.coalesce("spend", F.lit(0)) >= threshold).cast("int")
    joined = rows.join(F.broadcast(spend), "customer", "left").withColumn("label", label)
    return joined.select("label", "features").persist()


def logistic(rows, split):
    data = assembled(rows, CLASSIFICATION).coalesce(1).persist()

    def fit(train, count):
        # C = 1 of scikit-learn, in terms of a mean loss and of the sample's deviation.
        penalty = (count - 1) / count**2
        return LogisticRegression(regParam=penalty, maxIter=1000).fit(train)

    count = data.count()
    whole = valuable(data, data)
    model = fit(whole, count)
    train, test = data.where(F.col("row") < split), data.where(F.col("row") >= split)
    labelled, truth = valuable(train, train), valuable(train, test)
    answers = fit(labelled, labelled.count()).transform(truth).persist()
    yes, label = vector_to_array("probability")[1], F.col("label")
    given = F.when(label == 1, yes).otherwise(1 - yes)
    row = answers.agg(
        F.avg((label == (yes > 0.5).cast("int")).cast("int")).alias("accuracy"),
        F.avg(-F.log(F.greatest(given, F.lit(2.0**-52)))).alias("log_loss"),
        F.avg((yes - label) ** 2).alias("brier"),
        F.countDistinct("label").alias("classes"),
    ).first()
    evaluator = BinaryClassificationEvaluator(numBins=0)
    metrics = {
        "accuracy": row.accuracy,
        "auc": evaluator.evaluate(answers) if row.classes == 2 else None,
        "log_loss": row.log_loss,
        "brier": row.brier,
    }
    for frame in (data, whole, labelled, truth, answers):
        frame.unpersist()
    return model, metrics


def train(spec, kept, folder):
    """One model: fitted, saved, measured. Its rows `[first, end)` and those learned from first."""
    name, kind, first, end = spec
    started = time.perf_counter()
    split = first + (end - first) * 4 // 5
    rows = kept.where((F.col("row") >= first) & (F.col("row") < end))
    model, metrics = kind(rows, split)
    model.write().overwrite().save(str(folder / name))
    return {
        "name": name,
        "status": "trained",
        "rows": end - first,
        "holdout": metrics,
        "seconds": time.perf_counter() - started,
    }


def specs(kept, length, batches):
    for version in (1, 2, 3):
        yield f"linear_model_{version}", linear, 0, length * version // 3
    step = WINDOW_SECONDS * RATE
    # A condition on the record alone would let Spark look through the whole file for few rows.
    ends = kept.where((F.col("row") < 3 * step) & (F.col("record") < 3 * step)).agg(
        *(F.count(F.when(F.col("record") < version * step, 1)) for version in (1, 2, 3))
    )
    for version, end in enumerate(ends.first(), start=1):
        yield f"rf_model_window_{version}", forest, 0, end
    for version, (first, end) in enumerate(batches[-3:], start=1):
        yield f"logistic_model_batch_{version}", logistic, first, end


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: spark_mllib.py INPUT.csv OUTPUT_FOLDER")
    folder = Path(sys.argv[2], "models").absolute()
    spark = session(os.path.getsize(sys.argv[1]))
    ready = time.perf_counter()
    rows_read, rejected, kept, length = clean(spark, sys.argv[1])
    batches = batch_bounds(kept, length)
    jobs = list(specs(kept, length, batches))
    with ThreadPoolExecutor(MODELS_AT_A_TIME) as pool:
        models = list(pool.map(lambda spec: train(spec, kept, folder), jobs))
    summary = {
        "rows_read": rows_read,
        "rows_kept": length,
        "rejected": {"wrong_column_count": 0, "unparsable_field": 0, "overlap": 0, **rejected},
        "batches": len(batches),
        "models": models,
        "seconds": time.perf_counter() - STARTED,
        "import_seconds": ready - STARTED,
    }
    print(json.dumps(summary), flush=True)
    # Waited for: whoever measures this process then sees what the JVM took.
    java = spark.sparkContext._gateway.proc
    spark.stop()
    java.stdin.close()
    java.wait()


if __name__ == "__main__":
    main()
