"""The box of each row: found, or the data set's own; what holds no face is told apart from what cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from unmask.data import face_table as module
from unmask.data.face_table import face_table, usable_rows
from unmask.errors import DataError
from unmask.media.drawing import draw_face
from unmask.schema import Box, Sample


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.fromarray(draw_face(0, 200)).save(tmp_path / "face.png")
    return tmp_path / "face.png"


def rows(*samples: Sample) -> list[dict]:
    return face_table([("d", sample) for sample in samples], None, processes=1).to_list()


@pytest.mark.parametrize(
    ("given", "box", "problem"),
    [
        (Box(50, 40, 120, 130), [50, 40, 120, 130], ""),  # as the data set says
        (Box(-30, 40, 120, 400), [0, 40, 120, 200], ""),  # cut to the picture
        (Box(300, 300, 400, 400), [], "no_face"),  # beside the picture
    ],
)
def test_a_given_box_is_taken_without_a_search(picture, monkeypatch, given, box, problem):
    monkeypatch.setattr(module, "_finder", None)  # calling it would fail
    row = rows(Sample(str(picture), 0, "a", "a", "real", box=given))[0]
    assert (row["box"], row["problem"]) == (box, problem)


def test_without_a_given_box_the_face_is_searched_for(picture):
    row = rows(Sample(str(picture), 0, "a", "a", "real"))[0]
    left, top, right, bottom = row["box"]
    assert left < 100 < right
    assert top < 110 < bottom


def test_an_unreadable_picture_is_told_even_with_a_box_and_left_out(picture):
    bad = picture.with_name("bad.png")
    bad.write_bytes(picture.read_bytes()[:400])
    samples = [("d", Sample(str(path), 0, "a", "a", "real", box=Box(20, 20, 90, 90))) for path in (picture, bad)]
    usable, counts = usable_rows(face_table(samples, None, processes=1))
    assert (len(usable), counts) == (1, {"unreadable": 1})


def test_a_clip_is_refused_with_the_command_that_prepares_it(tmp_path):
    with pytest.raises(DataError, match=r"a\.mp4 is a video.*train/prepare\.py"):
        rows(Sample(str(tmp_path / "a.mp4"), 0, "a", "a", "real"))
