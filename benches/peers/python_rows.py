"""The rows that programs of the part `python` are asked to predict."""

import numpy as np

#: How many times one row is asked about.
TIMES = 1_000


def all_rows(data):
    """All rows, those learned from first, row by row in memory."""
    return np.ascontiguousarray(np.concatenate([data.x, data.x_test]))


def one_row(data):
    return np.ascontiguousarray(data.x_test[:1])
