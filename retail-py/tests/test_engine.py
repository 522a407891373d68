"""The engine: configuration, runs, models, tables, and the server."""

from __future__ import annotations

import importlib.util
import json
import logging
import pickle
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import retail_analytics as ra
from conftest import sales, write_csv

SALE = {"quantity": 10, "price": 25.5, "month": 6, "day": 11, "hour": 14}


def test_a_run_reports_what_became_of_the_stream(csv_file: Path) -> None:
    engine = ra.Engine(batch={"rows": 500})
    report = engine.run(csv_file)
    assert report.rows_read == 6_000
    assert report.rows_kept + sum(report.rejected.values()) == report.rows_read
    assert report.rejected["cancelled"] == 300
    assert report.batches == len(engine.batches)
    assert len(report.models) == 9
    assert "6,000 records read" in repr(engine)


def test_the_nine_models_can_be_asked(engine: ra.Engine) -> None:
    assert list(engine.models) == [
        *(f"linear_model_{i}" for i in (1, 2, 3)),
        *(f"logistic_model_batch_{i}" for i in (1, 2, 3)),
        *(f"rf_model_window_{i}" for i in (1, 2, 3)),
    ] or len(engine.models) == 9
    amount = engine.models["linear_model_3"].predict(SALE)
    assert amount.shape == (1,) and np.isfinite(amount).all()
    forest = engine.models["rf_model_window_1"]
    assert set(forest.predict([SALE, SALE])) <= set(forest.classes)
    shares = forest.predict_proba([SALE])
    assert shares.shape == (1, len(forest.classes))
    assert shares.sum() == pytest.approx(1)
    logistic = engine.models["logistic_model_batch_1"]
    assert logistic.predict(SALE).dtype == bool
    assert logistic.predict_proba(SALE)[0, 1] == pytest.approx(1 - logistic.predict_proba(SALE)[0, 0])


def test_every_form_of_rows_gives_the_same_answer(engine: ra.Engine) -> None:
    pl = pytest.importorskip("polars")
    model = engine.models["linear_model_3"]
    assert model.feature_names == ["quantity", "price", "month", "day", "hour"]
    matrix = np.array([[10, 25.5, 6, 11, 14], [1, 0.5, 12, 24, 9]])
    expected = model.predict(matrix)
    frame = pd.DataFrame(matrix, columns=model.feature_names)
    dated = pd.DataFrame(
        {
            "quantity": [10, 1],
            "price": [25.5, 0.5],
            "invoice_date": pd.to_datetime(["2011-06-11 14:30:00", "2011-12-24 09:59:59"]),
        }
    )
    for rows in [
        matrix.tolist(),
        np.asfortranarray(matrix),
        matrix.astype(">f8"),
        np.repeat(matrix, 2, axis=0)[::2],
        frame,
        pl.from_pandas(frame),
        frame.to_dict("records"),
        frame.to_dict("list"),
        dated,
        pl.from_pandas(dated),
        dated.to_dict("records"),
        dated.assign(invoice_date=["2011-06-11T14:30:00", "2011-12-24 09:59:59"]),
    ]:
        assert np.array_equal(model.predict(rows), expected), rows
    with_product = frame.assign(total_amount=frame.quantity * frame.price)
    forest = engine.models["rf_model_window_3"]
    assert np.array_equal(forest.features(frame), forest.features(with_product))


def test_models_travel(engine: ra.Engine, tmp_path: Path) -> None:
    model = engine.models["rf_model_window_3"]
    model.save(tmp_path / "forest.model")
    for other in [ra.Model.load(tmp_path / "forest.model"), pickle.loads(pickle.dumps(model))]:
        assert np.array_equal(other.predict_proba([SALE]), model.predict_proba([SALE]))
        assert other.info == model.info
    # What the engine wrote is what Python writes.
    written = [p.read_bytes() for p in Path(engine.data_dir).rglob("*") if p.is_file()]
    assert (tmp_path / "forest.model").read_bytes() in written


