"""Results on their way from a measurement to the summary: a file of JSON lines."""

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Row:
    """A line of the summary. Without a peer it is one of growth: name and rows, with metrics."""

    measurement: str
    ours: tuple  # name and seconds
    peer: tuple | None = None  # name and seconds
    extra: dict = field(default_factory=dict)  # ratios of other metrics


def save(path, rows):
    with open(path, "a", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(asdict(row)) + "\n")


def load(path):
    with open(path, encoding="utf-8") as file:
        return [Row(**json.loads(line)) for line in file]


def machine():
    """Cores, processor, system, and how busy the machine is at the moment."""
    name = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    return f"{os.cpu_count()} cores, {name}, {platform.system()}, load average {load}."
