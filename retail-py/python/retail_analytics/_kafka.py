"""Topics of Kafka."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Kafka"]


@dataclass(frozen=True, kw_only=True)
class Kafka:
    """A topic of Kafka, for ``engine.run``. The fields are the keys of the table ``kafka`` of the file.

    ``client`` holds further settings of librdkafka, for example ``{"security.protocol": "ssl"}``. Records
    that cannot be used go to the topic ``dead_letters``, or nowhere if it is empty; by default it is the
    topic's name with ``.dlq``. A run ends with what was in the topic when it began. With ``follow=True`` it
    goes on until it is interrupted.

    Offsets are saved with the batches in the engine's folder: an engine that is opened on it again goes on
    where the last one stopped.
    """

    brokers: str = "127.0.0.1:9092"
    topic: str = "retail_data_stream"
    group: str = "retail-analytics-engine"
    dead_letters: str | None = None
    once_timeout_seconds: int = 120
    client: Mapping[str, str | int | float | bool] = field(default_factory=dict, repr=False)
    follow: bool = False

    def settings(self) -> str:
        """The settings as the core reads them."""
        dead_letters = self.dead_letters
        settings = {
            "brokers": self.brokers,
            "topic": self.topic,
            "group": self.group,
            "dead_letters": f"{self.topic}.dlq" if dead_letters is None else dead_letters,
            "once_timeout_seconds": self.once_timeout_seconds,
            "client": dict(self.client),
        }
        try:
            return json.dumps(settings)
        except TypeError as error:
            raise ValueError(f"Kafka: {error}") from None
