"""From a stream of retail transactions to continuously retrained, versioned, served models.

    >>> import retail_analytics as ra
    >>> engine = ra.Engine()
    >>> report = engine.run("online_retail_II.xlsx")
    >>> engine.models["linear_model_3"].predict({"quantity": 10, "price": 25.5, "month": 6, "day": 11, "hour": 14})

The estimators ``LinearRegression``, ``LogisticRegression`` and ``RandomForestClassifier`` follow
scikit-learn's conventions; they are imported when they are first used, because scikit-learn takes a while.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._core import Server, Table, __version__
from ._engine import Engine, Report
from ._kafka import Kafka
from ._models import Model, Models

if TYPE_CHECKING:
    from ._estimators import LinearRegression, LogisticRegression, RandomForestClassifier

__all__ = [
    "Engine",
    "Kafka",
    "LinearRegression",
    "LogisticRegression",
    "Model",
    "Models",
    "RandomForestClassifier",
    "Report",
    "Server",
    "Table",
    "__version__",
]

_ESTIMATORS = ("LinearRegression", "LogisticRegression", "RandomForestClassifier")


def __getattr__(name: str) -> Any:
    if name in _ESTIMATORS:
        from . import _estimators

        return getattr(_estimators, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
