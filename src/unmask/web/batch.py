"""A batch: many files or zips, one row each; a file that cannot be read is a row with its error."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypedDict

from unmask.detector import Detector
from unmask.errors import MediaError, UnmaskError
from unmask.media.image_bytes import one_line
from unmask.media.zip_pictures import is_zip, list_zip, read_zip

MOST_FILES = 1000
COLUMNS = ("file", "verdict", "fake_probability", "faces", "reason")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class BatchRow(TypedDict):
    """One file: `verdict` is real, fake, uncertain, no_face or error, and `reason` says what it rests on."""

    file: str
    verdict: str
    fake_probability: float | None
    faces: int
    reason: str


def count_files(paths: Sequence[Path]) -> int:
    """Return how many rows `judge_files` will yield for these files."""
    return min(MOST_FILES + 1, sum(_count(path) for path in paths))


def judge_files(detector: Detector, paths: Sequence[Path]) -> Iterator[BatchRow]:
    """Yield a row for each file and for each member of each zip, one picture in memory at a time.

    Beyond `MOST_FILES` files nothing is judged, and one last row says so.
    """
    rows = _all_rows(detector, paths)
    yield from islice(rows, MOST_FILES)
    if sum(_count(path) for path in paths) > MOST_FILES:
        yield error_row("(the rest)", f"Only the first {MOST_FILES} files were judged. Give the others next.")


def error_row(name: str, message: str) -> BatchRow:
    """Return the row of a file that could not be judged."""
    return BatchRow(file=one_line(name), verdict="error", fake_probability=None, faces=0, reason=message)


def rows_to_csv(rows: Sequence[BatchRow]) -> str:
    """Return rows as CSV text.

    A cell that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, "CSV injection").
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in rows:
        values = row_values(row)
        writer.writerow([f"'{v}" if isinstance(v, str) and v.startswith(FORMULA_STARTS) else v for v in values])
    return text.getvalue()


def rows_to_json(rows: Sequence[BatchRow], detector: Detector) -> str:
    """Return rows as JSON text, with what judged them."""
    settings = detector.settings
    judged_by: dict[str, Any] = {
        "detector": detector.name,
        "real_threshold": settings.real_threshold,
        "fake_threshold": settings.fake_threshold,
        "face_finder": detector.face_finder.name,
    }
    return json.dumps({**judged_by, "files": list(rows)}, indent=2) + "\n"


def row_values(row: BatchRow) -> list[Any]:
    """Return a row's cells in the order of `COLUMNS`."""
    return [row["file"], row["verdict"], row["fake_probability"], row["faces"], row["reason"]]


def _count(path: Path) -> int:
    try:
        return len(list_zip(path)) if is_zip(path) else 1
    except (MediaError, OSError):
        return 1


def _all_rows(detector: Detector, paths: Sequence[Path]) -> Iterator[BatchRow]:
    for path in paths:
        try:
            if not is_zip(path):
                yield _judge(detector, path.name, path)
                continue
            for name, content in read_zip(path):
                yield _judge(detector, f"{path.name}/{name}", content)
        except MediaError as error:
            yield error_row(path.name, str(error))
        except OSError:
            yield error_row(path.name, f"Could not read {one_line(path.name)}: it is gone. Upload it again.")


def _judge(detector: Detector, name: str, content: Path | bytes | MediaError) -> BatchRow:
    """Return the row of one picture."""
    if isinstance(content, MediaError):
        return error_row(name, str(content))
    try:
        prediction = detector.predict_image(content)
    except UnmaskError as error:
        return error_row(name, str(error).replace("the uploaded bytes", one_line(name.rpartition("/")[2]), 1))
    probability = prediction.to_dict()["fake_probability"]
    return BatchRow(
        file=one_line(name),
        verdict=prediction.verdict,
        fake_probability=probability,
        faces=len(prediction.faces),
        reason=prediction.reason,
    )