def test_tables_go_to_any_library(engine: ra.Engine) -> None:
    pl = pytest.importorskip("polars")
    metrics = pl.DataFrame(engine.metrics)
    assert metrics.equals(pl.from_pandas(pd.DataFrame.from_arrow(engine.metrics)))
    assert set(metrics["model"]) == set(engine.models)
    newest = metrics.filter(pl.col("model") == "linear_model_3").row(-1, named=True)
    measured = engine.models["linear_model_3"].metrics
    assert newest["rmse"] == measured["rmse"]
    assert newest["revision"] == engine.models["linear_model_3"].revision
    batches = pl.DataFrame(engine.batches)
    assert batches["rows"].sum() == 5_700 and batches["read"].sum() == 6_000
    assert batches["rows"][:-1].to_list() == [500] * (len(batches) - 1)
    rejects = pl.DataFrame(engine.rejects)
    assert rejects["reason"].to_list() == ["cancelled"] * 300
    assert rejects["line"][0] == 21
    for shown in [engine, engine.models, engine.models["linear_model_1"]]:
        assert "<table>" in shown._repr_html_()


def test_tables_are_shown_by_their_first_rows(engine: ra.Engine) -> None:
    pl = pytest.importorskip("polars")
    shown = engine.metrics._repr_html_()
    assert "<th>rmse</th>" in shown and "<td>linear_model_1</td>" in shown
    assert shown.count("<tr>") == 1 + min(20, len(engine.metrics))
    newest = pl.DataFrame(engine.metrics)["rmse"][0]
    assert f"<td>{newest:.6f}".rstrip("0") in shown
    rejects = engine.rejects._repr_html_()
    assert "300 rows, the first of them, 6 columns" in rejects
    assert rejects.count("<tr>") == 21 and "<td>cancelled</td>" in rejects
    # A null is an empty cell.
    assert "<td></td>" in shown
    first = pl.DataFrame(engine.batches)["first_stream_time"][0]
    assert f"<td>{first:%Y-%m-%dT%H:%M}" in engine.batches._repr_html_()


def test_a_folder_is_gone_on_with(tmp_path: Path) -> None:
    rows = sales(3_000)
    path = write_csv(tmp_path / "sales.csv", rows[:2_000])
    data = tmp_path / "data"
    first = ra.Engine(data_dir=data).run(path)
    assert first.rows_read == 2_000
    write_csv(path, rows)
    assert ra.Engine(data_dir=data).run(path).rows_read == 3_000
    again = ra.Engine(data_dir=data, fresh=True)
    assert again.run(path).rows_read == 3_000
    assert (data / "archive").exists()


def test_configuration_has_the_names_of_the_file(tmp_path: Path, csv_file: Path) -> None:
    pl = pytest.importorskip("polars")
    file = tmp_path / "engine.toml"
    file.write_text("[batch]\nrows = 700\n\n[train]\npolicy = 'manual'\n")
    engine = ra.Engine(file, batch={"format": "none"})
    engine.run(csv_file)
    assert pl.DataFrame(engine.batches)["rows"][0] == 700
    assert len(engine.models) == 0
    with pytest.raises(ValueError, match="unknown field `row`"):
        ra.Engine(batch={"row": 500})
    with pytest.raises(ValueError, match="unknown field `batches`"):
        ra.Engine({"batches": {}})
    with pytest.raises(ValueError, match="rows"):
        ra.Engine(batch={"rows": 0})
    with pytest.raises(TypeError, match="batch: expected a dict, got int"):
        ra.Engine(batch=500)
    with pytest.raises(FileNotFoundError, match="nowhere.toml"):
        ra.Engine(tmp_path / "nowhere.toml")


def test_progress_is_shown(csv_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[tuple[object, ...]] = []
    ra.Engine().run(csv_file, progress=lambda *args: seen.append(args))
    size = csv_file.stat().st_size
    assert seen[-1] == (size, size, "bytes", 6_000)
    # A bar of tqdm, and a line without it.
    assert importlib.util.find_spec("tqdm") is not None
    ra.Engine().run(csv_file, progress=True)
    bar = capsys.readouterr().err
    assert "100%|" in bar and "6,000 records" in bar
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "tqdm.auto", None)
        ra.Engine().run(csv_file, progress=True)
    line = capsys.readouterr().err
    assert "100%  6,000 records" in line and "|" not in line

    def fails(*_: object) -> None:
        raise RuntimeError("no room for a bar")

    with pytest.raises(RuntimeError, match="no room for a bar"):
        ra.Engine().run(csv_file, progress=fails)
    with pytest.raises(TypeError, match="progress"):
        ra.Engine().run(csv_file, progress=3)


def test_what_the_engine_says_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "ambiguous.csv"
    path.write_text(
        "Invoice,Quantity,InvoiceDate,Price,Customer ID\n536365,6,1/2/2011 9:00,2.55,17850\n"
    )
    with caplog.at_level(logging.INFO, logger="retail_analytics"):
        ra.Engine().run(path)
    assert "month first or day first" in caplog.text
    report = ra.Engine().run(path, date_format="dmy")
    assert report.rows_kept == 1
    with pytest.raises(ValueError, match="date_format"):
        ra.Engine().run(path, date_format="later")


