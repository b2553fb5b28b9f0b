"""Self-blending: a real face becomes a fake one, blended with a changed copy of itself inside a face mask.

A network that learns from such fakes cannot learn one generator's marks, only what every pasted face has:
another colour, another sharpness, features slightly out of place, and a seam. After Shiohara and Yamasaki,
"Detecting Deepfakes with Self-Blended Images" (CVPR 2022, arXiv 2204.08376), written anew. It differs in
that only the copy is changed, never the picture round it, and in that five landmarks span the mask. In place of
the copy another person's face may be blended in (`donor_face.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from unmask.augmentations.colour import colour_matrix
from unmask.augmentations.donor_face import lay_over, match_colour
from unmask.augmentations.down_up import scale_down_up
from unmask.augmentations.face_mask import draw_face_mask
from unmask.augmentations.recompression import recompress_jpeg
from unmask.schema import Box

# The part of the face box's longer side beyond which no pixel changes: the mask ends before.
REACH = 0.4
BLEND_RATIOS = (0.25, 0.5, 0.75, 1.0, 1.0, 1.0)
LEAST_OF_DONOR = 0.75  # with less of another's face two of them are seen at once


def self_blend(
    image: np.ndarray,
    box: Box,
    landmarks: Sequence[Sequence[float]] | None,
    generator: np.random.Generator,
    donor: tuple[np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    """Return a copy of a picture whose face is blended with a changed copy of itself, or of a donor's face.

    Args:
        image: uint8 RGB [H, W, 3]; it is left as it is.
        box: The face's tight box in it.
        landmarks: Five points (x, y) as in `schema.Face`, or None for an ellipse in the box.
        generator: All that is drawn comes from it.
        donor: Another picture (uint8 RGB [H, W, 3]) and its face's landmarks [5, 2]; without `landmarks` the
            face is blended with itself all the same.

    Returns:
        uint8 RGB [H, W, 3]; only pixels in or near the face differ, and the box holds for it too.

    Example:
        >>> from unmask.media.drawing import draw_face
        >>> self_blend(draw_face(), Box(54, 40, 200, 232), None, np.random.default_rng(0)).shape
        (256, 256, 3)
    """
    height, width = image.shape[:2]
    reach = round(REACH * max(box.width, box.height))
    left, top = max(0, box.left - reach), max(0, box.top - reach)
    right, bottom = min(width, box.right + reach), min(height, box.bottom + reach)
    result = image.copy()
    if right - left < 8 or bottom - top < 8:
        return result
    inner = Box(box.left - left, box.top - top, box.right - left, box.bottom - top)
    points = None if landmarks is None else [(x - left, y - top) for x, y in landmarks]
    face = np.ascontiguousarray(image[top:bottom, left:right])
    mask = draw_face_mask(inner, points, right - left, bottom - top, generator)[..., None]
    source, ratio = face, generator.choice(BLEND_RATIOS)
    if donor is not None and points is not None:
        source = lay_over(*donor, np.asarray(points), face.shape[:2])
        source = match_colour(source, face, mask[..., 0], generator.uniform(0.6, 1.0))
        ratio = max(ratio, LEAST_OF_DONOR)
    mask *= ratio
    copy = _move(_change_detail(_change_colour(source, generator), inner, generator), inner, generator)
    blended = face + mask * (copy.astype(np.float32) - face)
    result[top:bottom, left:right] = np.rint(blended).astype(np.uint8)
    return result


def _change_colour(face: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return the face as under another light: channels shifted, contrast, saturation and hue changed a little."""
    contrast = generator.uniform(0.9, 1.1)
    matrix = contrast * colour_matrix(generator.uniform(0.85, 1.15), generator.uniform(-0.01, 0.01))
    mean = np.array(cv2.mean(face)[:3])
    # Half of the paper's shifts on average, less in the dark: its strongest turn a face purple.
    light = float(np.clip(mean.mean() / 128, 0.3, 1.0))
    shift = light * (generator.normal(0, 4, 3) + generator.normal(0, 5)).clip(-16, 16)
    return cv2.transform(face, np.column_stack([matrix, (1 - contrast) * mean + shift]))


def _change_detail(face: np.ndarray, box: Box, generator: np.random.Generator) -> np.ndarray:
    """Return the face sharpened, coarsened, re-encoded or, in one of four draws, as it is."""
    kind = generator.integers(4)
    if kind == 0:
        # A generator's face has 64 to 256 pixels whatever the picture: a large one is enlarged the more.
        most = float(np.clip(max(box.width, box.height) / 64, 1.6, 4.0))
        return scale_down_up(face, generator.uniform(1.2, most), cv2.INTER_CUBIC)
    if kind == 1:
        soft = cv2.GaussianBlur(face, (0, 0), generator.uniform(0.8, 2.0))
        amount = generator.uniform(0.3, 1.0)
        return cv2.addWeighted(face, 1 + amount, soft, -amount, 0)
    if kind == 2:
        return recompress_jpeg(face, int(generator.integers(35, 86)))
    return face


def _move(face: np.ndarray, box: Box, generator: np.random.Generator) -> np.ndarray:
    """Return the face scaled by up to 5 % about the box's centre and shifted by up to 3 % of its sides."""
    zoom = generator.uniform(0.95, 1 / 0.95, 2)
    centre = np.array([(box.left + box.right) / 2, (box.top + box.bottom) / 2])
    shift = generator.uniform(-1, 1, 2) * (0.03 * box.width, 0.015 * box.height)
    matrix = np.column_stack([np.diag(zoom), centre + shift - zoom * centre])
    size = (face.shape[1], face.shape[0])
    return cv2.warpAffine(face, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
