"""Loads servers of models with wrk, in turns, and prints what they take, in markdown.

    python3 benches/serving.py --results FILE --work DIR --input FILE.csv --engine PROGRAM --server PROGRAM
        [--axum PROGRAM] [--may PROGRAM] [--polars PYTHON] [--python PYTHON] [--mlflow PYTHON]
        [--mlserver PYTHON] [--runs N] [--seconds N]

PROGRAMs are those of a release build; a PYTHON is that of an environment with the requirements of its name in
`peers`. Peers that are not given are left out; those of Python take --polars, which fits their models.

All servers run from the beginning and wait; only the one whose turn it is has work. wrk has two threads and
32 connections, all on the loopback interface, and the same processors as the server. Everything is done once to
warm up and then N times; tables have medians. Standard library only; wrk has to be there.

A server is asked one question before, and what it says has to be what the engine says: the same prediction of
the linear model, which scikit-learn fits to the same rows.
"""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

from results import Row, machine, save

CONNECTIONS = 32
LINEAR = {"quantity": 10, "price": 25.5, "month": 6, "day": 11, "hour": 14}
SIX = {"quantity": 10, "price": 25.5, "total_amount": 255.0, "month": 6, "day": 11, "hour": 14}
MANY = 1000
PAUSE = 8  # milliseconds
PATIENCE = 60.0  # seconds, until a server has to answer
TOKEN = "0123456789abcdef0123456789abcdef"

# wrk's own summary has no percentile above 99.
SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local file = io.open(os.getenv("BENCH_BODY"), "r")
wrk.body = file:read("*a")
file:close()
local pause = tonumber(os.getenv("BENCH_PAUSE"))
if pause > 0 then
    function delay() return pause end
