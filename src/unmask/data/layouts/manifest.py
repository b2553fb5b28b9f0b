"""A table that labels each picture: `metadata.csv`, `metadata.parquet`, or any one table beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from unmask.data.folders import split_folders
from unmask.data.labels import REAL_METHOD, UNKNOWN_METHOD, split_of
from unmask.data.layouts import layouts
from unmask.data.split_file import SPLIT_FILE
from unmask.data.tables import TABLE_SUFFIXES, Row, columns_of, file_in, label_in, read_rows
from unmask.errors import DataError
from unmask.schema import FAKE, REAL, Box, Sample

FILE_COLUMNS = ("file_name", "filename", "file", "path")
FAKE_COLUMNS = ("fake", "is_fake")
LABEL_COLUMNS = ("label", "class", *FAKE_COLUMNS)
USUAL = ("metadata.csv", "metadata.parquet")
EDGES = ("left", "top", "right", "bottom")
_YES_NO = {"1": FAKE, "true": FAKE, "yes": FAKE, "0": REAL, "false": REAL, "no": REAL}


@layouts.register("manifest")
class Manifest:
    """Pictures listed by a table with their labels; the form of a prepared data set.

    The table is CSV or Parquet, called `metadata` or alone of its kind at the root. It has `file_name` (or
    filename, file, path) and `label`, and where known `method`, `video_id`, `source_id`, `split` and the tight
    face box `left`, `top`, `right`, `bottom` in pixels. A label is a word; a number only where the column is
    called `fake` (1 is fake) or where the Parquet file carries the names of its classes.

    A picture without `video_id` is its own clip, and a clip without `source_id` its own source. Clips of
    different methods stay apart even where they share a name: `video_id` includes the method. In place of a
    folder the table itself can be named; then it may list files anywhere.
    """

    specificity = 20
    expects = "metadata.csv or .parquet with file_name, label (and method, video_id, source_id, split, box)"
    signs: tuple[str, ...] = ("metadata.", ".csv", ".parquet")

    def recognises(self, root: Path) -> bool:
        """Say whether the root, or each of its split folders, has one such table."""
        return all(_table_in(folder) is not None for _, folder in split_folders(root))

    def read(self, root: Path) -> Iterator[Sample]:
        """Yield one sample per row of every table."""
        places = [(None, root.parent)] if root.is_file() else split_folders(root)
        for split, folder in places:
            table = root if root.is_file() else _table_in(folder)
            if table is None:
                raise DataError(f"{folder} has no table with the columns file_name and label. Add a metadata.csv.")
            file, label = _key_columns(table)
            for line, row in read_rows(table, {file, label}):
                yield _sample(folder, table, line, row, split, anywhere=root.is_file())


def _table_in(folder: Path) -> Path | None:
    """Return the folder's `metadata` table, else its one table with the columns; None where there are several."""
    found = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in TABLE_SUFFIXES]
    able = [path for path in found if path.is_file() and path.name != SPLIT_FILE and _has_key_columns(path)]
    usual = [path for path in able if path.name in USUAL]
    return (usual or able)[0] if len(usual or able) == 1 else None


def _has_key_columns(path: Path) -> bool:
    columns = columns_of(path)
    return not columns.isdisjoint(FILE_COLUMNS) and not columns.isdisjoint(LABEL_COLUMNS)


def _key_columns(table: Path) -> tuple[str, str]:
    """Return the names of the columns with the file and with the label."""
    columns = columns_of(table)
    file = next((name for name in FILE_COLUMNS if name in columns), None)
    label = next((name for name in LABEL_COLUMNS if name in columns), None)
    if file is None or label is None:
        held = ", ".join(sorted(columns)) or "none that can be read"
        raise DataError(f"{table} needs the columns file_name and label; it has {held}.")
    return file, label


def _sample(folder: Path, table: Path, line: int, row: Row, split: str | None, anywhere: bool) -> Sample:
    """Return the sample of one row."""
    name = next(row[column] for column in FILE_COLUMNS if column in row)
    label = _label(table, line, row)
    method = row.get("method") or (REAL_METHOD if label == REAL else UNKNOWN_METHOD)
    video_id = row.get("video_id") or Path(name).with_suffix("").as_posix()
    return Sample(
        path=str(folder / name if anywhere else file_in(folder, name, table)),
        label=label,
        source_id=row.get("source_id") or video_id,
        video_id=video_id if video_id.startswith(f"{method}/") else f"{method}/{video_id}",
        method=method,
        split=_row_split(table, line, row.get("split", "")) or split,
        box=_box(table, line, row),
    )


def _label(table: Path, line: int, row: Row) -> int:
    """Return a row's label; a bare number says which is which only under the name `fake`."""
    column = next(name for name in LABEL_COLUMNS if name in row)
    word = row[column]
    if column in FAKE_COLUMNS and word.lower() in _YES_NO:
        return _YES_NO[word.lower()]
    if word.isdigit():
        raise DataError(
            f"{table}, line {line}: {word!r} names neither class, for data sets disagree on what 1 means. "
            "Write real or fake, or call the column fake if 1 is fake."
        )
    return label_in(table, line, word)


def _row_split(table: Path, line: int, word: str) -> str | None:
    """Return the split that a row names; an unknown word is an error, an empty one names none."""
    split = split_of(word)
    if word and split is None:
        raise DataError(f"{table}, line {line}: {word!r} is no split. Write train, validation or test.")
    return split


def _box(table: Path, line: int, row: Row) -> Box | None:
    """Return the face box of a row, None where the four edges are empty."""
    edges = [row.get(edge, "") for edge in EDGES]
    if not any(edges):
        return None
    try:
        box = Box(*(int(edge) for edge in edges))
    except ValueError:
        raise DataError(f"{table}, line {line}: the box {edges} is not four whole numbers of pixels.") from None
    if box.width <= 0 or box.height <= 0 or max(map(abs, box.as_list())) > 2**31 - 1:
        raise DataError(f"{table}, line {line}: the box {box.as_list()} is not left, top, right, bottom.")
    return box
