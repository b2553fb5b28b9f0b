"""Layouts: how data sets lie on disk, one file each, and `read_samples`, which picks the right one.

A layout is a class registered under its name:

    @layouts.register("class_folders")
    class ClassFolders:
        specificity = 10
        expects = "real/ and fake/ folders of pictures"
        signs = ("real", "fake")

        def recognises(self, root: Path) -> bool: ...
        def read(self, root: Path) -> Iterator[Sample]: ...

When several layouts recognise a folder the one with the highest `specificity` reads it: a published data
set's own tree (40 and more), then a list of files (20 and 30), then class folders (10). Two with the same
specificity are an error that asks for a name. `real_only` (0) is never chosen unasked.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from unmask.data.folders import subfolders
from unmask.data.name_check import check_names
from unmask.data.split_file import apply_split
from unmask.data.tables import TABLE_SUFFIXES
from unmask.errors import DataError, UnknownLayout
from unmask.media.images import IMAGE_SUFFIXES
from unmask.registry import Registry
from unmask.schema import Sample

MAX_DEPTH = 4
"""How many folders deep a data set is looked for."""


class Layout(Protocol):
    """One way in which a data set lies on disk.

    `specificity` orders layouts that recognise the same folder, `expects` says in half a line what the
    layout looks for, and `signs` are lower-case fragments of names that hint at it in a folder it does
    not recognise.
    """

    specificity: int
    expects: str
    signs: tuple[str, ...]

    def recognises(self, root: Path) -> bool:
        """Say whether the folder has this layout; cheap, looks at names and headers only."""
        ...

    def read(self, root: Path) -> Iterator[Sample]:
        """Yield the labelled files of the folder."""
        ...


layouts: Registry[type[Layout]] = Registry("layout", package="unmask.data.layouts")


def read_samples(root: Path | str, layout: str | None = None, *, follow_split_file: bool = True) -> list[Sample]:
    """Return every labelled file of a data set, sorted by path.

    A folder in which the data set lies alone, as archives unpack, is looked through. A `split.csv` in the
    folder overrules the data set's own splits (`python -m unmask.data.splits` writes one). Ids are those of
    the data set; a caller that joins data sets prefixes `source_id` and `video_id`.

    Args:
        root: The data set's folder, or a manifest (CSV or Parquet).
        layout: The layout's name; None has the folder recognised.
        follow_split_file: Whether `split.csv` counts; False gives the data set's own splits.

    Raises:
        UnknownLayout: No layout recognises the folder.
        DataError: There is no such folder, it holds no sample, files that it lists are missing, or most
            file names contradict their labels.

    Example:
        >>> samples = read_samples("faces")  # doctest: +SKIP
        >>> samples[0].label, samples[0].source_id  # doctest: +SKIP
        (1, 'fake/0QK8R3V1HN')
    """
    root = Path(root)
    is_table = root.is_file() and root.suffix.lower() in TABLE_SUFFIXES
    if not (root.is_dir() or is_table):
        raise DataError(f"There is no data folder at {root}. Check the path.")
    try:
        place, name = (root, layout or "manifest") if layout or is_table else find_data_set(root)
        samples = sorted(layouts[name]().read(place), key=lambda sample: sample.path)
        _check(samples, root, name)
    except OSError as error:
        raise DataError(f"Could not read {error.filename or root}: {error.strerror}. Check its rights.") from error
    check_names(samples, place)  # not of the archive: a folder called Deepfakes may hold both classes
    return samples if is_table or not follow_split_file else apply_split(samples, root)


def find_data_set(root: Path) -> tuple[Path, str]:
    """Return the folder of the data set and its layout: `root`, or where it holds nothing else the one inside.

    Raises:
        UnknownLayout: No layout recognises the folder, or two do with the same specificity.
    """
    place = root
    for _ in range(MAX_DEPTH):
        if name := _most_specific(place):
            return place, name
        inside = subfolders(place)
        if len(inside) != 1 or any(entry.suffix.lower() in IMAGE_SUFFIXES for entry in place.iterdir()):
            break
        place = inside[0]
    raise UnknownLayout(_unknown_message(root))


def recognise_layout(root: Path) -> str:
    """Return the name of the most specific layout that recognises the folder itself.

    Raises:
        UnknownLayout: None does, or two do with the same specificity.
    """
    if name := _most_specific(root):
        return name
    raise UnknownLayout(_unknown_message(root))


def _most_specific(root: Path) -> str | None:
    found = [name for name in layouts if layouts[name]().recognises(root)]
    highest = max((layouts[name].specificity for name in found), default=0)
    best = [name for name in found if layouts[name].specificity == highest]
    if len(best) > 1:
        raise UnknownLayout(f"{root} could be {' or '.join(best)}. Name one with --layout.")
    return best[0] if best else None


def _check(samples: list[Sample], root: Path, name: str) -> None:
    """Raise DataError when there is no sample, a file is missing or a file comes twice."""
    if not samples:
        raise DataError(f"{root} holds no picture or clip that the layout {name} can label. Check the path.")
    missing = [sample.path for sample in samples if not Path(sample.path).is_file()]
    if missing:
        raise DataError(
            f"{len(missing)} of {len(samples)} files listed in {root} are missing, first {missing[0]}. "
            "Complete the data set or take the rows out."
        )
    for before, after in pairwise(samples):
        if before.path == after.path:
            raise DataError(f"{after.path} is listed twice in {root}. Keep one row.")


def _unknown_message(root: Path) -> str:
    """Return what lies at the root, what is known deeper down, and what the nearest layouts would want."""
    entries = sorted(entry.name + "/" * entry.is_dir() for entry in root.iterdir() if not entry.name.startswith("."))
    shown = ", ".join(entries[:5]) + (f" and {len(entries) - 5} more" if len(entries) > 5 else "")
    said = f"No layout recognises {root}, which holds {shown or 'nothing'}."
    if deeper := _known_inside(root):
        return f"{said} Inside it are {'; '.join(deeper)}: name one of these folders."
    expected = "; ".join(f"{name}: {layouts[name].expects}" for name in _nearest(entries))
    return f"{said} Nearest are {expected}."


def _known_inside(root: Path, count: int = 3) -> list[str]:
    """Return the first folders below the root that a layout recognises, nearest first."""
    known: list[str] = []
    level = subfolders(root)
    for _ in range(MAX_DEPTH - 1):
        level = level[:100]  # a hint, not a search
        for folder in level:
            names = [name for name in layouts if layouts[name]().recognises(folder)]
            known += [f"{folder.relative_to(root)}/ ({' or '.join(names)})"] if names else []
        if known:
            break
        level = [inside for folder in level for inside in subfolders(folder)]
    return known[:count]


def _nearest(entries: list[str], count: int = 3) -> list[str]:
    """Return the layouts with most of their signs among the entries; the plainest where none has any."""

    def seen(name: str) -> int:
        return sum(any(sign in entry.lower() for entry in entries) for sign in layouts[name].signs)

    able = [name for name in layouts if seen(name) or layouts[name].specificity > 0]
    ranked = sorted(able, key=lambda name: (-seen(name), layouts[name].specificity, name))
    return [name for name in ranked if seen(name) or not seen(ranked[0])][:count]
