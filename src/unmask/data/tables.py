"""The lists of files that data sets carry: CSV with a header, read strictly."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from unmask.data.labels import label_of
from unmask.errors import DataError


def has_columns(path: Path, columns: set[str]) -> bool:
    """Say whether the file is a table whose header has all these columns."""
    if not path.is_file():
        return False
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return columns <= {name.strip() for name in next(csv.reader(file), [])}
    except (UnicodeDecodeError, csv.Error):
        return False


def read_rows(path: Path, columns: set[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row with its line number, values stripped.

    Raises:
        DataError: The file is missing, is not UTF-8, lacks a column, or a row lacks a required value.
    """
    if not has_columns(path, columns):
        raise DataError(f"{path} is not a UTF-8 CSV file with the columns {', '.join(sorted(columns))}.")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, skipinitialspace=True)
        try:
            for raw in reader:
                row = {(name or "").strip(): (raw[name] or "") for name in raw if isinstance(raw[name], str)}
                row = {name: value.strip() for name, value in row.items()}
                empty = sorted(name for name in columns if not row.get(name))
                if empty:
                    raise DataError(f"{path}, line {reader.line_num}: no {empty[0]}. Fill it in.")
                yield reader.line_num, row
        except (UnicodeDecodeError, csv.Error) as error:
            raise DataError(f"{path}, near line {reader.line_num}: {error}. Save it as UTF-8 CSV.") from error


def label_in(path: Path, line: int, word: str) -> int:
    """Return the label of a word in a table, with the table's line in the error."""
    try:
        return label_of(word)
    except DataError as error:
        raise DataError(f"{path}, line {line}: {error}") from None


def file_in(folder: Path, name: str, table: Path) -> Path:
    """Return the path of a file that a table names; one outside the data set's folder is an error."""
    relative = Path(name)
    if relative.is_absolute() or ".." in relative.parts:
        raise DataError(f"{table}: {name} lies outside {folder}. Use a path inside it.")
    return folder / relative
