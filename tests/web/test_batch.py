"""Batches: a row for each file, whatever it is, and files for a spreadsheet that do it no harm."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from unmask.detector import Detector
from unmask.errors import BrokenDetector
from unmask.web import batch, batch_tab
from unmask.web.batch import BatchRow, count_files, error_row, judge_files, rows_to_csv, rows_to_json
from unmask.web.batch_tab import batch_table, judge_batch
from unmask.web.shelf import Shelf

NAMES = ("status", "table", "downloads", "csv", "json")


@pytest.fixture(scope="module")
def detector(tiny_detector: Path) -> Detector:
    return Detector(tiny_detector)


@pytest.fixture
def mixed(uploads: Path, drawn_face: np.ndarray) -> list[Path]:
    """A picture, a zip with a face, a broken file and no face, and a text file."""
    Image.fromarray(drawn_face).save(uploads / "face.png")
    Image.new("RGB", (64, 64)).save(uploads / "black.png")
    (uploads / "notes.txt").write_text("words")
    with zipfile.ZipFile(uploads / "mixed.zip", "w") as archive:
        archive.write(uploads / "face.png", "folder/face.png")
        archive.writestr("broken.jpg", b"\xff\xd8\xff broken")
        archive.write(uploads / "black.png", "black.png")
    return [uploads / "face.png", uploads / "mixed.zip", uploads / "notes.txt"]


def judge(detector: Detector, paths: list[Path]) -> list[dict[str, Any]]:
    """Return the tab's outputs by name, the downloads by their bytes, which Gradio copies while they are there."""
    pages = []
    for answer in judge_batch(Shelf(detector), None, [{"path": str(path)} for path in paths]):
        page = dict(zip(NAMES, answer, strict=True))
        pages.append(
            {
                key: Path(value).read_bytes() if key in ("csv", "json") and isinstance(value, str) else value
                for key, value in page.items()
            }
        )
    return pages


def test_a_detector_that_turns_out_broken_is_told_in_each_row(
    detector: Detector, mixed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise BrokenDetector("model.onnx gives no numbers. Export it again.")

    monkeypatch.setattr(detector, "_run", fail)
    (row,) = judge_files(detector, mixed[:1])
    assert (row["verdict"], row["reason"]) == ("error", "model.onnx gives no numbers. Export it again.")


def test_every_file_has_a_row_and_a_broken_one_stops_nothing(detector: Detector, mixed: list[Path]) -> None:
    rows = list(judge_files(detector, mixed))
    assert [row["file"] for row in rows] == [
        "face.png",
        "mixed.zip/folder/face.png",
        "mixed.zip/broken.jpg",
        "mixed.zip/black.png",
        "notes.txt",
    ]
    assert [row["verdict"] for row in rows[2:]] == ["error", "no_face", "error"]
    assert rows[0]["faces"] == rows[1]["faces"] == 1
    assert rows[2]["reason"].startswith("Could not read broken.jpg: ")
    assert len(rows) == count_files(mixed)


def test_a_row_says_what_the_library_says(detector: Detector, mixed: list[Path]) -> None:
    row = next(judge_files(detector, mixed))
    prediction = detector.predict_image(mixed[0]).to_dict()
    assert {key: row[key] for key in ("verdict", "fake_probability", "reason")} == {  # type: ignore[literal-required]
        key: prediction[key] for key in ("verdict", "fake_probability", "reason")
    }


def test_a_bad_zip_and_a_file_that_is_gone_are_rows(detector: Detector, mixed: list[Path]) -> None:
    mixed[1].write_bytes(b"PK\x03\x04 cut")
    mixed[0].unlink()
    verdicts = [(row["verdict"], row["reason"]) for row in judge_files(detector, mixed)]
    assert [verdict for verdict, _ in verdicts] == ["error"] * 3
    assert "not a whole zip" in verdicts[1][1]
    assert "Upload it again" in verdicts[0][1]


def test_beyond_the_limit_nothing_is_judged_and_a_row_says_so(
    detector: Detector, mixed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "MOST_FILES", 2)
    rows = list(judge_files(detector, mixed))
    assert len(rows) == 3 == count_files(mixed)
    assert rows[-1]["reason"] == "Only the first 2 files were judged. Give the others next."


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("plain.jpg", "plain.jpg"),
        ("=HYPERLINK(1).jpg", "'=HYPERLINK(1).jpg"),  # Excel would run it
        ("@sum.jpg", "'@sum.jpg"),
        ('quo"te, comma.jpg', 'quo"te, comma.jpg'),
    ],
)
def test_csv_cells_come_back_as_written_and_no_cell_is_a_formula(name: str, cell: str) -> None:
    head, row = csv.reader(io.StringIO(rows_to_csv([error_row(name, "why")])))
    assert head == ["file", "verdict", "fake_probability", "faces", "reason"]
    assert row == [cell, "error", "", "0", "why"]


def test_the_json_names_what_judged(detector: Detector, mixed: list[Path]) -> None:
    rows = list(judge_files(detector, mixed))
    content = json.loads(rows_to_json(rows, detector))
    assert content["files"] == rows
    assert (content["detector"], content["real_threshold"], content["fake_threshold"]) == (detector.name, 0.4, 0.6)


def test_markup_in_names_and_reasons_stays_text() -> None:
    table = batch_table([error_row("<img src=x>.jpg", "<b>bold</b>")])
    assert "<img" not in table
    assert "<b>" not in table


def test_numbers_sort_as_numbers() -> None:
    row = BatchRow(file="a.jpg", verdict="real", fake_probability=0.00001, faces=2, reason="")
    assert "data-value='1e-05'" in batch_table([row])
    assert "data-value='-1'" in batch_table([error_row("b.jpg", "")])  # below every probability


def test_the_tab_shows_progress_then_summary_and_downloads(
    detector: Detector, mixed: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_tab, "SHOW_EVERY", 0)
    started, *between, last = judge(detector, mixed)
    assert "Reading the files" in started["status"]
    assert "Judged 1 of 5 files" in between[0]["status"]
    assert '<progress max="5" value="1"' in between[0]["status"]
    assert "<strong>5 files:</strong>" in last["status"]
    assert "1 without a face, 2 not read" in last["status"]
    assert last["downloads"]["visible"]
    assert last["csv"].startswith(b"\xef\xbb\xbffile,verdict")
    assert len(json.loads(last["json"])["files"]) == 5


def test_no_file_and_a_file_that_was_not_uploaded_are_told(detector: Detector, uploads: Path) -> None:
    assert "No file arrived" in judge(detector, [])[0]["status"]
    assert "was not uploaded" in judge(detector, [Path("/etc/hostname")])[0]["status"]
