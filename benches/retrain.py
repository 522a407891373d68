"""Runs retraining by the engine and by a peer, one after the other, and prints one table.

    python3 benches/retrain.py --results FILE [--rounds N] --program NAME=COMMAND...

Each command prints one line of JSON with `rows`, `batches`, `median`, `p99` and `max` (seconds).
They run in turns, N times; the run with the middle median counts. The first is the base of ratios.
"""

import argparse
import json
import shlex
import subprocess
import sys
from pathlib import Path

from results import Row, machine, save


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", required=True, type=Path, help="file to add results to")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--program", action="append", required=True, metavar="NAME=COMMAND")
    options = parser.parse_args()
    programs = [program.split("=", 1) for program in options.program]
    runs = {name: [] for name, _ in programs}
    for turn in range(options.rounds):
        print(f"round {turn + 1} of {options.rounds}", file=sys.stderr)
        for name, command in programs:
            done = subprocess.run(shlex.split(command), check=True, stdout=subprocess.PIPE)
            runs[name].append(json.loads(done.stdout.splitlines()[-1]))
    middle = {
        name: sorted(all_runs, key=lambda run: run["median"])[len(all_runs) // 2]
        for name, all_runs in runs.items()
    }
    base = middle[programs[0][0]]
    print(f"### Retraining, from a saved batch to six replaced models\n\n{machine()}\n")
    print("| | rows before | batches | median ms | p99 ms | largest ms | median ÷ first |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for name, run in middle.items():
        times = [f"{run[key] * 1e3:.1f}" for key in ("median", "p99", "max")]
        cells = [name, f"{run['rows']:,}", str(run["batches"]), *times]
        print("| " + " | ".join([*cells, f"{run['median'] / base['median']:.2f}"]) + " |")
    print()
    ours = [name for name in middle if name.startswith("engine")]
    peers = [name for name in middle if not name.startswith("engine")]
    title = "retraining after a batch of 1,000 rows"
    save(
        options.results,
        (
            Row(f"{title}: {key}", (mine, middle[mine][key]), (peer, middle[peer][key]))
            for mine in ours
            for peer in peers
            for key in ("median", "p99")
        ),
    )


if __name__ == "__main__":
    main()
