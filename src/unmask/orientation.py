"""Whether a face stands on its head: its finder is surer of it when the crop is turned round.

Measured on up to 200 validation faces of five data sets, turned by half and as they are: of the turned faces that
YuNet found 175 of 176 were told, of those that the Haar cascades found 56 of 59; of the upright ones none was mistaken.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from unmask.media.faces import FaceFinder
from unmask.preprocessing import crop_face
from unmask.schema import Box

MARGIN = 0.5
SIDE = 96
"""Pixels of the crop that is searched: 128 finds one more, and takes a third longer."""


def is_upside_down(finder: FaceFinder, image: np.ndarray, box: Box) -> bool:
    """Say whether the finder is surer of a face (its box in uint8 RGB [H, W, 3]) when that is turned by half."""
    return is_crop_upside_down(finder, crop_face(image, box, MARGIN))


def is_crop_upside_down(finder: FaceFinder, crop: np.ndarray) -> bool:
    """Say whether the finder is surer of the face in a crop (uint8 RGB [S, S, 3]) when that is turned by half."""
    if len(crop) > SIDE:
        crop = np.asarray(Image.fromarray(crop).resize((SIDE, SIDE), Image.Resampling.BOX))
    turned = _confidence(finder, np.ascontiguousarray(crop[::-1, ::-1]))
    return turned > 0 and turned > _confidence(finder, crop)


def _confidence(finder: FaceFinder, crop: np.ndarray) -> float:
    return max((face.confidence for face in finder.find_faces(crop)), default=0.0)
