"""The pictures of the page: the photo at screen size with its faces boxed, and the heat map over it."""

from __future__ import annotations

import base64
import dataclasses
import io

import numpy as np
from PIL import Image

from unmask.explanation import overlay_activation
from unmask.schema import Box, FacePrediction, ImagePrediction, Verdict
from unmask.web.boxes import Colours, draw_boxes
from unmask.web.words import percent

LONGEST_SIDE, SHORTEST_LONG_SIDE = 1280, 640
"""The longer side is brought between these: large enough for the labels, small enough to send."""
COLOURS: dict[Verdict, Colours] = {
    "real": ("#0b5f96", "#ffffff"),
    "fake": ("#b34700", "#ffffff"),
    "uncertain": ("#f0e442", "#000000"),
}
"""Label and ink per verdict: blue, vermillion and yellow, which colour-blind people tell apart."""


def fit_to_screen(
    image: np.ndarray, faces: tuple[FacePrediction, ...]
) -> tuple[np.ndarray, tuple[FacePrediction, ...]]:
    """Return the picture (uint8 RGB) and its faces at the size at which the page shows them."""
    height, width = image.shape[:2]
    longest = max(height, width)
    scale = min(max(longest, SHORTEST_LONG_SIDE), LONGEST_SIDE) / longest
    if scale == 1.0:
        return image, faces
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    # reducing_gap averages whole pixels of a large photo first, which is several times as fast.
    resized = Image.fromarray(image).resize(size, Image.Resampling.BICUBIC, reducing_gap=1.01)
    return np.asarray(resized), tuple(_scale_face(face, scale, *size) for face in faces)


def draw_verdicts(image: np.ndarray, faces: tuple[FacePrediction, ...]) -> Image.Image:
    """Return the picture with each face boxed and labelled with number, verdict and probability."""
    labels = [f"{n} {face.verdict} · {percent(face.fake_probability, 0)} fake" for n, face in enumerate(faces, 1)]
    return draw_boxes(image, [face.box for face in faces], labels, [COLOURS[face.verdict] for face in faces])


def draw_heat_map(image: np.ndarray, faces: tuple[FacePrediction, ...]) -> Image.Image | None:
    """Return the picture with the activation maps over the squares that the network saw, or None without maps."""
    heat = overlay_activation(image, faces)
    if heat is None:
        return None
    boxes = [face.crop_box or face.box for face in faces]
    labels = [str(number) for number in range(1, len(faces) + 1)]
    return draw_boxes(heat, boxes, labels, [("#000000", "#ffffff")] * len(faces))


def describe_picture(prediction: ImagePrediction) -> str:
    """Return the picture's text for those who do not see it."""
    if not prediction.faces:
        return "Your picture. No face was found in it."
    faces = [f"{face.verdict}, fake probability {percent(face.fake_probability)}" for face in prediction.faces]
    numbered = "; ".join(f"face {number} {text}" for number, text in enumerate(faces, 1))
    return f"Your picture with each face boxed: {numbered}."


def to_data_url(picture: Image.Image) -> str:
    """Return a picture as a JPEG in a data URL, which needs no file."""
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(content.getvalue()).decode()


def _scale_face(face: FacePrediction, scale: float, width: int, height: int) -> FacePrediction:
    def scaled(box: Box) -> Box:
        left, top = min(round(box.left * scale), width - 1), min(round(box.top * scale), height - 1)
        right, bottom = min(round(box.right * scale), width), min(round(box.bottom * scale), height)
        return Box(left, top, max(left + 1, right), max(top + 1, bottom))

    return dataclasses.replace(face, box=scaled(face.box), crop_box=face.crop_box and scaled(face.crop_box))
