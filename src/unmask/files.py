"""Files that are written whole or not at all, and what tells one file from another."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from unmask.errors import DataError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file aside and rename it over its place: a kill at any moment leaves the old one whole.

    Raises:
        DataError: the folder cannot be written, or the disk is full.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            aside.write_bytes(content)
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(
            f"Could not write {path}: {error.strerror}. Free some space, or choose another folder."
        ) from error


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, whole or not at all; raises DataError, and ValueError for a NaN."""
    write_whole(path, (json.dumps(value, indent=2, allow_nan=False) + "\n").encode())


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
