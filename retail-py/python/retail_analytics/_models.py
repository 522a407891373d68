"""Trained models of the engine, and the mapping that holds them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from . import _core, _rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Model:
    """A trained model, with all there is to know of it.

    It is the one that Rust programs and the HTTP server use: the same files, the same numbers.
    """

    __slots__ = ("_core", "_info")

    def __init__(self, core: _core.Model) -> None:
        self._core = core
        self._info: dict[str, Any] = json.loads(core.info_json)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Reads a model from its file, for example ``models/linear_model_1/000001.model``."""
        return cls(_core.Model.load(os.fspath(path)))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the model to a file that Rust and Python read."""
        with open(path, "wb") as file:
            file.write(self._core.to_bytes())

    @property
    def name(self) -> str:
        """The name on disk, for example ``linear_model_1``."""
        return str(self._info["name"])

    @property
    def target(self) -> str:
        """What is predicted, for example ``total_amount``."""
        return str(self._info["target"])

    @property
    def version(self) -> int:
        """The version within the target, from 1."""
        return int(self._info["version"])

    @property
    def revision(self) -> int | None:
        """Which training of this model it is, from 1; ``None`` if it was read from a file."""
        return self._core.revision

    @property
    def info(self) -> dict[str, Any]:
        """Trainer, hyper-parameters, features with units and ranges, rows, metrics: a copy."""
        return json.loads(self._core.info_json)  # type: ignore[no-any-return]

    @property
    def feature_names(self) -> list[str]:
        """Names of the features, in the order of an array's columns."""
        return [spec["name"] for spec in self._info["features"]]

    @property
    def metrics(self) -> dict[str, Any]:
        """Metrics on the hold-out rows, or the reason why there are none."""
        return dict(self._info["holdout"])

    @property
    def classes(self) -> NDArray[Any] | None:
        """The classes, in the order of :meth:`predict_proba`; ``None`` for a regression."""
        kind = self._info["task"]["kind"]
        if kind == "regression":
            return None
        import numpy as np

        if kind == "binary":
            return np.array([False, True])
        return np.array(self._core.classes)

    def predict(self, rows: Any) -> NDArray[Any]:
        """Predicts rows: numbers for a regression, classes for a classification.

        ``rows`` is an array ``(n_samples, n_features)`` in the order of :attr:`feature_names`; or a table
        (anything with ``__arrow_c_stream__``), a dict, or a list of dicts. There, features that are left
        out are computed from the fields of the sale, as for training: ``month``, ``day`` and ``hour``
        from ``invoice_date``, ``total_amount`` from ``quantity`` and ``price``.
        """
        numbers = self._core.predict_numbers(_rows.prepared(rows))
        classes = self.classes
        return numbers if classes is None else classes[numbers.astype("intp")]

    def predict_proba(self, rows: Any) -> NDArray[np.float64]:
        """The probability of each class, ``(n_samples, n_classes)``, in the order of :attr:`classes`."""
        return self._core.predict_proba(_rows.prepared(rows))

    def features(self, rows: Any) -> NDArray[np.float64]:
        """The features of rows as the model sees them, ``(n_samples, n_features)``."""
        return self._core.features(_rows.prepared(rows))

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (self._core.to_bytes(),)

    def __repr__(self) -> str:
        revision = "" if self.revision is None else f", revision {self.revision}"
        rows = self._info["slice"]["rows"]
        return f"<Model {self.name} of {self.target}{revision}, trained on {rows:,} rows>"

    def _repr_html_(self) -> str:
        from . import _html

        facts = {
            "target": self.target,
            "trainer": self._info["trainer"],
            "trained on": f"{self._info['slice']['rows']:,} rows, {self._info['slice']['window']}",
            "features": ", ".join(self.feature_names),
        }
        for name, value in self.metrics.items():
            if isinstance(value, float):
                facts[name] = f"{value:.6g}"
        revision = "" if self.revision is None else f", revision {self.revision}"
        return _html.facts(f"{self.name}{revision}", facts)


def _unpickled(state: bytes) -> Model:
    return Model(_core.Model.from_bytes(state))


class Models(Mapping[str, Model]):
    """The models that an engine serves now, by name."""

    def __init__(self, engine: _core.Engine) -> None:
        self._engine = engine

    def __getitem__(self, name: str) -> Model:
        model = self._engine.model(name)
        if model is not None:
            return Model(model)
        names = self._engine.model_names()
        if name not in names:
            raise KeyError(f"no model is called {name!r}; there are {', '.join(names)}")
        status = json.loads(self._engine.status())["models"].get(name, {})
        why = status.get("message", "it has not been trained yet")
        raise KeyError(f"there is no {name} yet: {why}")

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._engine.model_names() if self._engine.model(name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<Models {', '.join(self)}>" if len(self) else "<Models, none trained yet>"

    def _repr_html_(self) -> str:
        from . import _html

        header = ["model", "target", "revision", "rows", "metrics"]
        lines = []
        for model in self.values():
            measures = [
                f"{key} {value:.4g}" for key, value in model.metrics.items() if isinstance(value, float)
            ]
            rows = model.info["slice"]["rows"]
            lines.append([model.name, model.target, model.revision, f"{rows:,}", ", ".join(measures)])
        return _html.table("models", header, lines)
