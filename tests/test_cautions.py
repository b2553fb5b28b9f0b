"""What speaks against a verdict is said in words, and takes the verdict away only where nothing is left to judge."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from unmask.cautions import find_cautions
from unmask.media.drawing import draw_face
from unmask.schema import Box, Compression, Limits

FACE = draw_face(1, 224)
LARGE = Box(0, 0, 180, 200)


def jpeg(quality: int) -> Compression:
    return Compression("JPEG", quality)


def webp(quality: int) -> Compression:
    return Compression("WebP", quality)


def crushed(quality: int) -> np.ndarray:
    _, data = cv2.imencode(".jpg", FACE, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def blurred(sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(FACE, (0, 0), sigma)


@pytest.mark.parametrize(
    ("box", "crop", "compression", "is_novel", "words", "no_ground"),
    [
        (LARGE, FACE, None, False, [], False),  # a good face
        (LARGE, FACE, jpeg(90), False, [], False),  # as a good JPEG
        (LARGE, FACE, jpeg(50), False, [], False),  # as a middling one
        (LARGE, FACE, jpeg(26), False, ["heavily compressed"], False),  # worth a mention
        (LARGE, FACE, jpeg(25), False, ["heavily compressed"], True),  # too many fakes pass as real
        (LARGE, FACE, webp(60), False, [], False),  # the limits of WebP are its own
        (LARGE, FACE, webp(59), False, ["heavily compressed"], False),
        (LARGE, FACE, webp(40), False, ["heavily compressed"], False),
        (LARGE, FACE, webp(39), False, ["heavily compressed"], True),
        (LARGE, crushed(8), None, False, ["heavily compressed"], True),  # crushed, then saved without loss
        (LARGE, crushed(75), None, False, [], False),  # a good JPEG, then saved without loss
        (Box(0, 0, 30, 47), FACE, None, False, ["face smaller than 48 px"], True),  # one pixel too small
        (Box(0, 0, 30, 48), FACE, None, False, [], False),  # just large enough
        (LARGE, blurred(8), None, False, ["strongly blurred"], True),  # out of focus
        (LARGE, np.full((224, 224, 3), 90, np.uint8), None, False, ["strongly blurred"], True),  # nothing to see
        (LARGE, FACE, None, True, ["very unlike the faces that the detector knows"], True),  # no such face was seen
        # the weightier first
        (Box(0, 0, 9, 9), FACE, jpeg(30), True, ["face smaller than 48 px", "very unlike", "heavily compressed"], True),
    ],
)
def test_cautions(
    box: Box, crop: np.ndarray, compression: Compression | None, is_novel: bool, words: list[str], no_ground: bool
) -> None:
    limits = Limits(least_webp_quality=40, little_webp_quality=60)
    found = find_cautions(box, crop, compression, is_novel, limits)
    assert len(found) == len(words)
    assert all(caution.words.startswith(start) for caution, start in zip(found, words, strict=True))
    assert any(caution.leaves_no_ground for caution in found) == no_ground
    is_webp = compression is not None and compression.format == "WebP"
    assert all(caution.spares == ("fake" if is_webp and no_ground else None) for caution in found)


def test_grey_faces_are_judged_like_others() -> None:
    grey = cv2.cvtColor(cv2.cvtColor(FACE, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    assert find_cautions(LARGE, grey, None, False, Limits()) == ()
