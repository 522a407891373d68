"""Topics of a real broker as sources.

RETAIL_TEST_BROKERS names the broker, and the package must be built with its feature ``kafka``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pytest

import retail_analytics as ra

BROKERS = os.environ.get("RETAIL_TEST_BROKERS", "")


def has_kafka() -> bool:
    try:
        ra.Engine().run(ra.Kafka(brokers=""))
    except ImportError:
        return False
    except ValueError:
        return True
    raise AssertionError("an empty address must be refused")


HAS_KAFKA = has_kafka()
needs_broker = pytest.mark.skipif(
    not (BROKERS and HAS_KAFKA), reason="no RETAIL_TEST_BROKERS, or a build without Kafka"
)


@pytest.fixture
def kafka() -> Iterator[Any]:
    """A client of another project."""
    from kafka import KafkaProducer

    producer = KafkaProducer(bootstrap_servers=BROKERS)
    yield producer
    producer.close()


def topic_of(partitions: int) -> str:
    from kafka.admin import KafkaAdminClient, NewTopic

    name = f"python-{uuid.uuid4().hex[:12]}"
    admin = KafkaAdminClient(bootstrap_servers=BROKERS)
    dead = NewTopic(f"{name}.dlq", num_partitions=partitions, replication_factor=1)
    admin.create_topics([NewTopic(name, num_partitions=partitions, replication_factor=1), dead])
    admin.close()
    return name


def send(producer: Any, topic: str, rows: list[dict[str, object]]) -> None:
    for row in rows:
        producer.send(topic, json.dumps(row, default=str).encode())
    producer.flush()


@needs_broker
def test_a_topic_is_what_its_rows_are(
    kafka: Any, rows: list[dict[str, object]], engine: ra.Engine, tmp_path: Path
) -> None:
    topic = topic_of(1)
    send(kafka, topic, [*rows[:3_000], {"Invoice": "1", "Quantity": "many"}, *rows[3_000:]])
    asked = ra.Kafka(brokers=BROKERS, topic=topic, group=topic)
    read = ra.Engine(data_dir=tmp_path / "data", batch={"rows": 500})
    calls = []
    report = read.run(asked, progress=lambda *said: calls.append(said))
    assert report.rows_read == len(rows) + 1
    assert report.rows_kept == engine.status["rows_kept"]
    assert calls and calls[-1][3] == report.rows_read
    batches, expected = pyarrow.table(read.batches), pyarrow.table(engine.batches)
    assert batches["rows"].equals(expected["rows"])
    for name, model in engine.models.items():
        asked_about = {"quantity": 3, "price": 2.5, "month": 6, "day": 11, "hour": 14}
        if model.target != "total_amount":
            asked_about["total_amount"] = 7.5
        assert read.models[name].predict(asked_about) == model.predict(asked_about), name
    rejected = pyarrow.table(read.rejects).to_pylist()
    assert [(row["partition"], row["offset"]) for row in rejected if row["offset"] == 3_000] == [
        (0, 3_000)
    ]

    # What is saved is not read again, and what has come since is.
    read.close()
    send(kafka, topic, rows[:100])
    again = ra.Engine(data_dir=tmp_path / "data", batch={"rows": 500})
    assert again.run(asked).rows_read == len(rows) + 101


@needs_broker
def test_dead_letters(kafka: Any, rows: list[dict[str, object]]) -> None:
    from kafka import KafkaConsumer

    topic = topic_of(2)
    send(kafka, topic, [{"Invoice": "1", "Quantity": "many"}, *rows[:50]])
    ra.Engine().run(ra.Kafka(brokers=BROKERS, topic=topic, group=topic))
    letters = KafkaConsumer(
        f"{topic}.dlq",
        bootstrap_servers=BROKERS,
        auto_offset_reset="earliest",
        consumer_timeout_ms=10_000,
    )
    values = {json.loads(next(letters).value).get("Quantity")}
    letters.close()
    assert values <= {"many", -1}


@needs_broker
def test_a_topic_is_followed_until_ctrl_c(
    rows: list[dict[str, object]], kafka: Any, tmp_path: Path
) -> None:
    topic = topic_of(1)
    # A process that was started in the background ignores the signal.
    code = f"""
import signal
import retail_analytics as ra
signal.signal(signal.SIGINT, signal.default_int_handler)
engine = ra.Engine(data_dir={str(tmp_path / "data")!r}, batch={{"rows": 50}})
source = ra.Kafka(brokers={BROKERS!r}, topic={topic!r}, group={topic!r}, follow=True)
try:
    engine.run(source, progress=lambda done, total, unit, read: print(read, flush=True))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    try:
        said = iter(process.stdout)
        next(said)
        send(kafka, topic, rows[:300])
        # The last rows are in a batch that is still open.
        while int(next(said)) < 250:
            pass
        process.send_signal(2)
        assert [line.strip() for line in said][-1] == "interrupted"
        assert process.wait() == 0
    finally:
        watchdog.cancel()
        process.kill()
    rest = ra.Kafka(brokers=BROKERS, topic=topic, group=topic)
    engine = ra.Engine(data_dir=tmp_path / "data", batch={"rows": 50})
    assert engine.run(rest).rows_read == 300


@pytest.mark.skipif(not HAS_KAFKA, reason="a build without Kafka")
@pytest.mark.parametrize(
    ("changes", "kind", "said"),
    [
        ({"topic": "a b"}, ValueError, "kafka.topic: expected 1 to 249 letters"),
        ({"group": ""}, ValueError, "kafka.group: expected a name"),
        ({"client": {"group.id": "x"}}, ValueError, "kafka.client.group.id: expected a setting"),
        ({"client": {"a": object()}}, ValueError, "Kafka: "),
        ({"once_timeout_seconds": -1}, ValueError, "Kafka: "),
        ({"brokers": "127.0.0.1:1"}, ConnectionError, "127.0.0.1:1"),
    ],
)
def test_what_is_wrong(changes: dict[str, Any], kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        ra.Engine().run(ra.Kafka(**changes))


@needs_broker
def test_a_topic_that_is_missing() -> None:
    with pytest.raises(ValueError, match="there is no topic nowhere"):
        ra.Engine().run(ra.Kafka(brokers=BROKERS, topic="nowhere"))


def test_secrets_are_not_shown() -> None:
    assert "hunter2" not in repr(ra.Kafka(client={"sasl.password": "hunter2"}))


@pytest.mark.skipif(HAS_KAFKA, reason="a build with Kafka")
def test_a_build_without_kafka_says_how_to_get_one() -> None:
    with pytest.raises(ImportError, match="--features kafka"):
        ra.Engine().run(ra.Kafka())
