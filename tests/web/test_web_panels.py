"""The page's HTML: what came from outside is escaped, and the reader is told what judged the picture."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from unmask.detector import Detector
from unmask.schema import Box, DetectorSettings, FacePrediction, ImagePrediction
from unmask.web.panels import detector_note, error_panel, face_table, verdict_panel

FACE = FacePrediction(Box(10, 20, 110, 220), 0.9, "fake")
SETTINGS = DetectorSettings(1, "test", 0.1, 1.0, 0.4, 0.7, "max", (), "nothing", "apache-2.0")


def test_a_file_name_cannot_bring_markup_into_the_page() -> None:
    panel = error_panel("Could not read <img src=x onerror=alert(1)>.jpg")
    assert "<img" not in panel
    assert "&lt;img" in panel


def test_a_verdict_says_what_was_found_and_what_it_does_not_mean() -> None:
    panel = verdict_panel(ImagePrediction("fake", 0.9, (FACE,), "", "haar", "test", 300, 300), SETTINGS)
    assert "Looks fake" in panel
    assert "fake probability 90.0%" in panel
    assert "no proof" in panel


def test_the_table_has_a_row_per_face() -> None:
    table = face_table((FACE, FACE))
    assert table.count("<tr>") == 3
    for cell in ("<th scope='row'>2</th>", "! fake", "90.0%", "100 × 200"):
        assert cell in table
    assert face_table(()) == ""


def test_the_note_names_detector_thresholds_and_a_better_face_finder(tiny_detector: Path) -> None:
    detector = Detector(tiny_detector, name="a<b")
    assert "1 in" not in detector_note(detector)
    detector.settings = dataclasses.replace(detector.settings, error_rate=0.05, mirrored=True)
    note = detector_note(detector)
    for words in (
        "mirror image",
        "a&lt;b",
        "real below 40.0%",
        "fake above 60.0%",
        "Haar",
        "UNMASK_FACE_MODEL",
        "1 in 20",
    ):
        assert words in note


@pytest.mark.parametrize("name", ["yunet", "<own>"])
def test_the_note_names_any_other_face_finder(tiny_detector: Path, name: str) -> None:
    detector = Detector(tiny_detector)
    detector.face_finder.name = name
    note = detector_note(detector)
    assert ("YuNet found" in note) if name == "yunet" else ("&lt;own&gt;" in note)
    assert "UNMASK_FACE_MODEL" not in note