def test_the_server_says_what_the_models_say(engine: ra.Engine) -> None:
    with engine.serve(port=0) as server:
        request = urllib.request.Request(
            f"{server.url}/predict/total_amount/v3",
            data=json.dumps(SALE).encode(),
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            said = json.load(answer)
        assert said["prediction"] == engine.models["linear_model_3"].predict(SALE)[0]
        with pytest.raises(OSError, match="cannot serve at 127.0.0.1"):
            engine.models  # the first one keeps its port
            ra.Engine().serve(port=server.port)
        assert server.is_running
    assert not server.is_running
    with pytest.raises(OSError):
        urllib.request.urlopen(f"{server.url}/health", timeout=2)
    server = engine.serve(port=0)
    engine.stop()
    assert not server.is_running


def test_a_model_that_is_not_there_says_why() -> None:
    engine = ra.Engine()
    with pytest.raises(KeyError, match="there is no linear_model_1 yet"):
        engine.models["linear_model_1"]
    with pytest.raises(KeyError, match="no model is called 'linear'"):
        engine.models["linear"]
    assert "linear" not in engine.models


@pytest.mark.parametrize(
    ("asked", "error", "text"),
    [
        ([[1.0, 2.0]], ValueError, "expected 5 features, got 2"),
        ([1.0, 2.0], ValueError, "shape"),
        ([["a"] * 5], ValueError, "array of numbers"),
        (np.array([[None] * 5]), ValueError, "array of numbers"),
        (np.array([[1j] * 5]), ValueError, "array of numbers"),
        ([[np.nan] * 5], ValueError, "row 0, quantity: expected a finite number"),
        ({"price": 1}, ValueError, "quantity"),
        ({**SALE, "month": 13}, ValueError, "month: expected a whole number from 1 to 12, got 13"),
        ({**SALE, "quantity": "ten"}, ValueError, 'got "ten"'),
        ({**SALE, "quantity": object()}, TypeError, "row 0, quantity"),
        ([SALE, 3], TypeError, "row 1: expected a dict"),
        ({"quantity": [1, 2], "price": [1]}, ValueError, "columns of one length"),
        (pd.DataFrame({"quantity": [[1]], "price": [1.0]}), TypeError, "quantity"),
        ("rows", ValueError, "array of numbers"),
    ],
)
def test_rows_that_cannot_be_asked_about(
    engine: ra.Engine, asked: object, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        engine.models["linear_model_3"].predict(asked)


def test_damaged_models_are_refused(engine: ra.Engine, tmp_path: Path) -> None:
    model = engine.models["linear_model_1"]
    whole = model._core.to_bytes()
    for damaged in [b"", whole[:100], whole[:-10], whole.replace(b"total_amount", b"total_amounx")]:
        path = tmp_path / "a.model"
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="a.model"):
            ra.Model.load(path)
    newer = whole.replace(b'"format_version":1', b'"format_version":9', 1)
    (tmp_path / "newer.model").write_bytes(newer)
    with pytest.raises(ValueError, match="format version 1, got 9"):
        ra.Model.load(tmp_path / "newer.model")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        ra.Model.load(tmp_path / "nowhere")
    pickled = pickle.dumps(model)
    with pytest.raises((ValueError, EOFError, pickle.UnpicklingError)):
        pickle.loads(pickled[: len(pickled) // 2])
    with pytest.raises(AttributeError, match="regression"):
        model.predict_proba(SALE)


def test_a_folder_has_one_engine_at_a_time(csv_file: Path, tmp_path: Path) -> None:
    with ra.Engine(data_dir=tmp_path / "data") as engine:
        report = engine.run(csv_file)
        with pytest.raises(ValueError, match="in use by another engine; close that one"):
            ra.Engine(data_dir=tmp_path / "data")
        server = engine.serve(port=0)
    again = ra.Engine(data_dir=tmp_path / "data")
    assert again.status["rows_read"] == report.rows_read
    # What the closed one knew can still be looked at.
    assert engine.status["rows_read"] == report.rows_read
    assert set(engine.models) == set(again.models)
    with pytest.raises(OSError):
        urllib.request.urlopen(server.url, timeout=5)
    with pytest.raises(RuntimeError, match="the engine is closed"):
        engine.run(csv_file)
    engine.close()
