"""The page's reports without a server: a file for Gradio to copy, or one line of what is wrong."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from unmask.detector import Detector
from unmask.web.report_buttons import make_report
from unmask.web.shelf import Choice, Shelf


@pytest.fixture(scope="module")
def shelf(tiny_detector: Path) -> Shelf:
    return Shelf(Detector(tiny_detector))


@pytest.fixture
def face(tmp_path: Path, drawn_face: np.ndarray) -> Path:
    Image.fromarray(drawn_face).save(tmp_path / "Ж & <b>.png")
    return tmp_path / "Ж & <b>.png"


@pytest.mark.parametrize(("form", "start"), [("html", b"<!doctype html>"), ("pdf", b"%PDF-")])
def test_a_report_is_there_while_gradio_copies_it_and_gone_then(
    shelf: Shelf, face: Path, form: str, start: bytes
) -> None:
    reports = make_report(shelf, None, face, form)
    path = Path(next(reports))
    assert path.name == f"unmask-Ж_b_.{form}"
    assert path.read_bytes().startswith(start)
    assert next(reports, None) is None
    assert not path.parent.exists()


def test_it_tells_strangers_no_folder_of_this_machine(shelf: Shelf, face: Path, tiny_detector: Path) -> None:
    reports = make_report(shelf, None, face, "html")
    page = Path(next(reports)).read_text(encoding="utf-8")
    assert f"--detector {tiny_detector.name} " in page
    assert str(tiny_detector) not in page
    assert str(face.parent) not in page


@pytest.mark.parametrize(
    ("picture", "choice", "told"),
    [
        (None, None, "There is no picture any more"),
        (Path("gone.png"), None, "there is no such file"),  # an hour later
        (Path("gone.png"), Choice("/no/such/folder", public=False), "There is no detector"),
    ],
)
def test_what_cannot_be_reported_is_told(shelf: Shelf, picture: Path | None, choice: Choice | None, told: str) -> None:
    with pytest.raises(gr.Error, match=told):
        next(make_report(shelf, choice, picture, "html"))
