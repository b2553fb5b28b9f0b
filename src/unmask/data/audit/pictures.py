"""Pictures under audit: a sample, its data set's name, and the facts of its file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from unmask.data.audit.facts import Facts
from unmask.schema import Sample

_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True)
class Picture:
    """One sample with its facts; `root` is its data set's folder, from which reports name files."""

    dataset: str
    root: str
    sample: Sample
    facts: Facts

    @property
    def source(self) -> str:
        """The source, unique across data sets."""
        return f"{self.dataset}/{self.sample.source_id}"

    @property
    def name(self) -> str:
        """The file as reports write it: the data set's name and the path inside it."""
        return show_path(self.dataset, self.root, self.sample.path)


def show_path(dataset: str, root: str, path: str) -> str:
    """Return the data set's name and the path inside it, on one line."""
    try:
        inside = Path(path).relative_to(root).as_posix()
    except ValueError:
        inside = Path(path).name
    return "".join(c if c.isprintable() else "?" for c in f"{dataset}/{inside}")


def group(pictures: Iterable[Picture], key: Callable[[Picture], _Key]) -> dict[_Key, list[Picture]]:
    """Return the pictures by a key, in order of first appearance."""
    groups: dict[_Key, list[Picture]] = defaultdict(list)
    for picture in pictures:
        groups[key(picture)].append(picture)
    return dict(groups)


def codes_of(values: Sequence[Hashable]) -> np.ndarray:
    """Return one small integer per distinct value, int64 [N]."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], np.int64)
