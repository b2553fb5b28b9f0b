"""The lists of files that data sets carry: CSV with a header, or Parquet, read strictly and as text."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from unmask.data.labels import label_of
from unmask.errors import DataError
from unmask.schema import REAL

TABLE_SUFFIXES = frozenset({".csv", ".parquet"})
Row = dict[str, str]
_BATCH = 4096  # Parquet rows held at once


def columns_of(path: Path) -> set[str]:
    """Return the names of a table's columns, none where the file is missing or is no such table."""
    try:
        if path.suffix.lower() == ".parquet":
            return set(_parquet_columns(path))
        with path.open(encoding="utf-8-sig", newline="") as file:
            return {name.strip() for name in next(csv.reader(file), [])}
    except (OSError, UnicodeDecodeError, csv.Error, DataError):
        return set()


def has_columns(path: Path, columns: set[str]) -> bool:
    """Say whether the file is a table that has all these columns."""
    return path.is_file() and columns <= columns_of(path)


def read_rows(path: Path, columns: set[str]) -> Iterator[tuple[int, Row]]:
    """Yield each row with its line number, values as stripped text, an absent one as "".

    Of a Parquet file a `ClassLabel` becomes its name, as the file itself tells it; nested columns, such as
    embedded pictures, are left out, and its lines are counted from 1.

    Raises:
        DataError: The file is missing or damaged, lacks a column, or a row lacks a required value.
    """
    parquet = path.suffix.lower() == ".parquet"
    if not has_columns(path, columns):
        kind = "Parquet" if parquet else "UTF-8 CSV"
        raise DataError(f"{path} is not a {kind} file with the columns {', '.join(sorted(columns))}.")
    for line, row in _parquet_rows(path) if parquet else _csv_rows(path):
        empty = sorted(name for name in columns if not row.get(name))
        if empty:
            raise DataError(f"{path}, line {line}: no {empty[0]}. Fill it in.")
        yield line, row


def class_names(schema: Any) -> dict[str, list[str]]:
    """Return the class names of every `ClassLabel` column that a Parquet schema carries from `datasets`.

    The names stand as JSON in the schema's own metadata; anything else there is looked past.
    """
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        named = {name: feature["names"] for name, feature in features.items() if feature.get("_type") == "ClassLabel"}
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}
    return {name: [str(word) for word in words] for name, words in named.items() if isinstance(words, list)}


def label_in(path: Path, line: int, word: str) -> int:
    """Return the label of a word in a table, with the table's line in the error."""
    try:
        return label_of(word)
    except DataError as error:
        raise DataError(f"{path}, line {line}: {error}") from None


def check_original(path: Path, name: str, label: int, original: str) -> None:
    """Raise DataError where a DFDC table calls a clip real that was made from another one."""
    if label == REAL and original and Path(original).stem != Path(name).stem:
        raise DataError(f"{path}: {name} is labelled real but made from {original}. The labels look swapped.")


def file_in(folder: Path, name: str, table: Path) -> Path:
    """Return the path of a file that a table names; one outside the data set's folder is an error."""
    relative = Path(name)
    if relative.is_absolute() or ".." in relative.parts or "\0" in name:
        raise DataError(f"{table}: {name} lies outside {folder}. Use a path inside it.")
    return folder / relative


def _csv_rows(path: Path) -> Iterator[tuple[int, Row]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, skipinitialspace=True)
        try:
            for raw in reader:
                row = {(name or "").strip(): (raw[name] or "") for name in raw if isinstance(raw[name], str)}
                yield reader.line_num, {name: value.strip() for name, value in row.items()}
        except (UnicodeDecodeError, csv.Error) as error:
            raise DataError(f"{path}, near line {reader.line_num}: {error}. Save it as UTF-8 CSV.") from error


def open_parquet(path: Path) -> Any:
    """Return an open `pyarrow.parquet.ParquetFile`: its footer is read and checked, no row yet.

    Raises:
        DataError: The file is damaged, or pyarrow is not installed.
    """
    try:
        import pyarrow.parquet
    except ImportError:
        raise DataError(f"{path} is a Parquet file, which needs pyarrow. Run: pip install pyarrow") from None
    try:
        return pyarrow.parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path} is no whole Parquet file ({_one_line(error)}). Fetch or write it again.") from error


def read_batches(path: Path, file: Any, columns: list[str], size: int = _BATCH) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of an open Parquet file as plain values, `size` at a time, the named columns alone."""
    import pyarrow

    try:
        for batch in file.iter_batches(batch_size=size, columns=columns):
            yield batch.to_pylist()
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{path} is damaged ({_one_line(error)}). Fetch or write it again.") from error


def _parquet_columns(path: Path) -> list[str]:
    """Return the columns of plain values: numbers, words, yes or no."""
    with open_parquet(path) as file:
        schema = file.schema_arrow
    import pyarrow.types

    kinds = ("string", "large_string", "string_view", "boolean", "integer", "floating", "dictionary", "null")
    checks = [getattr(pyarrow.types, f"is_{kind}") for kind in kinds]
    return [field.name for field in schema if any(check(field.type) for check in checks)]


def _parquet_rows(path: Path) -> Iterator[tuple[int, Row]]:
    columns = _parquet_columns(path)
    with open_parquet(path) as file:
        names = class_names(file.schema_arrow)
        rows = (row for batch in read_batches(path, file, columns) for row in batch)
        for line, row in enumerate(rows, start=1):
            yield line, {name: text_of(value, names.get(name)) for name, value in row.items()}


def text_of(value: Any, names: list[str] | None = None) -> str:
    """Return a table's value as text: a class by its name where there are names, "" for none.

    Example:
        >>> text_of(1, ["fake", "real"]), text_of(None), text_of(True), text_of(3.0)
        ('real', '', 'true', '3')
    """
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if names is not None and isinstance(value, int):
        return names[value] if 0 <= value < len(names) else ""  # datasets writes -1 for a row without a label
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:160].rstrip(".")
