"""What a data set is called in a report, a config and a card: by its folder's name, never by a path.

One that is fetched is called what it was asked for by, `hub:user/name` or `kaggle:user/name`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from unmask.data.folders import bare_split_of

HUB, KAGGLE = "hub:", "kaggle:"


def is_remote(name: Path | str) -> bool:
    """Return whether a data set is to be fetched: hub:user/name or kaggle:user/name."""
    return str(name).startswith((HUB, KAGGLE))


def dataset_name(root: Path | str) -> str:
    """Return the folder's name, or its parent's where the folder is only a split of the data set.

    Training writes these names under `trained_on` and scoring looks its data sets up there.

    Example:
        >>> dataset_name("data/dfdc-faces/test"), dataset_name("data/hardfake")
        ('dfdc-faces', 'hardfake')
    """
    if is_remote(root):
        return str(root)
    root = Path(root).resolve()
    return root.parent.name if bare_split_of(root) else root.name


def dataset_names(roots: Sequence[Path | str]) -> list[str]:
    """Return a name for each data set that no other of them has: two folders called faces are `faces` and `faces-2`."""
    names: list[str] = []
    for root in roots:
        names.append(first_free(dataset_name(root), names))
    return names


def first_free(name: str, taken: Collection[str]) -> str:
    """Return the name, with the first number from 2 up that makes it another than those taken where it is one of them.

    Example:
        >>> first_free("faces", ["faces", "faces-2"])
        'faces-3'
    """
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free


def short_path(root: Path | str) -> str:
    """Return the end of the path that tells the data set and its split folder.

    Example:
        >>> short_path("data/dfdc-faces/test"), short_path("data/hardfake")
        ('dfdc-faces/test', 'hardfake')
    """
    if is_remote(root):
        return str(root)
    root = Path(root).resolve()
    return f"{root.parent.name}/{root.name}" if bare_split_of(root) else root.name
