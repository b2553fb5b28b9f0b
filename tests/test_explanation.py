"""Activation maps over a picture: the right colour at the right place, and as strong as the evidence."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from unmask.explanation import FOR_FAKE, FOR_REAL, LEAST_FULL_SCALE, overlay_activation
from unmask.schema import Box, FacePrediction

GREY = np.full((60, 80, 3), 128, np.uint8)
SQUARE = Box(10, 10, 50, 50)


def face_with(cells: object, box: Box = SQUARE) -> FacePrediction:
    cells = None if cells is None else np.asarray(cells, np.float32)
    return FacePrediction(box, 0.5, "uncertain", box, cells)


def tint(pixel: np.ndarray) -> str:
    """Return `fake` for an orange pixel, `real` for a blue one, `none` for a grey one."""
    red, _, blue = pixel.astype(int)
    return "fake" if red > blue + 5 else "real" if blue > red + 5 else "none"


@pytest.mark.parametrize(
    ("cells", "left", "right"),
    [
        ([[5.0, -5.0]], "fake", "real"),  # one half speaks for each
        ([[-5.0, 5.0]], "real", "fake"),  # and the other way round: place is not mirrored
        ([[5.0, 0.0]], "fake", "none"),  # a silent cell stays grey
        ([[0.0, 0.0]], "none", "none"),  # a silent map colours nothing
    ],
)
def test_each_cell_has_the_colour_of_what_it_spoke_for(cells: list[list[float]], left: str, right: str) -> None:
    overlay = overlay_activation(GREY, [face_with(cells)])
    assert overlay is not None
    assert (tint(overlay[30, 12]), tint(overlay[30, 47])) == (left, right)


def test_rows_of_the_map_are_rows_of_the_picture() -> None:
    overlay = overlay_activation(GREY, [face_with([[5.0], [-5.0]])])
    assert overlay is not None
    assert (tint(overlay[12, 30]), tint(overlay[47, 30])) == ("fake", "real")


def test_outside_the_squares_the_picture_is_grey_and_untouched() -> None:
    colourful = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    overlay = overlay_activation(colourful, [face_with([[9.0]])])
    assert overlay is not None
    assert overlay.shape == colourful.shape
    outside = overlay[:, 50:]
    assert (outside == outside[..., :1]).all()
    assert np.ptp(outside) > 100


def test_weak_evidence_is_fainter_than_strong() -> None:
    weak = overlay_activation(GREY, [face_with([[LEAST_FULL_SCALE / 10]])])
    strong = overlay_activation(GREY, [face_with([[LEAST_FULL_SCALE]])])
    assert weak is not None
    assert strong is not None
    assert distance(strong[30, 30], FOR_FAKE) < distance(weak[30, 30], FOR_FAKE) < distance(GREY[0, 0], FOR_FAKE)


def test_faces_of_one_picture_share_a_scale() -> None:
    faint, sure = face_with([[-2.0]], Box(0, 0, 30, 30)), face_with([[-20.0]], Box(40, 0, 70, 30))
    overlay = overlay_activation(GREY, [faint, sure])
    assert overlay is not None
    assert distance(overlay[15, 55], FOR_REAL) < distance(overlay[15, 15], FOR_REAL)


def test_where_two_faces_overlap_the_stronger_word_stands() -> None:
    strong, weak = face_with([[8.0]]), face_with([[-1.0]], Box(20, 20, 60, 60))
    for order in ([strong, weak], [weak, strong]):
        overlay = overlay_activation(GREY, order)
        assert overlay is not None
        assert tint(overlay[30, 30]) == "fake"


@pytest.mark.parametrize("faces", [[], [face_with(None)], [FacePrediction(Box(0, 0, 9, 9), 0.5, "uncertain")]])
def test_without_a_map_there_is_no_overlay(faces: list[FacePrediction]) -> None:
    assert overlay_activation(GREY, faces) is None


def distance(pixel: np.ndarray, colour: tuple[int, int, int]) -> float:
    return float(np.abs(pixel.astype(float) - np.asarray(colour)).sum())


ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "model_card.md", ROOT / "src/unmask/default/README.md", *ROOT.glob("docs/**/*.md")]
WORDED = [*PAGES, *ROOT.glob("src/unmask/web/*.py"), *ROOT.glob("src/unmask/evaluation/*.py")]
WORDED += [*ROOT.glob("src/unmask/commands/*.py"), ROOT / "src/unmask/card.py", ROOT / "src/unmask/explanation.py"]
PLACE = re.compile(
    r"(?P<before>(?:\S+ ){0,4})where (?:the|an?|any) "
    r"(?:forger\w+|forged|fakes?|faked|manipulat\w+|evidence|picture|image|face|photo|edit)\b"
    r"[^.]{0,20}?\b(?:is|are|was|were|lies?|lay|sits?|happened)\b"
)


def promises(text: str) -> list[str]:
    """Return the places of a text that promise to show where a forgery is, without a `not` or `never`."""
    flat = " ".join(text.replace("*", "").split())
    found = PLACE.finditer(flat)
    return [each[0] for each in found if not re.search(r"\b(?:not|never|cannot|nor)\b", each["before"])]


@pytest.mark.parametrize("path", WORDED, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_page_says_that_a_map_shows_where_the_forgery_is(path: Path) -> None:
    assert promises(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("The map shows where the forgery is.", 1),  # the promise
        ("It boxes faces and shows where\nthe evidence lies.", 1),  # over a line's end
        ("Red marks where a picture was changed.", 1),  # in other words
        ("It shows where the network looked, not where a forgery is.", 0),  # the promise taken back
        ("It never shows where the picture was edited.", 0),
        ("The run stops where the data set is too small.", 0),  # not of maps
    ],
)
def test_the_search_for_promises_finds_them(text: str, count: int) -> None:
    assert len(promises(text)) == count


def test_the_page_and_the_card_say_where_the_network_looked() -> None:
    for path in (ROOT / "src/unmask/web/image_tab.py", ROOT / "src/unmask/web/panels.py", *PAGES[:3]):
        assert "where the network looked" in " ".join(path.read_text(encoding="utf-8").lower().split()), path.name
