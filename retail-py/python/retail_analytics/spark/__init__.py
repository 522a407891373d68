"""Training and predicting over the rows of a Spark DataFrame, where they are.

    >>> from retail_analytics.spark import LinearSpec, fit, predict
    >>> model = fit(df, LinearSpec(features=["quantity", "price"], label="revenue"))
    >>> predict(df, model).show()

The same rows give the same model, to the byte, in any order, in any partitions, and on one machine. Only the
DataFrame API is used, so that sessions of Spark Connect do as well. The package must be installed where the
executors run.
"""

from __future__ import annotations

from ._fit import SparkModel, fit
from ._predict import predict
from ._specs import ForestSpec, LinearSpec, LogisticSpec

__all__ = ["ForestSpec", "LinearSpec", "LogisticSpec", "SparkModel", "fit", "predict"]
