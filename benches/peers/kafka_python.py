"""Writing to a topic and reading from it with kafka-python, the client of many a notebook.

    python benches/peers/kafka_python.py BROKERS FILE.csv TOPIC   # see answer.py

Writing reads the CSV with the standard library, makes a JSON object of each row and waits until all
are acknowledged, in large compressed batches; reading parses each value and drops it.
"""

import csv
import datetime
import json
import sys
import time

from answer import answer
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

START = datetime.datetime(1970, 1, 1)


def write(brokers, path):
    topic = f"bench-py-{time.time_ns()}"
    admin = KafkaAdminClient(bootstrap_servers=brokers)
    admin.create_topics([NewTopic(topic, 1, 1)])
    admin.close()
    producer = KafkaProducer(
        bootstrap_servers=brokers, linger_ms=20, batch_size=1_000_000, compression_type="lz4", acks="all"
    )
    count = 0
    with open(path, encoding="utf-8", errors="replace", newline="") as file:
        for row in csv.DictReader(file):
            customer = row["Customer ID"]
            value = {
                "invoice": row["Invoice"],
                "stock_code": row["StockCode"],
                "description": row["Description"],
                "quantity": int(row["Quantity"]),
                "invoice_date": row["InvoiceDate"],
                "price": float(row["Price"]),
                "customer_id": int(float(customer)) if customer else None,
                "country": row["Country"],
                "timestamp": (START + datetime.timedelta(seconds=count / 100)).isoformat(),
            }
            key = customer.encode() if customer else None
            producer.send(topic, key=key, value=json.dumps(value).encode())
            count += 1
    producer.flush()
    producer.close()
    return count


def read(brokers, topic):
    consumer = KafkaConsumer(bootstrap_servers=brokers, enable_auto_commit=False)
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    end = consumer.end_offsets([partition])[partition]
    consumer.seek_to_beginning(partition)
    count = 0
    while consumer.position(partition) < end:
        for messages in consumer.poll(timeout_ms=1000, max_records=10_000).values():
            for message in messages:
                json.loads(message.value)
                count += 1
    consumer.close()
    return count


def main(brokers, path, topic):
    def rows(count):
        return {"rows": count}

    return [
        ("writing to a topic", "kafka-python, from CSV", lambda: write(brokers, path), rows),
        ("reading from a topic", "kafka-python, dropped", lambda: read(brokers, topic), rows),
    ]


if __name__ == "__main__":
    answer(main(*sys.argv[1:4]))
