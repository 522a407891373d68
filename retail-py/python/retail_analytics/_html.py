"""Tables for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any


def table(title: str, header: Iterable[str], lines: Iterable[Iterable[Any]]) -> str:
    """A table with a title."""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{_shown(value)}</td>" for value in line) + "</tr>" for line in lines
    )
    return (
        f"<table><caption>{escape(title)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def facts(title: str, values: Mapping[str, Any]) -> str:
    """Names and values, one a line."""
    body = "".join(
        f"<tr><th>{escape(name)}</th><td>{_shown(value)}</td></tr>" for name, value in values.items()
    )
    return f"<table><caption>{escape(title)}</caption><tbody>{body}</tbody></table>"


def _shown(value: Any) -> str:
    return "" if value is None else escape(str(value))
