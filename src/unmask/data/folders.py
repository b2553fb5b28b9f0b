"""The split folders of a data set: `train/`, `Validation/`, `test/`, under any usual name and case."""

from __future__ import annotations

from pathlib import Path

from unmask.data.labels import is_label, split_of


def subfolders(root: Path) -> list[Path]:
    """Return the folders directly in `root`, sorted by name, hidden ones left out."""
    return sorted(entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def split_folders(root: Path) -> list[tuple[str | None, Path]]:
    """Return the split folders of a data set with their splits, or the root alone where it has none.

    A root that is itself a split folder beside another (`…/train` with a sibling `…/test`) has the split
    of its own name; a lone folder that happens to be called `test` has none.
    """
    inside = [(split, folder) for folder in subfolders(root) if (split := bare_split_of(folder))]
    return [*inside] if inside else [(own_split_of(root), root)]


def bare_split_of(folder: Path) -> str | None:
    """Return the split that a folder's name stands for; None where the name also says a class."""
    return None if is_label(folder.name) else split_of(folder.name)


def own_split_of(root: Path) -> str | None:
    """Return the split of a root that is one of several split folders, else None."""
    root = root.resolve()
    split = bare_split_of(root)
    if split is None:
        return None
    siblings = {bare_split_of(folder) for folder in subfolders(root.parent)} - {None, split}
    return split if siblings else None
