"""From a stream of retail transactions to continuously retrained, versioned, served models.

    >>> import retail_analytics as ra
    >>> engine = ra.Engine()
    >>> report = engine.run("online_retail_II.xlsx")
    >>> engine.models["linear_model_3"].predict({"quantity": 10, "price": 25.5, "month": 6, "day": 11, "hour": 14})

The estimators ``LinearRegression``, ``LogisticRegression`` and ``RandomForestClassifier`` follow
scikit-learn's conventions.

Importing the package imports neither NumPy nor scikit-learn: what needs them does so when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._core import Server, Table, __version__
from ._engine import Engine
from ._models import Model, Models

if TYPE_CHECKING:
    from ._estimators import LinearRegression, LogisticRegression, RandomForestClassifier
    from ._kafka import Kafka
    from ._report import Report

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

#: Names that are imported when they are first used, and from where.
_LAZY = {
    "Kafka": "_kafka",
    "LinearRegression": "_estimators",
    "LogisticRegression": "_estimators",
    "RandomForestClassifier": "_estimators",
    "Report": "_report",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_LAZY[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
