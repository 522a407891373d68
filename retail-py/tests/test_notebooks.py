"""The notebooks run from top to bottom, and are kept with their output."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

#: Paths that only one machine has.
LOCAL = re.compile(r"/(?:home|root|tmp|Users|private|var)/|[A-Z]:\\\\?Users|(?:127\.0\.0\.1|localhost):\d+")

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def read(path: Path) -> Any:
    notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    return notebook


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def kinds(cell: Any) -> set[str]:
    """The kinds of output that a cell has; not what it says on standard error."""
    return {
        kind
        for output in cell.outputs
        if output.get("name") != "stderr"
        for kind in output.get("data", {output.get("name", output.output_type): None})
    }


def executed(notebook: Any, folder: Path, work: Path) -> Any:
    """A copy of the notebook, executed in the folder `work` by the interpreter that runs this test."""
    specs = folder / "kernels"
    (specs / "python3").mkdir(parents=True)
    (specs / "python3" / "kernel.json").write_text(
        json.dumps(
            {
                "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
                "display_name": "Python 3",
                "language": "python",
            }
        )
    )
    kernel = AsyncKernelManager(
        kernel_name="python3",
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[str(specs)]),
        connection_file=str(folder / "connection.json"),
    )
    notebook = copy.deepcopy(notebook)
    client = NotebookClient(
        notebook, km=kernel, timeout=300, resources={"metadata": {"path": str(work)}}
    )
    try:
        client.execute()
    finally:
        run_sync(kernel.shutdown_kernel)(now=True)
    return notebook


def skip_without_spark() -> None:
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("Spark needs Java, and there is none")


def test_there_are_two() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["scale_out", "tour"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("tour", "named"),
        ("tour", "beside the notebook"),
        ("tour", "made up"),
        ("scale_out", "named"),
        ("scale_out", "made up"),
    ],
)
def test_notebook_runs(
    name: str, data: str, csv_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "scale_out":
        skip_without_spark()
    # Nothing of the user's Jupyter, IPython or Matplotlib.
    for setting in ["JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR"]:
        monkeypatch.setenv(setting, str(tmp_path / setting))
    monkeypatch.delenv("MPLBACKEND", raising=False)
    monkeypatch.delenv("RETAIL_DATA", raising=False)
    work = tmp_path / "work"
    work.mkdir()
    if data == "named":
        monkeypatch.setenv("RETAIL_DATA", str(csv_file))
    elif data == "beside the notebook":
        shutil.copy(csv_file, work / "online_retail_II.csv")
    stored = read(FOLDER / f"{name}.ipynb")
    # An error in a cell is raised, with the cell and its traceback.
    fresh = executed(stored, tmp_path, work)
    for number, (old, new) in enumerate(zip(code_cells(stored), code_cells(fresh), strict=True), 1):
        assert new.execution_count == number
        assert kinds(new) == kinds(old), f"cell {old.id}: execute the notebook again and save it"
    said = "".join(output.get("text", "") for cell in code_cells(fresh) for output in cell.outputs)
    assert ("MADE UP" in said) == (data == "made up")
    assert ("6,000 records read" in said) == (data != "made up")


@every_notebook
def test_notebook_is_kept_executed(path: Path) -> None:
    cells = code_cells(read(path))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert [output for output in outputs if output.output_type == "error"] == []
    assert [output for output in outputs if output.get("name") == "stderr"] == []
    assert any("image/png" in output.get("data", {}) for output in outputs)


@every_notebook
def test_notebook_is_small_and_of_no_machine(path: Path) -> None:
    assert path.stat().st_size < 400_000
    notebook = read(path)
    texts = [cell.source for cell in notebook.cells]
    for cell in code_cells(notebook):
        for output in cell.outputs:
            data = {kind: text for kind, text in output.get("data", {}).items() if kind != "image/png"}
            texts.append(json.dumps({**output, "data": data}, ensure_ascii=False))
    texts.append(json.dumps(notebook.metadata))
    for text in texts:
        assert not LOCAL.search(text), text
