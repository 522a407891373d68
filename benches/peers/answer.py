"""The other side of `benches/rounds.py`: says what can be asked for, and runs what is asked."""

import json
import sys
import time


def answer(contenders):
    """`contenders`: (group, name, run, measure); `run()` is timed, `measure(its result)` is not."""
    asked = {f"{group}/{name}": (run, measure) for group, name, run, measure in contenders}
    offers = [{"group": g, "name": n, "ask": f"{g}/{n}"} for g, n, _, _ in contenders]
    print(json.dumps(offers), flush=True)
    for line in sys.stdin:
        run, measure = asked[line.strip()]
        started = time.perf_counter()
        result = run()
        seconds = time.perf_counter() - started
        print(json.dumps({"seconds": seconds, "measures": measure(result)}), flush=True)
