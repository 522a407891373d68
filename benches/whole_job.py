"""Times programs that do the same work, in turns, and prints one markdown table.

    python3 benches/whole_job.py --input FILE.csv --note TEXT --work FOLDER --results FILE
        --engine PROGRAM [--runs N] [--peer NAME=PYTHON=SCRIPT]... [--slow-peer ...] [--slow-runs N]

Every contender runs once to warm up and then N times, one after the other in each round, so that a
slow minute of the machine hits all of them; a slow peer runs fewer times and does not warm up.
Every run gets a new output folder, and all of them are removed after the last run: on ext4 a
program that creates files soon after many were deleted waits for the kernel to pass over their
inodes, and would pay for the run before. If the disk has no room left for ten such folders, a
folder is removed at once.

Wall time is from start to exit as the parent sees it;
processor time and peak memory are what the kernel reports of that one child and of the processes
that it has waited for (wait4), peak memory of the largest of them. Peak memory below about 15 MB
cannot be told apart from that of this helper before the child's exec. Standard library only.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from results import Row, machine, save

COUNTS = ("rows_read", "rows_kept", "rejected", "batches")
TOLERANCE = 1e-6  # relative; forests differ in their random draws and are not compared
SLOW_TOLERANCE = 1e-3  # for peers whose optimiser stops earlier
METRICS = ("wall", "processor", "memory")
ROOM = 10  # folders of outputs that the disk has to have room for


class Contender:
    def __init__(self, name, command, ours=False, slow=False):
        self.name, self.command, self.ours, self.slow = name, command, ours, slow
        self.runs = []
        self.imports = []
        self.summary = None
        self.failure = None

    def run(self, folder, keep):
        """One run in `folder`, which is made for it."""
        folder.mkdir(parents=True)
        output, log = folder / "stdout", folder / "stderr"
        try:
            with open(output, "wb") as stdout, open(log, "wb") as stderr:
                started = time.perf_counter()
                child = subprocess.Popen(
                    [*self.command, str(folder / "data")],
                    stdin=subprocess.DEVNULL,
                    stdout=stdout,
                    stderr=stderr,
                )
                _, status, usage = os.wait4(child.pid, 0)
                wall = time.perf_counter() - started
        except OSError as problem:
            self.failure = str(problem)
            return
        child.returncode = os.waitstatus_to_exitcode(status)
        lines = output.read_text().splitlines()
        try:
            if child.returncode != 0:
                raise ValueError(f"exit status {child.returncode}")
            if not lines:
                raise ValueError("no summary line on standard output")
            self.summary = json.loads(lines[-1])
        except ValueError as problem:
            last = log.read_text(errors="replace").splitlines()[-1:]
            self.failure = "; ".join([str(problem), *last])
            return
        if keep:
            unit = 1 if sys.platform == "darwin" else 1024
            memory = usage.ru_maxrss * unit / 1e6
            self.runs.append((wall, usage.ru_utime + usage.ru_stime, memory))
            if "import_seconds" in self.summary:
                self.imports.append(self.summary["import_seconds"])

    def of(self, metric):
        return [run[METRICS.index(metric)] for run in self.runs]

    def median(self, metric):
        return statistics.median(self.of(metric))

    def cell(self, metric, digits):
        values = self.of(metric)
        low, high = min(values), max(values)
        return f"{self.median(metric):.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


def size(folder):
    """Bytes of the files in a folder and in those below it."""
    return sum(
        os.lstat(os.path.join(parent, name)).st_size
        for parent, _, names in os.walk(folder)
        for name in names
    )


def take_turns(contenders, options, folder):
    """All runs of all contenders, each in a folder of its own below `folder`."""
    for turn in range(max(options.runs + 1, options.slow_runs)):
        print(f"round {turn} of {options.runs}" + " (warm-up)" * (turn == 0), file=sys.stderr)
        for number, contender in enumerate(contenders):
            first, end = (0, options.slow_runs) if contender.slow else (1, options.runs + 1)
            if contender.failure is None and turn < end:
                output = folder / f"{turn}-{number}"
                contender.run(output, keep=turn >= first)
                if shutil.disk_usage(folder).free < ROOM * size(output):
                    shutil.rmtree(output)


def disagreements(first, other, tolerance):
    """What two summaries say differently and should say alike."""
    for key in COUNTS:
        if first.get(key) != other.get(key):
            yield f"{key}: {first.get(key)} and {other.get(key)}"
    models = {model["name"]: model for model in other.get("models", [])}
    for model in first.get("models", []):
        name = model["name"]
        twin = models.get(name)
        if twin is None or (model["status"], model["rows"]) != (twin["status"], twin["rows"]):
            yield f"{name}: status or rows"
            continue
        if name.startswith("rf_"):
            continue
        mine, theirs = model.get("holdout") or {}, twin.get("holdout") or {}
        for metric in sorted(mine.keys() & theirs.keys()):
            a, b = mine[metric], theirs[metric]
            if isinstance(a, (int, float)) and isinstance(b, (int, float)):
                if abs(a - b) > tolerance * max(abs(a), abs(b)):
                    yield f"{name} {metric}: {a} and {b}"
            elif a != b:
                yield f"{name} {metric}: {a} and {b}"


def table(contenders):
    """The rows of the table; only contenders that ran through."""
    ours = [contender for contender in contenders if contender.ours]
    heads = ["", "runs", "wall s, median (min–max)", "user+sys s", "peak memory MB"]
    heads += [f"wall ÷ {base.name}" for base in ours]
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" + "--:|" * (len(heads) - 1)
    for contender in contenders:
        ratios = [f"{contender.median('wall') / base.median('wall'):.2f}" for base in ours]
        cells = [
            contender.name,
            str(len(contender.runs)),
            contender.cell("wall", 3),
            contender.cell("processor", 3),
            contender.cell("memory", 0),
            *ratios,
        ]
        yield "| " + " | ".join(cells) + " |"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--input", required=True)
    parser.add_argument("--note", required=True, help="what the input is, for the report")
    parser.add_argument("--work", required=True, type=Path, help="folder for outputs")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--results", required=True, type=Path, help="file to add results to")
    for kind in ("--peer", "--slow-peer"):
        parser.add_argument(kind, action="append", default=[], metavar="NAME=PYTHON=SCRIPT")
    parser.add_argument("--slow-runs", type=int, default=1)
    options = parser.parse_args()
    if options.runs < 1 or options.slow_runs < 1:
        parser.error("--runs, --slow-runs: expected a number from 1 on")
    return options


def entrants(options):
    once = [options.engine, "--once", "--input", options.input]
    yield Contender("engine", [*once, "--data-dir"], ours=True)
    none = [*once, "--batch-format", "none", "--data-dir"]
    yield Contender("engine, no batch files", none, ours=True)
    for slow, peers in ((False, options.peer), (True, options.slow_peer)):
        for peer in peers:
            name, python, script = peer.split("=", 2)
            yield Contender(name, [python, script, options.input], slow=slow)


def rows(options, good):
    """What goes into the summary: every engine against every peer, and the engines alone."""
    read = good[0].summary["rows_read"]
    for ours in good:
        if not ours.ours:
            continue
        for peer in good:
            if not peer.ours:
                yield Row(
                    f"whole job, {options.note}",
                    (ours.name, ours.median("wall")),
                    (peer.name, peer.median("wall")),
                    extra={m: peer.median(m) / ours.median(m) for m in METRICS[1:]},
                )
        alone = {metric: ours.median(metric) for metric in METRICS}
        yield Row("growth", (ours.name, read), extra=alone)


def main():
    options = arguments()
    contenders = list(entrants(options))
    folder = options.work / "runs"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        take_turns(contenders, options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)

    good = [contender for contender in contenders if contender.failure is None]
    print(f"### Whole job, {options.note}\n")
    print(f"{os.path.getsize(options.input) / 1e6:.1f} MB. {machine()}")
    print("Runs in turns; those that run more than once or twice have one to warm up before.\n")
    if good:
        print("\n".join(table(good)))
        print()
    for contender in good:
        if contender.imports:
            imports = statistics.median(contender.imports)
            print(f"- Of the wall time of {contender.name}, {imports:.3f} s are start-up (median).")
    for contender in contenders:
        if contender.failure is not None:
            print(f"- {contender.name} FAILED: {contender.failure}")
    differ = compare(good)
    if any(contender.ours for contender in good):
        save(options.results, rows(options, good))
    sys.exit(1 if differ or any(c.failure is not None and c.ours for c in contenders) else 0)


def compare(good):
    """Says whether all have done the same, and returns whether any have not."""
    differ = False
    for contender in good[1:]:
        tolerance = SLOW_TOLERANCE if contender.slow else TOLERANCE
        for line in disagreements(good[0].summary, contender.summary, tolerance):
            differ = True
            print(f"- {good[0].name} and {contender.name} DISAGREE: {line}")
    if len(good) > 1 and not differ:
        names = ", ".join(c.name + (f" (to {SLOW_TOLERANCE})" if c.slow else "") for c in good)
        print(f"- Same rows, reasons, batches, linear and logistic hold-out metrics: {names}.")
    print()
    return differ


if __name__ == "__main__":
    main()
