"""A WebP's quality is read off its frame's header; the oracle is the quality that Pillow and OpenCV were told."""

from __future__ import annotations

import io
import random

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from unmask.media.drawing import draw_face
from unmask.media.images import read_picture
from unmask.media.webp_quality import webp_quality_of

FACE = draw_face(1, 160)
NOISY = np.clip(FACE + np.random.default_rng(0).normal(0, 12, FACE.shape), 0, 255).astype(np.uint8)


def as_webp(pixels: np.ndarray, **how: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", **how)
    return file.getvalue()


@pytest.mark.parametrize("pixels", [FACE, NOISY], ids=["drawn", "noisy"])
@pytest.mark.parametrize("quality", [10, 25, 50, 75, 80, 90, 100])
def test_the_quality_that_a_webp_was_saved_with_is_found(quality: int, pixels: np.ndarray) -> None:
    _, encoded = cv2.imencode(".webp", pixels[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, quality])
    for data in (as_webp(pixels, quality=quality), as_webp(pixels, quality=quality, method=6), encoded.tobytes()):
        assert webp_quality_of(data) == pytest.approx(quality, abs=3 if quality >= 80 else 10)


def test_the_frame_is_found_behind_a_profile_and_before_other_data() -> None:
    plain = webp_quality_of(as_webp(FACE, quality=40))
    with_alpha = np.dstack([FACE, np.full(FACE.shape[:2], 128, np.uint8)])
    assert webp_quality_of(as_webp(FACE, quality=40, exif=b"Exif\0\0", icc_profile=b"profile")) == plain
    assert webp_quality_of(as_webp(with_alpha, quality=40)) == pytest.approx(40, abs=10)


@pytest.mark.parametrize(
    "data",
    [
        as_webp(FACE, lossless=True),  # nothing was lost
        as_webp(FACE, save_all=True, append_images=[Image.fromarray(NOISY)]),  # an animation: frames differ
        b"",
        b"RIFF\x00\x00\x00\x00WEBP",  # cut after its name
        as_webp(FACE)[:25],  # cut in the frame's own header
        as_webp(FACE, lossless=True) + b"VP8 " + bytes(20),  # behind a picture without loss an empty one with
        as_webp(FACE, lossless=True) + as_webp(FACE, quality=5)[12:],  # and a whole one
        b"RIFF\x00\x00\x00\x00WEBP" + b"JUNK\x00\x00\x00\x00" * 99 + as_webp(FACE)[12:],  # behind no end of others
    ],
    ids=["lossless", "animation", "empty", "name alone", "cut", "empty frame", "second frame", "many chunks"],
)
def test_what_is_no_still_lossy_webp_has_no_quality(data: bytes) -> None:
    assert webp_quality_of(data) is None


@given(st.binary(max_size=80), st.integers(0, 1 << 20))
def test_any_bytes_give_a_quality_in_range_or_none(data: bytes, seed: int) -> None:
    whole = bytearray(as_webp(FACE[:32, :32], quality=50))
    place = random.Random(seed).randrange(len(whole))
    whole[place : place + len(data)] = data
    for hostile in (data, bytes(whole), bytes(whole[:place])):
        found = webp_quality_of(hostile)
        assert found is None or 1 <= found <= 100


def test_a_picture_brings_it_along() -> None:
    compression = read_picture(as_webp(FACE, quality=30)).compression
    assert compression is not None
    assert (compression.format, compression.quality) == ("WebP", pytest.approx(30, abs=10))
    assert read_picture(as_webp(FACE, lossless=True)).compression is None
