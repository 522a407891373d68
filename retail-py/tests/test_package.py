"""The package itself: what it needs, and what it says of its types."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import requires, version
from pathlib import Path

import retail_analytics as ra


def test_it_needs_numpy_only_and_imports_not_even_that() -> None:
    needed = [r for r in requires("retail-analytics") or [] if "extra ==" not in r]
    assert [r.split(">")[0] for r in needed] == ["numpy"]
    program = """
import sys
import retail_analytics
heavy = {"numpy", "pandas", "polars", "pyarrow", "sklearn", "scipy", "tqdm"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_it_knows_its_version() -> None:
    assert ra.__version__ == version("retail-analytics")
    assert Path(ra.__file__).with_name("py.typed").exists()


def test_all_names_are_there() -> None:
    assert set(ra.__all__) <= set(dir(ra))
    for name in ra.__all__:
        assert getattr(ra, name) is not None
