"""Training and predicting over the rows of a Spark DataFrame, where they are.

    >>> from retail_analytics.spark import LinearSpec, fit, predict
    >>> model = fit(df, LinearSpec(features=["quantity", "price"], label="revenue"))
    >>> predict(df, model).show()

or, into a file that learns on, from DataFrames and streams, with the format ``retail_model``:

    >>> from retail_analytics.spark import load, register
    >>> register(spark)
    >>> linear = df.write.format("retail_model").option("algorithm", "linear").option("label", "revenue")
    >>> linear.option("features", "quantity, price").mode("append").save("/models/revenue.model")
    >>> predict(df, load("/models/revenue.model")).show()

The same rows give the same model, to the byte, in any order, in any partitions, and on one machine. Only the
DataFrame API is used, so that sessions of Spark Connect do as well. The package must be installed where the
executors run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._fit import fit
from ._model import SparkModel, load
from ._predict import predict
from ._register import register
from ._specs import ForestSpec, LinearSpec, LogisticSpec

if TYPE_CHECKING:
    from ._sink import RetailModelSource

__all__ = [
    "ForestSpec",
    "LinearSpec",
    "LogisticSpec",
    "RetailModelSource",
    "SparkModel",
    "fit",
    "load",
    "predict",
    "register",
]


def __getattr__(name: str) -> Any:
    # It needs pyspark, which the rest needs only when it is used.
    if name == "RetailModelSource":
        from ._sink import RetailModelSource

        return RetailModelSource
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
