"""The tab Image without a server: what it answers to real files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from unmask.detector import Detector
from unmask.media.provenance import read_provenance
from unmask.web import image_tab
from unmask.web.image_tab import judge_uploads, show_chosen
from unmask.web.shelf import Choice, Shelf

NAMES = ("judged", "gallery", "verdict", "pictures", "tabs", "boxed", "heat", "heat_tab", "table", "raw")


@pytest.fixture(scope="module")
def shelf(tiny_detector: Path) -> Shelf:
    return Shelf(Detector(tiny_detector))


@pytest.fixture
def face(uploads: Path, drawn_face: np.ndarray) -> Path:
    Image.fromarray(drawn_face).save(uploads / "face.png")
    return uploads / "face.png"


def judge(shelf: Shelf, *paths: Path) -> list[dict[str, Any]]:
    """Return the tab's outputs by name, after each picture."""
    answers = judge_uploads(shelf, None, [{"path": str(path)} for path in paths])
    pages = [dict(zip(NAMES, answer, strict=True)) for answer in answers]
    assert "Looking for faces" in pages[0]["verdict"] or len(pages) == 1
    return pages[1:] or pages


def test_a_face_is_boxed_judged_and_explained(shelf: Shelf, face: Path) -> None:
    (page,) = judge(shelf, face)
    assert "One face was found" in page["verdict"]
    assert page["pictures"]["visible"]
    plain, heat = page["heat"]["value"]
    assert page["boxed"]["value"].size == heat.size == plain.shape[1::-1] == (640, 640)
    assert "face 1" in page["boxed"]["alt_text"]
    assert page["heat_tab"]["visible"]
    assert "<th scope='row'>1</th>" in page["table"]
    assert page["gallery"] == ""  # one picture needs none


def test_the_raw_result_is_that_of_the_library(shelf: Shelf, face: Path) -> None:
    provenance = {"provenance": read_provenance(face).to_dict()}
    assert judge(shelf, face)[0]["raw"] == shelf.own.predict_image(face).to_dict() | provenance


def test_what_the_file_says_of_its_origin_stands_below_the_verdict_and_changes_none(
    shelf: Shelf, uploads: Path, face: Path
) -> None:
    texts = PngInfo()
    texts.add_text("parameters", "<img src=x onerror=alert(1)>")
    Image.open(face).save(uploads / "marked.png", pnginfo=texts)
    plain, marked = judge(shelf, face)[0], judge(shelf, uploads / "marked.png")[0]
    verdict, origin = marked["verdict"].split("<div class='provenance'>")
    assert plain["verdict"].startswith(verdict)
    assert "marks it as made by AI: PNG text parameters says “&lt;img" in origin
    assert "<img" not in origin
    assert "carries no Content Credentials" in plain["verdict"]


def test_without_a_face_no_number_is_shown(shelf: Shelf, uploads: Path) -> None:
    Image.new("RGB", (300, 200), "#88aacc").save(uploads / "sky.png")
    (page,) = judge(shelf, uploads / "sky.png")
    assert "No face found" in page["verdict"]
    assert "%" not in page["verdict"]
    assert not page["heat_tab"]["visible"]
    assert page["tabs"]["selected"] == "faces"  # the heat map may have been the chosen one
    assert page["table"] == ""
    assert page["raw"]["fake_probability"] is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.jpg", b"these are words"),  # another kind of file under a picture's name
        ("empty.png", b""),
        ("page.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("art.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"),  # Pillow would start Ghostscript
        ("<script>.png", b"x"),
    ],
)
def test_what_is_no_picture_is_an_answer_and_no_exception(
    shelf: Shelf, uploads: Path, name: str, content: bytes
) -> None:
    (uploads / name).write_bytes(content)
    (page,) = judge(shelf, uploads / name)
    assert "This file could not be read" in page["verdict"]
    assert "<script>" not in page["verdict"]
    assert str(uploads) not in page["verdict"]
    assert not page["pictures"]["visible"]
    assert page["raw"] is None


