"""Quality is told from pixels and tables: what was blurred, upscaled or crushed measures worse than what was not."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from unmask.media.drawing import draw_face
from unmask.media.images import Picture, read_picture
from unmask.media.quality import blockiness_of, detail_of, jpeg_quality_of
from unmask.schema import Compression

FACE = draw_face(1, 224)


def as_jpeg(image: np.ndarray, **how: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", **how)
    return file.getvalue()


@pytest.mark.parametrize("quality", [1, 5, 10, 25, 50, 75, 90, 95, 100])
def test_the_quality_that_a_jpeg_was_saved_with_is_found(quality: int) -> None:
    found = jpeg_quality_of(Image.open(io.BytesIO(as_jpeg(FACE, quality=quality))))
    assert found == pytest.approx(quality, abs=1 if 5 <= quality <= 90 else 4)


@pytest.mark.parametrize(
    "tables",
    [[[1] * 64, [1] * 64], [[255] * 64, [255] * 64]],  # the finest and the coarsest there are, of no known program
    ids=["ones", "255s"],
)
def test_any_table_gives_a_quality_in_range(tables: list[list[int]]) -> None:
    found = jpeg_quality_of(Image.open(io.BytesIO(as_jpeg(FACE, qtables=tables))))
    assert found is not None
    assert 1 <= found <= 100


def test_what_is_no_jpeg_has_no_quality() -> None:
    assert jpeg_quality_of(Image.fromarray(FACE)) is None


def test_a_picture_brings_the_quality_of_its_file() -> None:
    picture = read_picture(as_jpeg(FACE, quality=40))
    assert picture.compression == Compression("JPEG", pytest.approx(40, abs=2))
    assert picture.pixels.shape == FACE.shape
    assert read_picture(FACE).compression is None
    assert isinstance(picture, Picture)


def test_detail_falls_with_blur_and_not_with_contrast_or_size() -> None:
    values = [detail_of(cv2.GaussianBlur(FACE, (0, 0), sigma)) for sigma in (0.5, 2, 4, 8)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.1
    assert values[-1] < 0.05
    paler = (FACE * 0.4 + 80).astype(np.uint8)
    assert detail_of(paler) == pytest.approx(detail_of(FACE), rel=0.15)
    large = np.asarray(Image.fromarray(FACE).resize((448, 448), Image.Resampling.BICUBIC))
    assert detail_of(large) == pytest.approx(detail_of(FACE), rel=0.2)


@pytest.mark.parametrize("side", [1, 7, 30, 64])
def test_blank_and_tiny_crops_have_no_detail_and_no_blocks(side: int) -> None:
    blank = np.full((side, side, 3), 90, np.uint8)
    assert detail_of(blank) == 0
    assert blockiness_of(blank) <= 1


@pytest.mark.parametrize("offset", [0, 3])  # a crop may begin anywhere in the grid
def test_strong_compression_shows_as_blocks(offset: int) -> None:
    crushed = read_picture(as_jpeg(FACE, quality=4)).pixels[offset:, offset:]
    assert blockiness_of(crushed) > 1.8 > blockiness_of(FACE)
