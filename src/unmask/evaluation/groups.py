"""Groups of people: the columns of a data set's table that tell them apart, picture by picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from unmask.data.layouts.manifest import FILE_COLUMNS
from unmask.data.tables import TABLE_SUFFIXES, columns_of, read_rows
from unmask.errors import DataError

USUAL = ("sex", "gender", "age", "age_group", "skin_tone", "race", "ethnicity")
"""Columns that tell groups of people apart, in whatever case a table writes them."""


def find_columns(root: Path) -> tuple[str, ...]:
    """Return the usual columns that the tables of a data set have, as they are written there."""
    held = {column for table in _tables(root) for column in columns_of(table) if column.lower() in USUAL}
    return tuple(sorted(held, key=lambda column: (USUAL.index(column.lower()), column)))


def name_group(column: str, value: str) -> str:
    """Return the group that a value stands for: ages in years come in decades, all else is as it is written."""
    if column.lower() != "age" or not value.isdecimal():
        return value
    decade = int(value) // 10 * 10
    return f"{decade}–{decade + 9}"


def read_groups(root: Path, columns: Sequence[str]) -> dict[Path, dict[str, str]]:
    """Return each listed picture's value in every column, by the picture's path; an empty cell is "".

    The tables are those at the root and in the folders directly below it; files are named from the table's folder,
    or from `faces/` in it.

    Raises:
        DataError: no table has such a column, or one is damaged.
    """
    found: dict[Path, dict[str, str]] = {}
    known: set[str] = set()
    for table in _tables(root):
        held = columns_of(table)
        known |= held
        file = next(name for name in FILE_COLUMNS if name in held)
        for _, row in read_rows(table, {file}) if not held.isdisjoint(columns) else ():
            values = {column: row.get(column, "") for column in columns}
            found[table.parent / row[file]] = found[table.parent / "faces" / row[file]] = values
    missing = [column for column in columns if column not in known]
    if missing:
        raise DataError(
            f"No table of {root.name} has the column {missing[0]!r} that groups ask for, "
            f"only {', '.join(sorted(known)) or 'none'}. Name one of them."
        )
    return found


def _tables(root: Path) -> Iterator[Path]:
    """Yield the tables at the root and one folder down that name files; the root may be a table itself."""
    if root.is_file():
        yield from [root] if not columns_of(root).isdisjoint(FILE_COLUMNS) else []
        return
    for folder in (root, *sorted(path for path in root.iterdir() if path.is_dir())):
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in TABLE_SUFFIXES and not columns_of(path).isdisjoint(FILE_COLUMNS):
                yield path
