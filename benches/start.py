"""How long a server takes from its start to its first answer, and what memory it has when it is idle.

    python3 benches/start.py [--runs N] [--server target/release/examples/http_server] [--models data/models]

A row of markdown with medians, and the smallest and the largest of each. Linux only.
"""

import argparse
import http.client
import pathlib
import socket
import statistics
import subprocess
import time

BODY = b'{"quantity":10,"price":25.5,"month":6,"day":11,"hour":14}'
PATH = "/predict/total_amount/v3"


def main() -> None:
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--runs", type=int, default=25)
    asked.add_argument("--server", default="target/release/examples/http_server")
    asked.add_argument("--models", default="data/models")
    given = asked.parse_args()
    runs = [start(given.server, given.models) for _ in range(given.runs)]
    print("| first answer, ms | idle, MB |\n|---|---|")
    print("|", " | ".join(spread(column) for column in zip(*runs, strict=True)), "|")


def start(server: str, models: str) -> tuple[float, float]:
    """Milliseconds to the first answer, and megabytes that are resident half a second later."""
    port = free_port()
    begun = time.perf_counter()
    process = subprocess.Popen(
        [server, "--models", models, "--bind", f"127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        connection = connected(process, port)
        connection.request("POST", PATH, BODY, {"content-type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        took = time.perf_counter() - begun
        if answer.status != 200:
            raise SystemExit(f"expected 200, got {answer.status}: {text!r}")
        connection.close()
        time.sleep(0.5)
        return took * 1e3, resident(process.pid)
    finally:
        process.terminate()
        process.wait()


def connected(process: subprocess.Popen[bytes], port: int) -> http.client.HTTPConnection:
    while process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        try:
            connection.connect()
        except ConnectionRefusedError:
            time.sleep(0.0002)
        else:
            return connection
    raise SystemExit("the server ended; are there models in the folder?")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def resident(pid: int) -> float:
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith("VmRSS:"))
    return int(kilobytes) * 1024 / 1e6


def spread(values: tuple[float, ...]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


if __name__ == "__main__":
    main()
