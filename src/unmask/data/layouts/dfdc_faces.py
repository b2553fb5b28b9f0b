"""Face crops of the DFDC: `faces/` beside a `metadata.csv` with filename, label and original."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from unmask.data.folders import split_folders
from unmask.data.labels import REAL_METHOD
from unmask.data.layouts import layouts
from unmask.data.tables import check_original, file_in, has_columns, label_in, read_rows
from unmask.schema import REAL, Sample

COLUMNS = {"filename", "label", "original"}


@layouts.register("dfdc_faces")
class DfdcFaces:
    """One face per DFDC clip, with or without split folders; grouped by the original clip.

    A real clip is its own original. The method is `DFDC` for every fake: the data set does not say
    which of its generators made a clip.
    """

    specificity = 30
    expects = "faces/ beside metadata.csv with filename, label, original"
    signs: tuple[str, ...] = ("faces/", "metadata.csv")

    def recognises(self, root: Path) -> bool:
        """Say whether the root, or each of its split folders, has `faces/` and its table."""
        return all(
            (folder / "faces").is_dir() and has_columns(folder / "metadata.csv", COLUMNS)
            for _, folder in split_folders(root)
        )

    def read(self, root: Path) -> Iterator[Sample]:
        """Yield one sample per row of every table."""
        for split, folder in split_folders(root):
            table = folder / "metadata.csv"
            for line, row in read_rows(table, {"filename", "label"}):
                label = label_in(table, line, row["label"])
                check_original(table, row["filename"], label, row.get("original", ""))
                video_id = Path(row["filename"]).stem
                yield Sample(
                    path=str(file_in(folder / "faces", row["filename"], table)),
                    label=label,
                    source_id=Path(row.get("original") or video_id).stem,
                    video_id=video_id,
                    method=REAL_METHOD if label == REAL else "DFDC",
                    split=split,
                )