def test_a_picture_too_large_to_decode_is_refused(shelf: Shelf, uploads: Path) -> None:
    Image.new("1", (9000, 9000)).save(uploads / "bomb.png")  # 81 megapixels in a few kilobytes
    assert "megapixels" in judge(shelf, uploads / "bomb.png")[0]["verdict"]


def test_a_tiff_that_pillow_would_open_is_refused(shelf: Shelf, uploads: Path) -> None:
    Image.new("RGB", (64, 64)).save(uploads / "scan.tiff")
    assert "not a JPEG" in judge(shelf, uploads / "scan.tiff")[0]["verdict"]


def test_taking_the_pictures_away_clears_the_page(shelf: Shelf) -> None:
    (answer,) = judge_uploads(shelf, None, None)
    page = dict(zip(NAMES, answer, strict=True))
    assert "No picture yet" in page["verdict"]
    assert not page["pictures"]["visible"]
    assert page["gallery"] == ""


def test_a_file_that_was_not_uploaded_is_refused_in_words(shelf: Shelf, uploads: Path) -> None:
    assert "was not uploaded" in judge(shelf, Path("/etc/hostname"))[0]["verdict"]


def test_several_pictures_fill_the_gallery_one_by_one(shelf: Shelf, uploads: Path, face: Path) -> None:
    (uploads / "<b>.jpg").write_text("no picture")
    first, second, last = judge(shelf, face, uploads / "<b>.jpg", face)
    assert "Judging picture 2 of 3" in first["gallery"]
    assert "One face was found" in first["verdict"]
    assert "Judging picture 3 of 3" in second["gallery"]
    assert "Choose one" in last["gallery"]
    assert last["gallery"].count("<button") == 3
    assert last["gallery"].count("data:image/jpeg;base64,") == 2
    assert "Not read" in last["gallery"]
    assert "<b>" not in last["gallery"]
    assert last["gallery"].count("aria-pressed='true'") == 1


def test_more_pictures_than_the_tab_takes_are_named(shelf: Shelf, face: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_tab, "MOST_PICTURES", 2)
    pages = judge(shelf, face, face, face)
    assert len(pages) == 2
    assert "1 more was left out: this tab takes 2 at once" in pages[-1]["gallery"]


def test_a_chosen_picture_is_shown(shelf: Shelf, uploads: Path, face: Path) -> None:
    (uploads / "notes.jpg").write_text("no picture")
    done = judge(shelf, face, uploads / "notes.jpg")[-1]["judged"]
    assert "One face was found" in show_chosen(shelf, None, done, 0)[0]
    assert "not a JPEG" in show_chosen(shelf, None, done, 1)[0]


@pytest.mark.parametrize("place", [2, -1, None, "0", 1.5])
def test_a_choice_that_the_gallery_does_not_offer_changes_nothing(shelf: Shelf, face: Path, place: object) -> None:
    done = judge(shelf, face, face)[-1]["judged"]
    assert all(update == {"__type__": "update"} for update in show_chosen(shelf, None, done, place))


def test_a_chosen_picture_that_was_deleted_meanwhile_is_told(shelf: Shelf, face: Path) -> None:
    done = judge(shelf, face)[-1]["judged"]
    face.unlink()
    assert "there is no such file" in show_chosen(shelf, None, done, 0)[0]


def test_a_detector_that_cannot_be_had_any_more_is_told(shelf: Shelf, face: Path) -> None:
    (answer,) = judge_uploads(shelf, Choice("/no/such/folder", public=False), [{"path": str(face)}])
    assert "There is no detector" in answer[2]


def test_a_real_photo_is_judged(shelf: Shelf, uploads: Path, shared: Path) -> None:
    photo = sorted((shared / "data/hardfake/real_data").iterdir())[0]
    (uploads / photo.name).write_bytes(photo.read_bytes())
    assert judge(shelf, uploads / photo.name)[0]["raw"]["verdict"] in ("real", "fake", "uncertain")
