"""Files that are written whole or not at all, and what tells one file from another."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unmask.errors import DataError


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Give a path beside a file to write to, and rename it over the file when all went well.

    A kill at any moment leaves the old file whole.

    Raises:
        DataError: the folder cannot be written, the disk is full, or the path has no file's name, as `.` and `/`.
    """
    if not path.name:
        raise DataError(f"Could not write {path}: it is a folder. Name a file in it.")
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield aside
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(
            f"Could not write {path}: {error.strerror}. Free some space, or choose another folder."
        ) from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file aside and rename it over its place; raises DataError."""
    with written_aside(path) as aside:
        aside.write_bytes(content)


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, whole or not at all; raises DataError, and ValueError for a NaN."""
    write_whole(path, (json.dumps(value, indent=2, allow_nan=False) + "\n").encode())


def is_same_file(one: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    """Return whether two paths lead to one file: by a link, or in another case where the file system sees none."""
    try:
        return Path(one).samefile(other)
    except OSError:  # one is missing or may not be seen: then their names decide
        return Path(one).resolve() == Path(other).resolve()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
