"""README.md shows the shipped detector's own scores, written by the command."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from unmask.errors import DataError
from unmask.evaluation.readme_scores import BEGIN, END, SHIPPED, render_block, replace_block

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def scored_folder(tiny_detector, tmp_path):
    """A detector folder with a report on one data set."""
    folder = Path(shutil.copytree(tiny_detector, tmp_path / "scored"))
    entry = {
        "name": "faces",
        "split": "test",
        "counts": {"total": 40, "available": 40, "no_face": 3, "unreadable": 1},
        "face_finder": "haar",
        "seen_in_training": False,
        "metrics": {"auc": 0.8125, "accuracy": 0.75, "eer": 0.25},
        "verdicts": {},
    }
    report = {"format_version": 1, "detector": "tiny", "date": "2026-01-02", "command": "score it", "datasets": [entry]}
    (folder / "report.json").write_text(json.dumps(report))
    return folder


def test_the_readme_shows_the_shipped_scores():
    assert replace_block(PAGE, render_block(SHIPPED)) == PAGE, "run `make readme`"


def test_the_command_writes_the_same_block_whatever_stood_there(tmp_path):
    page = tmp_path / "README.md"
    page.write_text(replace_block(PAGE, "scores made up by hand"), encoding="utf-8")
    command = [sys.executable, "-m", "unmask.evaluation.readme_scores", str(page)]
    assert subprocess.run(command, check=False).returncode == 0
    assert page.read_text(encoding="utf-8") == PAGE


def test_the_block_holds_scores_thresholds_and_the_command(scored_folder):
    block = render_block(scored_folder)
    (row,) = [line for line in block.splitlines() if line.startswith("| faces (test)")]
    assert "0.812" in row
    assert "real` below 0.400, `fake` above 0.600" in block
    assert "score it" in block
    assert (
        "scored on 2026-01-02, faces found by OpenCV's Haar cascades (`haar`): 36 of 40 pictures have a score" in block
    )


def test_scores_that_came_with_the_training_have_no_command(scored_folder):
    report = json.loads((scored_folder / "report.json").read_text()) | {"command": ""}
    (scored_folder / "report.json").write_text(json.dumps(report))
    assert "```" not in render_block(scored_folder)


WITHOUT_MARKERS = [
    "no markers at all",
    f"{BEGIN} and no end",
    f"{END} before {BEGIN}",
    f"{BEGIN}{END} and once more {BEGIN}{END}",
]


@pytest.mark.parametrize("page", WITHOUT_MARKERS)
def test_a_page_without_its_markers_is_an_error(page):
    with pytest.raises(DataError, match="once each"):
        replace_block(page, "scores")
