"""Making the format ``retail_model`` known to a session."""

from __future__ import annotations

from typing import Any

__all__ = ["register"]


def register(spark: Any) -> None:
    """Makes ``df.write.format("retail_model")`` and ``df.writeStream.format("retail_model")`` known.

    It takes Spark 4.1 or newer.
    """
    try:
        from ._sink import RetailModelSource
    except ImportError as error:
        raise ImportError(
            "retail_model: expected PySpark 4.1 or newer with pyarrow; "
            f"install that where the session and the executors run: {error}"
        ) from error
    spark.dataSource.register(RetailModelSource)
