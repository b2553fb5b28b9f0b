"""The cut of a data set as a file, `split.csv`: written beside the data or the run, and read back."""

from __future__ import annotations

import csv
import dataclasses
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from unmask.data.labels import split_of
from unmask.data.tables import read_rows
from unmask.errors import DataError
from unmask.files import write_whole
from unmask.schema import LABEL_NAMES, Sample

SPLIT_FILE = "split.csv"
COLUMNS = ("file_name", "label", "method", "video_id", "source_id", "split")


def write_split(path: Path | str, splits: Mapping[str, Sequence[Sample]]) -> None:
    """Write which sample stands on which side, as CSV, whole or not at all.

    Files below the table's folder are named from there, others by their full path, so that the table can be
    read as a manifest: `--data split.csv`. As `split.csv` in a data set's folder it also overrules the data
    set's own splits whenever the folder is read.
    """
    path = Path(path)
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(COLUMNS)
    for side, part in splits.items():
        for s in part:
            writer.writerow([_name(s.path, path), LABEL_NAMES[s.label], s.method, s.video_id, s.source_id, side])
    write_whole(path, table.getvalue().encode())


def apply_split(samples: list[Sample], root: Path) -> list[Sample]:
    """Return the samples with the sides that the folder's `split.csv` gives them; as they are without one.

    Raises:
        DataError: The table and the folder do not list the same files with the same labels.
    """
    table = root / SPLIT_FILE
    if not table.is_file():
        return samples
    rows = {row["file_name"]: (line, row) for line, row in read_rows(table, {"file_name", "label", "split"})}
    cut = [_placed(sample, rows.pop(_name(sample.path, table), None), table) for sample in samples]
    if rows:
        raise DataError(
            f"{table} lists {len(rows)} files that the data set does not hold, first {next(iter(rows))}. "
            "Cut it anew: python -m unmask.data.splits."
        )
    return cut


def _placed(sample: Sample, found: tuple[int, dict[str, str]] | None, table: Path) -> Sample:
    """Return a sample on the side that its row names."""
    if found is None:
        raise DataError(f"{table} does not list {sample.path}. Cut it anew: python -m unmask.data.splits.")
    line, row = found
    side = split_of(row["split"])
    if side is None:
        raise DataError(f"{table}, line {line}: {row['split']!r} is no split. Write train, validation or test.")
    if row["label"] != LABEL_NAMES[sample.label]:
        raise DataError(
            f"{table}, line {line}: {row['file_name']} is {row['label']} there and {LABEL_NAMES[sample.label]} "
            "by the data set. Correct one of them."
        )
    return dataclasses.replace(sample, split=side)


def _name(file: str, table: Path) -> str:
    """Return how a table names a file: from its own folder where it lies below that, else in full."""
    path, folder = (Path(os.path.normpath(place.absolute())) for place in (Path(file), table.parent))
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()
