"""Activation maps laid over a picture: which parts of each face spoke for fake and which for real.

It shows where the network looked, never where a forgery is: a network may look at the right place for the
wrong reason, and the map's cells are coarse (often 4 to 7 on a side).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PIL import Image

from unmask.schema import Box, FacePrediction

FOR_FAKE = (213, 94, 0)
"""Vermillion of Okabe and Ito's palette, which colour-blind people tell from its blue."""
FOR_REAL = (0, 114, 178)
STRONGEST_TINT = 0.8
# In logits. Without a floor, a map of next to nothing would be painted as strongly as a sure one.
LEAST_FULL_SCALE = 2.0


def overlay_activation(image: np.ndarray, faces: Iterable[FacePrediction]) -> np.ndarray | None:
    """Return the picture in grey with the activation maps of its faces in colour.

    Orange cells spoke for fake, blue ones for real; the stronger the tint, the more. All faces of a picture
    share one scale, so that they can be compared.

    Args:
        image: uint8 RGB [H, W, 3].
        faces: What a detector said of the faces of this very picture, in its pixels.

    Returns:
        uint8 RGB [H, W, 3], or None where no face has an activation map.
    """
    mapped = [(face.crop_box, face.activation_map) for face in faces]
    maps = [(box, cells) for box, cells in mapped if box is not None and cells is not None and box.area]
    if not maps:
        return None
    evidence = np.zeros(image.shape[:2], np.float32)
    for box, cells in maps:
        _add_map(evidence, box, cells)
    strongest = max(float(np.abs(cells).max()) for _, cells in maps)
    return _tint(image, evidence / max(strongest, LEAST_FULL_SCALE))


def _add_map(evidence: np.ndarray, box: Box, cells: np.ndarray) -> None:
    """Write one face's map into the evidence [H, W]; where faces overlap, the stronger word stands."""
    smooth = Image.fromarray(np.asarray(cells, np.float32))
    smooth = smooth.resize((box.width, box.height), Image.Resampling.BILINEAR)
    place = evidence[box.top : box.bottom, box.left : box.right]
    new = np.asarray(smooth)[: place.shape[0], : place.shape[1]]
    np.copyto(place, new, where=np.abs(new) > np.abs(place))


def _tint(image: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Colour the picture, made grey because skin is orange itself, by a share in [-1, 1] per pixel."""
    grey = Image.fromarray(image).convert("L").convert("RGB")
    colour = np.where(share[..., None] > 0, np.array(FOR_FAKE, np.uint8), np.array(FOR_REAL, np.uint8))
    strength = np.rint(255 * STRONGEST_TINT * np.clip(np.abs(share), 0, 1)).astype(np.uint8)
    return np.asarray(Image.composite(Image.fromarray(colour), grey, Image.fromarray(strength)))
