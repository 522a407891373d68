"""Files that others see whole: the old one or the new one, and never a part."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

__all__ = ["local", "locked", "replace"]

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/")


def local(path: str | os.PathLike[str]) -> Path:
    """A path of the file system that ``open`` knows; ``file:`` before it is left out."""
    text = os.fspath(path)
    if text.lower().startswith("file:"):
        text = _of_url(text)
    elif scheme := _SCHEME.match(text):
        raise ValueError(
            f"path {text!r}: expected a file that Python can open, got one of {scheme[1]}:; "
            "write to a local or mounted folder, and copy the file from there"
        )
    if not text:
        raise ValueError("path: expected the name of a file, got an empty one")
    found = Path(text)
    if found.is_dir():
        raise ValueError(f"path {text!r}: expected a file, got a folder; name a file in it")
    return found


def _of_url(text: str) -> str:
    """The path of ``file:/folder/name``, ``file:///folder/name`` or ``file://localhost/folder/name``."""
    path = text[len("file:") :]
    if path.startswith("//"):
        host, _, rest = path[2:].partition("/")
        if host not in ("", "localhost"):
            raise ValueError(
                f"path {text!r}: expected a file of this host, got one of {host!r}; "
                f"did you mean file:///{host}/{rest}?"
            )
        path = "/" + rest
    return unquote(path)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keeps other writers of the file's folder out, where the file system can lock it."""
    import fcntl

    folder = path.resolve().parent
    folder.mkdir(parents=True, exist_ok=True)
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX)
        except OSError:
            # Some network file systems lock no folders. Two writers at once are a mistake there.
            pass
        yield
    finally:
        os.close(opened)


def replace(path: Path, content: bytes) -> None:
    """Writes a file in one step. What a writer that was killed had begun is written over."""
    # A link stays one.
    target = path.resolve()
    begun = target.with_name(f".{target.name}.writing")
    try:
        with begun.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        begun.replace(target)
    except BaseException:
        begun.unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
