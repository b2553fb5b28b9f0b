"""The pictures of the page: the photo at screen size with its faces boxed, and the heat map over it."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from unmask.explanation import overlay_activation
from unmask.media.boxes import Colours, draw_boxes
from unmask.schema import FacePrediction, ImagePrediction, Verdict
from unmask.web.words import percent

COLOURS: dict[Verdict, Colours] = {
    "real": ("#0b5f96", "#ffffff"),
    "fake": ("#b34700", "#ffffff"),
    "uncertain": ("#f0e442", "#000000"),
}
"""Label and ink per verdict: blue, vermillion and yellow, which colour-blind people tell apart."""


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
