"""A folder of pictures with a `metadata.csv` that labels each: the plain manifest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from unmask.data.folders import split_folders
from unmask.data.labels import REAL_METHOD, UNKNOWN_METHOD, split_of
from unmask.data.layouts import layouts
from unmask.data.tables import file_in, has_columns, label_in, read_rows
from unmask.errors import DataError
from unmask.schema import REAL, Sample

REQUIRED = {"file_name", "label"}


@layouts.register("metadata_csv")
class MetadataCsv:
    """Pictures listed by a `metadata.csv` with their labels.

    It has file_name and label, and where known method, video_id, source_id and split.
    A picture without `video_id` is its own clip, and a clip without `source_id` its own source. Clips of
    different methods stay apart even where they share a name: `video_id` includes the method.
    """

    specificity = 20
    expects = "metadata.csv with file_name, label (and method, video_id, source_id, split)"
    signs: tuple[str, ...] = ("metadata.csv",)

    def recognises(self, root: Path) -> bool:
        """Say whether the root, or each of its split folders, has the table."""
        return all(has_columns(folder / "metadata.csv", REQUIRED) for _, folder in split_folders(root))

    def read(self, root: Path) -> Iterator[Sample]:
        """Yield one sample per row of every table."""
        for split, folder in split_folders(root):
            table = folder / "metadata.csv"
            for line, row in read_rows(table, REQUIRED):
                yield _sample(folder, table, line, row, split)


def _sample(folder: Path, table: Path, line: int, row: dict[str, str], split: str | None) -> Sample:
    """Return the sample of one row."""
    label = label_in(table, line, row["label"])
    method = row.get("method") or (REAL_METHOD if label == REAL else UNKNOWN_METHOD)
    video_id = row.get("video_id") or Path(row["file_name"]).with_suffix("").as_posix()
    return Sample(
        path=str(file_in(folder, row["file_name"], table)),
        label=label,
        source_id=row.get("source_id") or video_id,
        video_id=f"{method}/{video_id}",
        method=method,
        split=_row_split(table, line, row.get("split", "")) or split,
    )


def _row_split(table: Path, line: int, word: str) -> str | None:
    """Return the split that a row names; an unknown word is an error, an empty one names none."""
    split = split_of(word)
    if word and split is None:
        raise DataError(f"{table}, line {line}: {word!r} is no split. Write train, validation or test.")
    return split
