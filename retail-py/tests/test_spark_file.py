"""The file of a model over Spark: what it takes back, what it refuses, and what it counts once. No Spark runs."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from retail_analytics import _core
from retail_analytics.spark import LinearSpec, SparkModel, load
from retail_analytics.spark._artefact import Sum
from retail_analytics.spark._file import local
from retail_analytics.spark._learn import write, write_micro_batch
from spark_cases import FEATURES, LINEAR, SPECS, WEIGHTED, alone


def sum_of(table: pd.DataFrame) -> Sum:
    """What the tasks of Spark would have found in some rows."""
    if table.empty:
        return Sum()
    rounds = _core.Rounds(LINEAR.to_json())
    x = np.asfortranarray(table[FEATURES].to_numpy(np.float64))
    y = table.revenue.to_numpy(np.float64)
    return Sum(len(table), rounds.answer(rounds.begin(), x, y, None, None))


class Stream:
    """A query that writes a file."""

    def __init__(self, path: Path, sold: pd.DataFrame, query: str = "this one") -> None:
        self.path, self.sold, self.query = path, sold, query

    def commit(self, batch: int, start: int, end: int) -> None:
        rows = sum_of(self.sold[start:end])
        write_micro_batch(self.path, LINEAR, rows, query=self.query, batch=batch, anew=False)

    def check(self, end: int) -> None:
        """The file holds the model of the first rows."""
        assert load(self.path).to_json() == alone(LINEAR, self.sold[:end]).to_json()

    def check_refusal(self, batch: int, said: str) -> None:
        """The rows of a micro-batch are refused, and change nothing."""
        before = self.path.read_bytes() if self.path.exists() else None
        with pytest.raises(ValueError, match=said) as raised:
            self.commit(batch, 0, 100)
        assert str(self.path) in str(raised.value)
        assert before == (self.path.read_bytes() if self.path.exists() else None)


@pytest.fixture
def stream(tmp_path: Path, sold: pd.DataFrame) -> Stream:
    return Stream(tmp_path / "sold.model", sold)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_a_saved_model_is_loaded(spec: Any, sold: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "m.model"
    model = SparkModel(spec, alone(spec, sold))
    model.save(path)
    assert os.listdir(path.parent) == ["m.model"]
    again = load(f"file://{path}".replace(" ", "%20"))
    assert again.to_json() == model.to_json()
    assert again.spec == spec
    x = sold[FEATURES].to_numpy(np.float64)
    if isinstance(model.fitted, _core.LinearFit):
        assert np.array_equal(again.fitted.predict(x), model.fitted.predict(x))
    else:
        assert np.array_equal(again.fitted.predict_proba(x), model.fitted.predict_proba(x))


def test_files_that_are_no_model(sold: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "m.model"
    with pytest.raises(FileNotFoundError, match=r"m\.model"):
        load(path)
    SparkModel(LINEAR, alone(LINEAR, sold)).save(path)
    whole = path.read_bytes()
    for end in [*range(0, len(whole), 7), len(whole) - 1]:
        path.write_bytes(whole[:end])
        with pytest.raises(ValueError, match=r"m\.model: .*(something else|damaged or was cut off)"):
            load(path)
    for foreign in [b"", b"{}", b"Invoice,Price\n1,2\n", b"retail_model\n", b"\x80\x04\n\xff" * 99]:
        path.write_bytes(foreign)
        with pytest.raises(ValueError, match=r"m\.model: expected a model of retail_model"):
            load(path)
    path.write_bytes(whole.replace(b"retail_model 1 ", b"retail_model 2 ", 1))
    with pytest.raises(ValueError, match=r"m\.model: expected version 1 of retail_model, got 2"):
        load(path)
    path.write_bytes(whole.replace(b"revenue", b"avenues"))
    with pytest.raises(ValueError, match=r"m\.model: the file is damaged"):
        load(path)


def test_paths(tmp_path: Path) -> None:
    assert local("file:/a/b%20c") == local("file:///a/b c") == local("FILE://localhost/a/b c")
    assert local("file:/a/b%20c") == Path("/a/b c")
    assert local("a:b") == Path("a:b")
    for url in ["s3://bucket/m", "hdfs:///m", "dbfs:/m", "s3a://b/m"]:
        with pytest.raises(ValueError, match=f"path '{url}': expected a file that Python can open"):
            local(url)
    with pytest.raises(ValueError, match="expected a file of this host, got one of 'a'; .*file:///a/b"):
        local("file://a/b")
    with pytest.raises(ValueError, match="expected a file, got a folder"):
        local(tmp_path)
    with pytest.raises(ValueError, match="path: expected the name of a file"):
        local("")


def test_readers_see_a_whole_file(sold: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "m.model"
    models = [SparkModel(LINEAR, alone(LINEAR, sold[:rows])) for rows in (1_000, 2_000)]
    models[0].save(path)
    done, seen, failures = threading.Event(), set(), []

    def read() -> None:
        while not done.is_set():
            try:
                seen.add(load(path).to_json())
            except Exception as error:
                failures.append(error)
                return

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(300):
        for model in models:
            model.save(path)
    done.set()
    reader.join()
    assert not failures
    assert seen <= {model.to_json() for model in models}
    assert os.listdir(tmp_path) == ["m.model"]


def test_a_write_that_fails_leaves_the_old_file(
    sold: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.model"
    old, new = (SparkModel(LINEAR, alone(LINEAR, sold[:rows])) for rows in (1_000, 2_000))
    old.save(path)

    def full(_: int) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="no space left"):
            new.save(path)
    assert os.listdir(tmp_path) == ["m.model"]
    assert load(path).to_json() == old.to_json()
    # What a process had begun when it was killed.
    (tmp_path / ".m.model.writing").write_bytes(b"retail")
    new.save(path)
    assert os.listdir(tmp_path) == ["m.model"]
    assert load(path).to_json() == new.to_json()


def test_a_link_stays_one(sold: pd.DataFrame, tmp_path: Path) -> None:
    link = tmp_path / "current.model"
    link.symlink_to("m1.model")
    model = SparkModel(LINEAR, alone(LINEAR, sold))
    model.save(link)
    assert link.is_symlink()
    assert load(tmp_path / "m1.model").to_json() == model.to_json()


def test_writers_at_once_lose_nothing(sold: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "m.model"
    parts = [sum_of(sold[start : start + 100]) for start in range(0, len(sold), 100)]
    writers = [
        threading.Thread(target=write, args=(path, LINEAR, part), kwargs={"anew": False})
        for part in parts
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert load(path).to_json() == alone(LINEAR, sold).to_json()


def test_a_micro_batch_counts_once(stream: Stream) -> None:
    stream.commit(0, 0, 1_000)
    stream.check(1_000)
    once = stream.path.read_bytes()
    stream.commit(0, 0, 1_000)
    assert stream.path.read_bytes() == once
    stream.commit(1, 1_000, 1_500)
    stream.check(1_500)
    for _ in range(3):
        stream.commit(1, 1_000, 1_500)
    stream.check(1_500)
    # Spark has planned the micro-batch again, with more rows.
    stream.commit(1, 1_000, 1_700)
    stream.check(1_700)
    stream.commit(2, 1_700, 3_000)
    stream.check(3_000)


def test_micro_batches_without_rows(stream: Stream) -> None:
    stream.commit(0, 0, 0)
    with pytest.raises(ValueError, match=r"sold\.model: no rows have been learned from yet"):
        load(stream.path)
    stream.commit(1, 0, 0)
    stream.commit(2, 0, 700)
    stream.commit(3, 700, 700)
    stream.check(700)


def test_a_stream_that_does_not_fit_its_file(stream: Stream, sold: pd.DataFrame) -> None:
    stream.check_refusal(3, "there is none, .*goes on with micro-batch 3")
    for batch in range(4):
        stream.commit(batch, batch * 100, batch * 100 + 100)
    stream.check_refusal(0, "expected micro-batch 3 again or 4 .*got 0: the checkpoint is an older copy")
    stream.check_refusal(2, "expected micro-batch 3 again or 4 .*got 2: the checkpoint is an older copy")
    stream.check_refusal(5, "expected micro-batch 3 again or 4 .*got 5: the file is an older copy")
    other = Stream(stream.path, sold, "another")
    for batch in (0, 3, 4):
        other.check_refusal(batch, "expected the query this one, .*got the query another, .*checkpoint")
    write(stream.path, LINEAR, sum_of(sold), anew=True)
    stream.check_refusal(4, "none of this query, and the query goes on with micro-batch 4")


def test_batches_before_and_beside_a_stream(stream: Stream, sold: pd.DataFrame) -> None:
    write(stream.path, LINEAR, sum_of(sold[:500]), anew=False)
    stream.commit(0, 500, 900)
    stream.commit(1, 900, 1_000)
    write(stream.path, LINEAR, sum_of(sold[1_000:2_000]), anew=False)
    stream.check(2_000)
    stream.commit(1, 900, 1_000)
    stream.check(2_000)
    stream.commit(2, 2_000, 3_000)
    stream.check(3_000)


def test_rows_that_cannot_be_added(stream: Stream, sold: pd.DataFrame) -> None:
    SparkModel(LINEAR, alone(LINEAR, sold)).save(stream.path)
    stream.check_refusal(0, "expected what has been learned before, got a model that was saved without")
    write(stream.path, LINEAR, sum_of(sold), anew=True)
    before = stream.path.read_bytes()
    for spec in [WEIGHTED, LinearSpec(features=FEATURES[::-1], label="revenue")]:
        with pytest.raises(ValueError, match=r"sold\.model: expected rows of .*which it has learned"):
            write(stream.path, spec, sum_of(sold), anew=False)
    with pytest.raises(ValueError, match="at least 1 rows are needed"):
        write(stream.path, LINEAR, Sum(), anew=True)
    stream.path.write_bytes(before[:-1])
    with pytest.raises(ValueError, match="damaged or was cut off"):
        write(stream.path, LINEAR, sum_of(sold), anew=False)
    write(stream.path, LINEAR, sum_of(sold), anew=True)
    assert stream.path.read_bytes() == before
