"""The faces that a detector judges in a data set, with the very pixels that its network gets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from unmask.errors import UnreadableImage
from unmask.media.images import read_image
from unmask.preprocessing import crop_face, resize_crop
from unmask.schema import FacePrediction, Sample

if TYPE_CHECKING:
    from unmask.detector import Detector


@dataclass(frozen=True)
class JudgedFace:
    """One picture's most fake face, by which the picture is judged.

    `file` is the picture's name with that of its folder, `pixels` its crop at the network's side, uint8 RGB [S, S, 3].
    """

    file: str
    label: int
    source_id: str
    prediction: FacePrediction
    pixels: np.ndarray


def judge_faces(
    detector: Detector, samples: Sequence[Sample], name: str, *, progress: bool = True
) -> Iterator[JudgedFace]:
    """Yield the face of each picture, under a progress bar; pictures without a face or unreadable are left out.

    Args:
        detector: who judges.
        samples: labelled pictures.
        name: what the progress bar is called.
        progress: show the bar on a terminal.
    """
    for sample in tqdm(samples, desc=name, unit="face", disable=None if progress else True):
        face = _judge(detector, sample)
        if face is not None:
            yield face


def fake_logits(detector: Detector, crops: Sequence[np.ndarray]) -> np.ndarray:
    """Return the fake-minus-real logits, float64 [N], of N square crops (uint8 RGB) as the detector judges them."""
    probabilities = np.clip(detector.score_faces(crops), 1e-15, 1 - 1e-15)
    return np.log(probabilities) - np.log1p(-probabilities)


def _judge(detector: Detector, sample: Sample) -> JudgedFace | None:
    try:
        image = read_image(sample.path)
    except UnreadableImage:
        return None
    faces = detector.predict_faces(image)
    if not faces:
        return None
    face = max(faces, key=lambda each: each.fake_probability)
    pixels = resize_crop(crop_face(image, face.box, detector.settings.crop_margin), detector.input_spec)
    file = "/".join(Path(sample.path).parts[-2:])
    return JudgedFace(file, sample.label, sample.source_id, face, pixels)
