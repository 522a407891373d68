"""The engine."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import _core, _progress, _rows
from ._models import Models

if TYPE_CHECKING:
    from ._report import Report


class Engine:
    """Reads a stream of sales, keeps what is clean, and trains and serves models of it.

    ``config`` is the path of a TOML file, or a dict with its tables. ``clean``, ``batch``, ``window``,
    ``label``, ``linear``, ``forest``, ``logistic`` and ``train`` are dicts with keys of the table of that
    name, which come before those of ``config``: ``Engine(batch={"rows": 500})``.

    All that the engine saves goes to ``data_dir``: batches, rejected records, models and logs. An engine
    that is opened on it again goes on where the last one stopped, if it would have made the same batches:
    ``rows`` and ``age_seconds`` of ``batch`` and ``unknown_customers`` of ``clean`` have to be the same.
    ``fresh=True`` sets that aside and starts anew. Without ``data_dir`` it is a temporary folder, which
    goes with the engine.

    A folder has one engine at a time: ``close()``, or the end of ``with ra.Engine(...) as engine:``, lets
    go of it.
    """

    def __init__(
        self,
        config: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        *,
        data_dir: str | os.PathLike[str] | None = None,
        fresh: bool = False,
        clean: Mapping[str, Any] | None = None,
        batch: Mapping[str, Any] | None = None,
        window: Mapping[str, Any] | None = None,
        label: Mapping[str, Any] | None = None,
        linear: Mapping[str, Any] | None = None,
        forest: Mapping[str, Any] | None = None,
        logistic: Mapping[str, Any] | None = None,
        train: Mapping[str, Any] | None = None,
    ) -> None:
        file: str | None = None
        changes: dict[str, Any] = {}
        if isinstance(config, Mapping):
            changes = {key: _plain(value) for key, value in config.items()}
        elif config is not None:
            file = os.fspath(config)
        tables = {
            "clean": clean,
            "batch": batch,
            "window": window,
            "label": label,
            "linear": linear,
            "forest": forest,
            "logistic": logistic,
            "train": train,
        }
        for name, table in tables.items():
            if table is not None:
                if not isinstance(table, Mapping):
                    raise TypeError(f"{name}: expected a dict, got {type(table).__name__}")
                changes[name] = {**changes.get(name, {}), **table}
        try:
            text = json.dumps(changes)
        except TypeError as error:
            raise ValueError(f"configuration: {error}") from None
        if data_dir is None:
            folder = self._temporary_folder()
        else:
            folder = os.fspath(data_dir)
        self._data_dir = folder
        self._core = _core.Engine(folder, file, text, fresh)
        self._server: _core.Server | None = None

    def _temporary_folder(self) -> str:
        import shutil
        import tempfile
        import weakref

        folder = tempfile.mkdtemp(prefix="retail-analytics-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder

    def run(
        self,
        source: Any,
        *,
        progress: bool | _progress.Progress | None = None,
        date_format: str | None = None,
        delimiter: str | None = None,
        dedup_overlap: bool = False,
    ) -> Report:
        """Reads a source to its end, trains the models, and says what has become of the stream.

        ``source`` is

        - a path, or a list of paths: CSV, JSON lines, Excel, Parquet, compressed or not, folders;
        - a table with ``__arrow_c_stream__``: of pandas, polars, pyarrow, DuckDB and others;
        - a file object, binary or text, which is read once;
        - a list, or any iterable, of dicts with the columns of a record, which is read once;
        - a topic, :class:`Kafka`, if the package was built for it.

        ``progress`` shows a bar if it is true (of tqdm, where that is installed), or is called with what
        is done, the total if it is known, the unit, and the records saved so far.

        ``date_format`` is ``"dmy"``, ``"mdy"`` or ``"ymd"`` where the rows do not tell. ``dedup_overlap``
        drops rows that an earlier file or sheet holds too.
        """
        from ._kafka import Kafka
        from ._report import Report

        if hasattr(source, "__arrow_c_stream__"):
            source = _rows.table(source)
        show, end = _progress.shown(progress)
        options = {
            "date_format": date_format,
            "delimiter": delimiter,
            "dedup_overlap": bool(dedup_overlap),
            "kafka": source.settings() if isinstance(source, Kafka) else None,
            "follow": isinstance(source, Kafka) and source.follow,
        }
        try:
            report = json.loads(self._core.run(source, options, show))
        finally:
            end()
        models = {model.pop("name"): model for model in report.pop("models")}
        return Report(models=models, **report)

    @property
    def data_dir(self) -> str:
        """The folder with all that is saved."""
        return self._data_dir

    @property
    def models(self) -> Models:
        """The models that are served now, by name."""
        return Models(self._core)

    @property
    def status(self) -> dict[str, Any]:
        """What has been read, saved and trained."""
        return json.loads(self._core.status())  # type: ignore[no-any-return]

    @property
    def metrics(self) -> _core.Table:
        """A line for each training of this engine's runs, with the metrics on the hold-out rows."""
        return self._core.metrics()

    @property
    def batches(self) -> _core.Table:
        """A line for each batch of this engine's runs."""
        return self._core.batches()

    @property
    def rejects(self) -> _core.Table:
        """A line for each record that was dropped: where it was, and why."""
        return self._core.rejects()

    def serve(self, *, host: str = "127.0.0.1", port: int = 5000) -> _core.Server:
        """Serves the models over HTTP in this process, until the server, or the engine, is stopped.

        Models that are trained meanwhile are served at once. ``port=0`` takes one that is free.

            >>> with engine.serve(port=0) as server:
            ...     print(server.url)
        """
        self.stop()
        self._server = self._core.serve(host, port)
        return self._server

    def stop(self) -> None:
        """Stops the server, if there is one."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def close(self) -> None:
        """Stops the server and lets go of the folder. What has been read and trained can still be looked at."""
        self.stop()
        self._core.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        status = self.status
        return (
            f"<Engine on {self.data_dir}: {status['rows_read']:,} records read, "
            f"{status['rows_kept']:,} kept, {len(self.models)} models>"
        )

    def _repr_html_(self) -> str:
        from . import _html

        status = self.status
        facts = {
            "data": self.data_dir,
            "records read": f"{status['rows_read']:,}",
            "kept": f"{status['rows_kept']:,}",
            "batches": f"{status['batches']:,}",
        }
        return _html.facts("engine", facts) + self.models._repr_html_()


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value