end
function done(summary, latency)
    io.write(string.format(
        '\\nRESULT {"requests":%d,"seconds":%.6f,"failed":%d,"p50":%d,"p99":%d,"p999":%d}\\n',
        summary.requests, summary.duration / 1e6,
        summary.errors.connect + summary.errors.read + summary.errors.write
            + summary.errors.status + summary.errors.timeout,
        latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
"""


class Server:
    """A program that serves, and what it is started with; `PORT` stands for its port."""

    def __init__(self, name, command, env=None):
        self.name, self.port = name, free_port()
        command = [part.replace("PORT", str(self.port)) for part in command]
        env = {key: value.replace("PORT", str(self.port)) for key, value in (env or {}).items()}
        self.process = subprocess.Popen(
            command,
            env={**os.environ, **env},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def ask(self, path, body, headers=None, method="POST"):
        """What the server answers, as soon as it does."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                given = {"content-type": "application/json", **(headers or {})}
                connection.request(method, path, json.dumps(body), given)
                answer = connection.getresponse()
                text = answer.read()
                connection.close()
            except (ConnectionError, http.client.HTTPException, TimeoutError) as error:
                said = repr(error)
            else:
                if answer.status == 200:
                    return json.loads(text)
                said = f"{answer.status} {text[:200]!r}"
                if answer.status < 500:
                    sys.exit(f"{self.name}: {said}")
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit(f"{self.name} does not answer: {said}")
            time.sleep(0.05)

    def processes(self):
        """Its own process and those that it has started."""
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            with contextlib.suppress(OSError):
                for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                    todo += map(int, (task / "children").read_text().split())
        return found

    def busy(self):
        """Seconds of processor time so far."""
        ticks = 0
        for pid in self.processes():
            with contextlib.suppress(OSError):
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)


class Contender:
    """A question to a server, asked again and again."""

    def __init__(self, name, server, path, body, work):
        self.name, self.server, self.path = name, server, path
        self.body = work / f"{re.sub('[^a-z0-9]+', '-', name.lower())}.json"
        self.body.write_text(json.dumps(body, separators=(",", ":")))
        self.runs = []

    def load(self, seconds, script, threads=2, connections=CONNECTIONS, pause=0):
        """One run of wrk."""
        before = self.server.busy()
        output = subprocess.run(
            ["wrk", f"-t{min(threads, connections)}", f"-c{connections}", f"-d{seconds}s"]
            + ["--timeout", "10s", "-s", str(script), f"http://127.0.0.1:{self.server.port}{self.path}"],
            env={**os.environ, "BENCH_BODY": str(self.body), "BENCH_PAUSE": str(pause)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        result = json.loads(re.search(r"RESULT (.*)", output)[1])
        if result["failed"] or not result["requests"]:
            sys.exit(f"{self.name}: {result}")
        result["rate"] = result["requests"] / result["seconds"]
        result["busy"] = (self.server.busy() - before) / result["requests"] * 1e6
        return result

    def median(self, key):
        return statistics.median(run[key] for run in self.runs)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def rounds(contenders, runs, **load):
    """Every contender in turn, once to warm up and then so many times."""
    for turn in range(runs + 1):
        print(f"round {turn} of {runs}" + " (warm-up)" * (turn == 0), file=sys.stderr)
        for contender in contenders:
            result = contender.load(**load)
            if turn > 0:
                contender.runs.append(result)


def table(heads, rows):
    print("| " + " | ".join(heads) + " |")
    print("|---" + "|--:" * (len(heads) - 1) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def rate_table(contenders, base):
    def cells(one):
        rates = [run["rate"] for run in one.runs]
        spread = f"{one.median('rate'):,.0f} ({min(rates):,.0f}–{max(rates):,.0f})"
        share = one.median("rate") / base.median("rate")
        return [one.name, spread, f"{share:.3f}", f"{one.median('busy'):.1f}"]

    heads = ["one row a request", "requests/s, median (min–max)", f"÷ {base.name}", "server's processor µs"]
    table(heads, map(cells, contenders))


def half(one):
    """Half of what a contender takes: so many clients, who wait after each answer."""
    # wrk waits whole milliseconds, and half of one longer.
    return {"connections": max(1, round(one.median("rate") / 2 * (PAUSE + 0.5) / 1000)), "pause": PAUSE}


def latency_table(contenders, options, script):
    """At half of what each takes: at the whole of it, requests wait for each other."""
    rows = []
    for one in contenders:
        runs = [one.load(options.seconds, script, **half(one)) for _ in range(options.runs)]
        middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        reached = middle["rate"] / one.median("rate")
        cells = [f"{middle[key] / 1000:.2f}" for key in ("p50", "p99", "p999")]
        rows.append([one.name, f"{middle['rate']:,.0f}", f"{reached:.2f}", *cells])
    table(["at half load", "requests/s", "of what it takes", "p50 ms", "p99 ms", "p99.9 ms"], rows)


def size_table(one, many, options, script):
    """What an array costs, by one client and by many."""
    rows = []
    for clients in (1, CONNECTIONS):
        times = []
        for contender in (one, many):
            load = {"threads": 1 if clients == 1 else 2, "connections": clients}
            runs = [contender.load(options.seconds, script, **load) for _ in range(options.runs)]
            times.append(statistics.median(clients / run["rate"] for run in runs) * 1e6)
        rows.append([f"{clients}", *(f"{time:,.0f}" for time in times), f"{times[1] / times[0]:.1f}"])
    table(["clients at a time", "1 row, µs", f"{MANY:,} rows, µs", "÷ 1 row"], rows)


def shadow_table(one, shadowed, options, script):
    """p99 at half load without and with five shadows, in turns."""
    found = {contender.name: [] for contender in (one, shadowed)}
    for _ in range(options.runs):
        for contender in (one, shadowed):
            load = contender.load(options.seconds, script, **half(one))
            found[contender.name].append(load)
    rows = []
    for name, runs in found.items():
        cells = [statistics.median(run[key] for run in runs) for key in ("rate", "p50", "p99", "p999")]
        rows.append([name, f"{cells[0]:,.0f}", *(f"{cell / 1000:.2f}" for cell in cells[1:])])
    table(["shadows at half load", "requests/s", "p50 ms", "p99 ms", "p99.9 ms"], rows)


def calls(one, script):
    """System calls a request, as strace counts them."""
    if not shutil.which("strace"):
        return None
    command = ["strace", "-f", "-c", "-p", str(one.server.process.pid)]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    time.sleep(0.5)
    load = one.load(3, script)
    tracer.send_signal(signal.SIGINT)
    counted = {}
    for line in tracer.communicate()[1].splitlines():
        fields = line.split()
        if len(fields) >= 5 and re.fullmatch(r"[\d.]+", fields[0]) and fields[-1] != "total":
            counted[fields[-1]] = int(fields[3]) / load["requests"]
    return counted


def calls_table(contenders, script):
    rows = []
    for one in contenders:
        counted = calls(one, script)
        if counted is None:
            print("NOT MEASURED: system calls, for which strace is needed.\n")
            return
        most = sorted(counted.items(), key=lambda pair: -pair[1])[:4]
        rows.append([one.name, f"{sum(counted.values()):.2f}", ", ".join(f"{n} {c:.2f}" for n, c in most)])
    table(["system calls a request", "all", "the most frequent"], rows)


def trained(options):
    """A folder of models of which the linear ones have four revisions: trained on a file as it grows."""
    data = options.work / "data"
    shutil.rmtree(data, ignore_errors=True)
    csv = options.work / "growing.csv"
    lines = options.input.read_bytes().splitlines(keepends=True)
    for quarter in (1, 2, 3, 4):
        csv.write_bytes(b"".join(lines[: 1 + (len(lines) - 1) * quarter // 4]))
        command = [options.engine, "--once", "--input", csv, "--data-dir", data]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    csv.unlink()
    return data / "models"


def pickles(options):
    """The same models of scikit-learn, fitted to the same rows."""
    folder = options.work / "pickles"
    script = pathlib.Path(__file__).with_name("peers") / "polars_sklearn.py"
    command = [options.polars, script, options.input, folder]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder / "models"


def mlserver_folder(options, model):
    folder = options.work / "mlserver"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(model, folder / "model.pickle")
    settings = {
        "name": "total_amount",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": "./model.pickle"},
    }
    (folder / "model-settings.json").write_text(json.dumps(settings))
    return folder


def bin_of(python, name):
    return str(pathlib.Path(python).with_name(name))


def started(options, stack):
    """All servers, by name."""
    models = trained(options)
    servers = {}

    def start(name, command, **env):
        print(f"start {name}", file=sys.stderr)
        servers[name] = Server(name, [str(part) for part in command], env)
        stack.callback(servers[name].stop)
        return servers[name]

    engine = [options.server, "--models", models, "--bind", "127.0.0.1:PORT"]
    start("engine", engine)
    start("shadowed", engine, RETAIL_ADMIN_TOKEN=TOKEN)
    for name, program in (("axum", options.axum), ("may", options.may)):
        if program:
            for target, body in (("total_amount", LINEAR), ("quantity_category", SIX), ("high_value_customer", SIX)):
                answer = servers["engine"].ask(f"/predict/{target}/v3", body)
                text = json.dumps(answer, separators=(",", ":"))
                if name == "axum" or target == "total_amount":
                    start(f"{name} {target}", [program, "PORT", text])
    fitted = None
    if options.polars:
        fitted = pickles(options)
    peers = pathlib.Path(__file__).with_name("peers")
    if fitted and options.python:
        env = {"BENCH_MODELS": str(fitted), "PYTHONPATH": str(peers), "OMP_NUM_THREADS": "1"}
        uvicorn = [bin_of(options.python, "uvicorn"), "serving_fastapi:app", "--workers", "2"]
        start("FastAPI", [*uvicorn, "--port", "PORT", "--no-access-log", "--log-level", "warning"], **env)
        gunicorn = [bin_of(options.python, "gunicorn"), "serving_flask:app", "--workers", "2"]
        start("Flask", [*gunicorn, "--threads", "4", "--bind", "127.0.0.1:PORT"], **env)
    linear = fitted and fitted / "linear_model_3.pickle"
    if fitted and options.mlflow:
        folder = options.work / "mlflow"
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([options.mlflow, peers / "serving_mlflow.py", linear, folder], check=True, stdout=sys.stderr)
        command = [bin_of(options.mlflow, "mlflow"), "models", "serve", "-m", folder, "--env-manager", "local"]
        path = f"{pathlib.Path(options.mlflow).parent}:{os.environ['PATH']}"
        start("MLflow", [*command, "--port", "PORT", "--workers", "2"], PATH=path)
    if fitted and options.mlserver:
        start(
            "MLServer",
            [bin_of(options.mlserver, "mlserver"), "start", mlserver_folder(options, linear)],
            MLSERVER_HTTP_PORT="PORT",
            MLSERVER_GRPC_PORT=str(free_port()),
            MLSERVER_METRICS_PORT=str(free_port()),
            MLSERVER_HOST="127.0.0.1",
            MLSERVER_PARALLEL_WORKERS="2",
            MLSERVER_DEBUG="false",
        )
    return servers


def measure(options):
    options.work.mkdir(parents=True, exist_ok=True)
    script = options.work / "load.lua"
    script.write_text(SCRIPT)
    load = {"seconds": options.seconds, "script": script}
    with contextlib.ExitStack() as stack:
        servers = started(options, stack)

        def asks(name, server, path, body):
            servers[server].ask(path, body)
            return Contender(name, servers[server], path, body, options.work)

        def predicts(name, server, target="total_amount"):
            body = LINEAR if target == "total_amount" else SIX
            return asks(name, server, f"/predict/{target}/v3", body)

        expected = servers["engine"].ask("/predict/total_amount/v3", LINEAR)["prediction"]
        linear = predicts("engine, linear", "engine")
        forest = predicts("engine, forest", "engine", "quantity_category")
        logistic = predicts("engine, logistic", "engine", "high_value_customer")
        values = [LINEAR[name] for name in ("quantity", "price", "month", "day", "hour")]
        tensor = {"inputs": [{"name": "x", "shape": [1, 5], "datatype": "FP64", "data": values}]}
        infer = asks("engine, /v2", "engine", "/v2/models/total_amount/versions/3/infer", tensor)
        contenders = [linear, forest, logistic, infer]
        for name, label in (("axum", "bare axum"), ("may", "may_minihttp, the ceiling")):
            for target, what in (("total_amount", "linear"), ("quantity_category", "forest"), ("high_value_customer", "logistic")):
                if f"{name} {target}" in servers:
                    contenders.append(predicts(f"{label}, {what}'s body", f"{name} {target}", target))
        slow = []
        for name in ("FastAPI", "Flask"):
            if name in servers:
                agree(name, servers[name].ask("/predict/total_amount/v3", LINEAR)["prediction"], expected)
                slow.append(predicts(f"{name}, scikit-learn", name))
        if "MLflow" in servers:
            body = {"inputs": [values]}
            agree("MLflow", servers["MLflow"].ask("/invocations", body)["predictions"][0], expected)
            slow.append(asks("MLflow, scikit-learn", "MLflow", "/invocations", body))
        if "MLServer" in servers:
            path = "/v2/models/total_amount/infer"
            agree("MLServer", servers["MLServer"].ask(path, tensor)["outputs"][0]["data"][0], expected)
            slow.append(asks("MLServer, scikit-learn, /v2", "MLServer", path, tensor))
        contenders += slow
        rounds(contenders, options.runs, **load)
        print(f"### servers under load\n\n{machine()}\n")
        rate_table(contenders, linear)
        bare = [one for one in contenders if one.name.startswith("bare")]
        latency_table([linear, forest, logistic, *bare[:1], *slow], options, script)
        many = asks("engine, many rows", "engine", "/predict/total_amount/v3", [LINEAR] * MANY)
        size_table(linear, many, options, script)
        plan = {"shadows": [{"version": "v1"}, {"version": "v2"}, *({"revision": n} for n in (1, 2, 3))]}
        token = {"authorization": f"Bearer {TOKEN}"}
        servers["shadowed"].ask("/admin/models/linear_model_3/traffic", plan, token, "PUT")
        shadow_table(linear, predicts("engine, five shadows", "shadowed"), options, script)
        calls_table([linear, *bare[:1]], script)
        save(
            options.results,
            (
                Row("servers under load", (linear.name, 1 / linear.median("rate")), (one.name, 1 / one.median("rate")))
                for one in contenders
                if one is not linear
            ),
        )


def agree(name, got, expected):
    if abs(got - expected) > 1e-6 * abs(expected):
        sys.exit(f"{name} predicts {got}, the engine {expected}")


def main():
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--results", type=pathlib.Path, required=True)
    asked.add_argument("--work", type=pathlib.Path, required=True)
    asked.add_argument("--input", type=pathlib.Path, required=True)
    asked.add_argument("--engine", required=True)
    asked.add_argument("--server", required=True)
    for optional in ("axum", "may", "polars", "python", "mlflow", "mlserver"):
        asked.add_argument(f"--{optional}")
    asked.add_argument("--runs", type=int, default=5)
    asked.add_argument("--seconds", type=int, default=4)
    measure(asked.parse_args())


if __name__ == "__main__":
    main()
