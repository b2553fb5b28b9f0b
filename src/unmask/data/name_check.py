"""Names against labels: a tree whose classes were swapped is refused before anything learns from it."""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Sequence
from pathlib import Path

from unmask.data.labels import is_label, label_of
from unmask.errors import DataError
from unmask.schema import LABEL_NAMES, Sample

_FEWEST = 2  # one odd name among few pictures is no swapped tree


def check_names(samples: Sequence[Sample], root: Path) -> None:
    """Hold each label against the words in the file's own name and folders below the root.

    Raises:
        DataError: Most names that say a class say the other one. Fewer are a warning that counts them.

    Example:
        >>> check_names([Sample("set/real/fake_1.jpg", 0, "", "", "")] * 2, Path("set"))
        Traceback (most recent call last):
        unmask.errors.DataError: 2 of 2 ... say the other class, first set/real/fake_1.jpg (labelled real)...
    """
    start, telling, against = f"{root}{os.sep}", 0, []
    for sample in samples:
        parts = sample.path.removeprefix(start).split(os.sep)  # noqa: PTH206 - strings: there may be a million
        said = _said(parts if sample.path.startswith(start) else parts[-1:])
        telling += bool(said)
        if said - {sample.label}:
            against.append(sample)
    if not against:
        return
    first = f"first {against[0].path} (labelled {LABEL_NAMES[against[0].label]})"
    counted = f"{len(against)} of {telling} names that say a class say the other class, {first}"
    if len(against) >= _FEWEST and 2 * len(against) > telling:
        raise DataError(f"{counted}. The classes look swapped: correct the folders or the table.")
    warnings.warn(f"{counted}. Look at these files.", stacklevel=3)


def _said(parts: Sequence[str]) -> set[int]:
    """Return the labels that folders and file name say."""
    folders = {label for part in parts[:-1] if (label := _label_in(part)) is not None}
    stem = parts[-1].rpartition(".")[0]
    return folders | ({label_of(stem)} if is_label(stem) else set())


@functools.lru_cache(maxsize=4096)
def _label_in(folder: str) -> int | None:
    return label_of(folder) if is_label(folder) else None
