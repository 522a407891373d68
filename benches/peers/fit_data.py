"""The arrays that `bench-fits write` left, as NumPy arrays in the same order of memory."""

import json
from pathlib import Path

import numpy as np


class Pair:
    """Rows to learn from and rows to measure on, column by column in memory."""

    def __init__(self, folder, features, target):
        folder = Path(folder)
        rows = json.loads((folder / "shape.json").read_text())["fit"]
        y = np.fromfile(folder / f"{target}.f64")
        x = np.fromfile(folder / f"{features}.f64").reshape(-1, len(y)).T
        if target != "total_amount":
            y = y.astype(np.int64)
        self.x, self.y = np.asfortranarray(x[:rows]), y[:rows].copy()
        self.x_test, self.y_test = np.asfortranarray(x[rows:]), y[rows:].copy()
