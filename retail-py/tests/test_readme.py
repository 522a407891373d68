"""The Python code of the READMEs runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conftest import write_csv

HERE = Path(__file__).resolve().parent
READMES = [HERE.parent / "README.md", HERE.parent.parent / "README.md"]
BLOCKS = [
    (f"{path.parent.name} {number}", code)
    for path in READMES
    for number, code in enumerate(re.findall(r"^```python\n(.*?)^```", path.read_text(), re.M | re.S))
]


def test_there_is_code_in_both() -> None:
    assert len(BLOCKS) == 3


@pytest.mark.parametrize("code", [code for _, code in BLOCKS], ids=[name for name, _ in BLOCKS])
def test_code_runs(
    code: str, rows: list[dict[str, object]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(tmp_path / "online_retail_II.csv", rows)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})
