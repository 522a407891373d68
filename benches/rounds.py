"""Asks programs in turns to do one thing each, and prints one markdown table.

    python3 benches/rounds.py --title TEXT --results FILE [--runs N] [--bytes N]
        --program COMMAND [--program COMMAND]...

A program names on its first line of output what it can be asked for, in groups of things that are
comparable, and then answers each line of input with its own measurement (`answer` in lib.rs and
answer.py). All programs keep their data and wait: only the one that is asked works. Each
thing is asked for once to warm up and then N times; something that takes longer than 20 seconds
is asked for no more than twice, and the table says so. With --bytes the result is also given as a
rate. Ratios are to the first thing of a group that is called `engine` or `engine, ...`. Where the
measures have a number of rows, it has to be the same for all of a group; the exit status is 1
otherwise. Standard library only.
"""

import argparse
import json
import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path

from results import Row, machine, save

PATIENCE = 20.0  # seconds
PAUSE = 0.3  # seconds, until the threads of the one before have stopped spinning


class Contender:
    def __init__(self, program, offer):
        self.program, self.ask = program, offer["ask"]
        self.group, self.name = offer["group"], offer["name"]
        self.ours = False  # whether it is what others of its group are compared with
        self.seconds, self.measures = [], {}

    def run(self, keep):
        time.sleep(PAUSE)
        answer = self.program.ask(self.ask)
        self.measures = answer["measures"]
        if answer["seconds"] > PATIENCE:
            keep = True
        if keep:
            self.seconds.append(answer["seconds"])

    def done(self, runs):
        patient = sum(self.seconds) <= 2 * PATIENCE
        return len(self.seconds) >= (runs if patient else min(runs, 2))

    def median(self):
        return statistics.median(self.seconds)


class Program:
    def __init__(self, command):
        self.process = subprocess.Popen(
            shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.command = command
        self.contenders = [Contender(self, offer) for offer in self.line()]

    def line(self):
        text = self.process.stdout.readline()
        if not text:
            sys.exit(f"{self.command}: ended with status {self.process.wait()}")
        return json.loads(text)

    def ask(self, what):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return self.line()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def table(contenders, size):
    rate = [f"MB/s of {size / 1e6:.0f} MB"] if size else []
    heads = ["", "", "runs", "s, median (min–max)", *rate, "÷ engine", "measures"]
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * 2 + "--:|" * (len(heads) - 3) + "---|"
    for contender in contenders:
        ours = of_engine(contender, contenders)
        low, high = min(contender.seconds), max(contender.seconds)
        measures = [
            f"{name} {value:.6g}" for name, value in contender.measures.items() if value is not None
        ]
        cells = [
            contender.group,
            contender.name,
            str(len(contender.seconds)),
            f"{contender.median():.3f} ({low:.3f}–{high:.3f})",
            *([f"{size / contender.median() / 1e6:.0f}"] if size else []),
            f"{contender.median() / ours.median():.2f}" if ours else "",
            ", ".join(measures),
        ]
        yield "| " + " | ".join(cells) + " |"


def choose_bases(contenders):
    """Of every group the first contender of the engine, in the order of the programs' offers."""
    found = set()
    for one in contenders:
        if one.group not in found and one.name.split(",")[0] == "engine":
            found.add(one.group)
            one.ours = True


def disagreements(contenders):
    """Lines about groups whose contenders have not counted the same rows."""
    counts = {}
    for one in contenders:
        if "rows" in one.measures:
            counts.setdefault(one.group, {})[one.name] = one.measures["rows"]
    for group, of in counts.items():
        if len(set(of.values())) > 1:
            yield f"- {group}: the rows DISAGREE: {of}"


def of_engine(contender, contenders):
    return next((c for c in contenders if c.ours and c.group == contender.group), None)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--title", required=True)
    parser.add_argument("--results", required=True, type=Path, help="file to add results to")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--bytes", type=int, help="size of what is read")
    parser.add_argument("--program", action="append", required=True, metavar="COMMAND")
    options = parser.parse_args()

    programs = [Program(command) for command in options.program]
    contenders = [one for program in programs for one in program.contenders]
    choose_bases(contenders)
    contenders.sort(key=lambda one: (one.group, not one.ours))
    for turn in range(options.runs + 1):
        print(f"round {turn} of {options.runs}" + " (warm-up)" * (turn == 0), file=sys.stderr)
        for contender in contenders:
            if not contender.done(options.runs):
                contender.run(keep=turn > 0)
    for program in programs:
        program.end()

    print(f"### {options.title}\n\n{machine()}\n")
    print("\n".join(table(contenders, options.bytes)) + "\n")
    differ = list(disagreements(contenders))
    if differ:
        print("\n".join(differ) + "\n")
    pairs = ((of_engine(one, contenders), one) for one in contenders if not one.ours)
    save(
        options.results,
        (
            Row(
                f"{options.title}: {peer.group}",
                (ours.name, ours.median()),
                (peer.name, peer.median()),
            )
            for ours, peer in pairs
            if ours
        ),
    )
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
