"""Prints all results as one table of ratios, and how the engine grows with its input.

    python3 benches/report.py RESULTS
"""

import sys

from results import load


def number(value, unit):
    if unit == "MB":
        return f"{value:.0f}"
    return f"{value:.3f}" if value < 100 else f"{value:.1f}"


def ratios(rows):
    yield "### Summary: above 1 the engine needs less, below 1 the peer does\n"
    yield "| what | engine | peer | engine's | peer's | peer ÷ engine |"
    yield "|---|---|---|--:|--:|--:|"
    for row in rows:
        (ours, mine), (peer, theirs) = row.ours, row.peer
        cells = [row.measurement, ours, peer]
        cells += [f"{number(value, row.unit)} {row.unit}" for value in (mine, theirs)]
        yield "| " + " | ".join([*cells, f"**{theirs / mine:.2f}**"]) + " |"


def growth(rows):
    yield "\n### Growth of the engine\n"
    yield "| | rows | wall s | µs a row | processor s | peak memory MB | bytes a row |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for row in sorted(rows, key=lambda row: tuple(row.ours)):
        name, count = row.ours
        wall, busy, memory = (row.extra[key] for key in ("wall", "processor", "memory"))
        yield (
            f"| {name} | {count:,} | {wall:.3f} | {wall / count * 1e6:.3f} | {busy:.3f} "
            f"| {memory:.0f} | {memory * 1e6 / count:.0f} |"
        )


def main():
    rows = load(sys.argv[1])
    print("\n".join(ratios([row for row in rows if row.peer])))
    alone = [row for row in rows if not row.peer]
    if alone:
        print("\n".join(growth(alone)))


if __name__ == "__main__":
    main()
