"""Prints all results as one table of ratios, and how the engine grows with its input.

    python3 benches/report.py RESULTS
"""

import sys

from results import load


def ratios(rows):
    yield "### Summary: peer ÷ engine; above 1 the engine needs less, below 1 the peer does\n"
    yield "| what | engine | peer | engine's s | peer's s | time | processor time | peak memory |"
    yield "|---|---|---|--:|--:|--:|--:|--:|"
    for row in rows:
        (ours, mine), (peer, theirs) = row.ours, row.peer
        cells = [row.measurement, ours, peer, f"{mine:.4g}", f"{theirs:.4g}"]
        cells.append(f"**{theirs / mine:.2f}**")
        for metric in ("processor", "memory"):
            cells.append(f"{row.extra[metric]:.2f}" if metric in row.extra else "")
        yield "| " + " | ".join(cells) + " |"


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
