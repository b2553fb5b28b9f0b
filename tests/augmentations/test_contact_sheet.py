"""The contact sheet command on a drawn face: a row per augmentation, and clear words on what is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unmask.augmentations import AUGMENTATIONS
from unmask.augmentations.contact_sheet import GAP, LABEL_HEIGHT, main
from unmask.media.drawing import draw_face

SIZE, DRAWS = 48, 3


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.fromarray(draw_face(1)).save(tmp_path / "face.png")
    return tmp_path / "face.png"


def run(picture: Path, *words: str) -> tuple[int, Path]:
    sheet = picture.with_name("sheet.png")
    fixed = ["--size", str(SIZE), "--draws", str(DRAWS), "--output", str(sheet)]
    return main([str(picture), *words, *fixed]), sheet


def cells(sheet: Path) -> list[list[np.ndarray]]:
    """Return the crops of every row, the unchanged one first."""
    pixels = np.asarray(Image.open(sheet))
    rows = (pixels.shape[0] - GAP) // (SIZE + LABEL_HEIGHT + GAP)
    tops = [GAP + LABEL_HEIGHT + row * (SIZE + LABEL_HEIGHT + GAP) for row in range(rows)]
    lefts = [GAP + column * (SIZE + GAP) for column in range(DRAWS + 1)]
    return [[pixels[top : top + SIZE, left : left + SIZE] for left in lefts] for top in tops]


@pytest.mark.parametrize("name", ["jpeg", "self_blending", "affine"])
def test_a_sheet_shows_the_crop_and_its_draws(name: str, picture: Path) -> None:
    code, sheet = run(picture, "--augmentation", name)
    ((plain, *drawn),) = cells(sheet)
    assert code == 0
    assert plain.std() > 10
    assert not any(np.array_equal(crop, plain) for crop in drawn), "every draw is changed"
    assert not np.array_equal(drawn[0], drawn[1])


def test_all_has_a_row_for_each_and_for_self_blending(picture: Path) -> None:
    _, sheet = run(picture, "--all")
    rows = cells(sheet)
    assert len(rows) == len(AUGMENTATIONS) + 1
    assert all(np.array_equal(row[0], rows[0][0]) for row in rows)


def test_parameters_are_taken_as_a_recipe_writes_them(picture: Path) -> None:
    _, sheet = run(picture, "--augmentation", "{cutout: {smallest: 1.0, largest: 1.0}}", "--augmentation", "flip")
    holes, flips = cells(sheet)
    assert all(np.mean(crop == 0) > 0.3 for crop in holes[1:])
    assert np.array_equal(flips[1], flips[0][:, ::-1])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--augmentation", "jpgg"], "no augmentation 'jpgg'. Did you mean jpeg"),  # a wrong name
        (["--augmentation", "{jpeg: {q: 3}}"], "no parameter 'q'"),  # a wrong parameter
        (["--augmentation", "{jpeg: "], "There is no augmentation"),  # no YAML
        (["--augmentation", "flip", "--face-model", "nowhere.onnx"], "nowhere.onnx"),  # no such model
    ],
)
def test_a_wrong_word_is_one_line(
    words: list[str], message: str, picture: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, sheet = run(picture, *words)
    error = capsys.readouterr().err
    assert code == 1
    assert message in error
    assert error.count("\n") == 1
    assert not sheet.exists()


def test_a_picture_without_a_face_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (200, 200), "white").save(tmp_path / "blank.png")
    code, _ = run(tmp_path / "blank.png", "--all")
    assert code == 1
    assert "No face was found in blank.png" in capsys.readouterr().err
