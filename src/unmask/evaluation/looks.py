"""What a judged picture looks like, measured: which kinds of pictures a detector fails on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from unmask.cautions import describe_blur
from unmask.errors import UnreadableImage
from unmask.media.images import read_picture
from unmask.media.quality import detail_of
from unmask.preprocessing import crop_face
from unmask.verdicts import most_fake

if TYPE_CHECKING:
    from unmask.detector import Detector

THUMBNAIL = 112
DARK, BRIGHT = 0.25, 0.7
GREY_SPREAD = 3
"""Levels between the channels, in the mean: what JPEG leaves of a picture without colour."""
TURNED = 0.25
"""How far the nose is off the middle of the eyes, in distances of the eyes: a head turned by about 30 degrees."""
MEASURES = ("face", "detail", "brightness", "jpeg_quality")
"""What wrongly and rightly judged pictures are compared by."""
FEWEST = 5
"""Pictures that a median is taken from."""


@dataclass(frozen=True)
class Look:
    """The face that decided over a picture, in figures.

    `face` is the longer side of its box in pixels, `detail` that of `unmask.media.quality`, `blur` the detector's word
    for it, `brightness` the mean of its crop in [0, 1]. `jpeg_quality` is None where the file is no JPEG, `turned`
    where the finder gives no landmarks. `thumbnail` is what the network saw of it, made small: uint8 RGB [112, 112, 3].
    """

    width: int
    height: int
    face: int
    detail: float
    blur: str
    brightness: float
    is_grey: bool
    is_cut_off: bool
    jpeg_quality: int | None
    turned: float | None
    thumbnail: np.ndarray


def measure_look(detector: Detector, path: str) -> Look | None:
    """Return how a picture's deciding face looks; None where the picture has none or cannot be read."""
    try:
        picture = read_picture(path)
    except UnreadableImage:
        return None
    image = picture.pixels
    face = most_fake(detector.predict_faces(image, picture.compression))
    if face is None:
        return None
    landmarks = {found.box: found.landmarks for found in detector.face_finder.find_faces(image)}.get(face.box)
    crop = crop_face(image, face.box, detector.settings.crop_margin)
    detail, compression = detail_of(crop), picture.compression
    jpeg_quality = compression.quality if compression is not None and compression.format == "JPEG" else None
    return Look(
        width=image.shape[1],
        height=image.shape[0],
        face=max(face.box.width, face.box.height),
        detail=detail,
        blur=describe_blur(detail, detector.settings.limits),
        brightness=float(np.asarray(Image.fromarray(crop).convert("L")).mean() / 255),
        is_grey=float(np.ptp(crop, axis=2).mean()) <= GREY_SPREAD,
        is_cut_off=face.cut_off,
        jpeg_quality=jpeg_quality,
        turned=None if landmarks is None else turn_of(landmarks),
        thumbnail=np.asarray(Image.fromarray(crop).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)),
    )


def turn_of(landmarks: Sequence[Sequence[float]]) -> float:
    """Return how far a face is turned aside: the nose's way from the middle of the eyes, in distances of the eyes.

    `landmarks` are those of `schema.Face`. A face seen from the front has about 0, one in profile 1 and more; how the
    head is tilted does not matter.
    """
    left, right, nose = np.asarray(landmarks[:3], np.float64)
    axis = right - left
    return float(abs((nose - (left + right) / 2) @ axis) / max(float(axis @ axis), 1.0))


def describe_look(look: Look) -> str:
    """Return a look in words: `256×256 px, face 118 px, detail 0.09, brightness 0.31, JPEG quality 75, grey`."""
    light = "dark" if look.brightness < DARK else "bright" if look.brightness > BRIGHT else ""
    words = [
        f"{look.width}×{look.height} px",
        f"face {look.face} px",
        f"detail {look.detail:.2f}" + (f" ({look.blur})" if look.blur else ""),
        f"brightness {look.brightness:.2f}" + (f" ({light})" if light else ""),
        "" if look.jpeg_quality is None else f"JPEG quality {look.jpeg_quality}",
        "grey" if look.is_grey else "colour",
        "cut off" if look.is_cut_off else "",
        "" if look.turned is None else "turned" if look.turned > TURNED else "frontal",
    ]
    return ", ".join(word for word in words if word)


def median_looks(looks: Sequence[Look]) -> dict[str, Any]:
    """Return the median of each of `MEASURES`, rounded; None where fewer than five of the pictures have it."""
    medians: dict[str, Any] = {}
    for name in MEASURES:
        values = [value for look in looks if (value := getattr(look, name)) is not None]
        medians[name] = round(float(median(values)), 3) if len(values) >= FEWEST else None
    return medians
