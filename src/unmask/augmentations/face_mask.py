"""Face masks: where in a picture a forged face would have been put, soft at the edge and never twice alike.

The outline of a part of the face is laid out between the eyes and the mouth, made uneven, deformed like
rubber and blurred, after the mask generator of Shiohara and Yamasaki (CVPR 2022).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from unmask.schema import Box

# Where a face has its eyes, nose tip and mouth corners, as parts of its box: medians of 299 faces of YuNet.
USUAL_LANDMARKS = np.array([[0.26, 0.376], [0.74, 0.376], [0.5, 0.575], [0.3, 0.731], [0.7, 0.731]])

# The parts of a face that forgeries exchange: centre, half width and half height, in the frame that has the
# eyes' middle at (0, 0), the eyes one unit apart, and the mouth's middle at (0, 1).
PARTS = {
    "whole face": (0.50, 1.00, 1.10),
    "inner face": (0.45, 0.80, 0.82),
    "lower face": (0.95, 0.80, 0.70),
    "eyes": (0.05, 0.95, 0.42),
    "mouth": (1.00, 0.55, 0.38),
}
CHANCES = (0.45, 0.25, 0.12, 0.10, 0.08)
# Nothing beyond the box by more than this part of its longer side is drawn, before deforming and blurring.
BEYOND_BOX = 0.1
CORNERS = 48
MASK_SIDE = 192  # a mask is smooth: a large face's is drawn at this size and enlarged


def draw_face_mask(
    box: Box,
    landmarks: Sequence[Sequence[float]] | None,
    width: int,
    height: int,
    generator: np.random.Generator,
) -> np.ndarray:
    """Return a mask of a part of a face, float32 [height, width] in [0, 1].

    `box` and `landmarks` (five points, as `schema.Face` orders them) are in pixels of that picture of
    `width` x `height`; without landmarks the mask is made of an ellipse that the box gives.
    """
    scale = min(1.0, MASK_SIDE / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    edges = np.array(box.as_list(), dtype=np.float64).reshape(2, 2) * scale
    side = float((edges[1] - edges[0]).max())
    points = edges[0] + USUAL_LANDMARKS * (edges[1] - edges[0])
    if landmarks is not None:
        points = np.asarray(landmarks, dtype=np.float64) * scale
    mask = np.zeros(size[::-1], np.float32)
    cv2.fillPoly(mask, [np.round(_outline(points, side, generator) * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    _clear_outside(mask, edges + BEYOND_BOX * side * np.array([[-1], [1]]))
    mask = _blur(_deform(mask, side, generator), side, generator)
    return mask if scale == 1 else cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)


def _outline(points: np.ndarray, side: float, generator: np.random.Generator) -> np.ndarray:
    """Return the corners [N, 2] of one part's uneven outline, in the frame that five landmarks span."""
    left_eye, right_eye, _, left_mouth, right_mouth = points
    eyes, mouth = (left_eye + right_eye) / 2, (left_mouth + right_mouth) / 2
    across = _at_least(right_eye - left_eye, 0.3 * side)  # a face seen from the side keeps some width
    down = _at_least(mouth - eyes, 0.2 * side)
    centre, wide, tall = PARTS[generator.choice(list(PARTS), p=CHANCES)]
    wide, tall = wide * generator.uniform(0.85, 1.1), tall * generator.uniform(0.85, 1.1)
    angle = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    power = 2 / generator.uniform(2.0, 3.2)  # from an ellipse towards a rounded rectangle
    uneven = 1 + sum(generator.normal(0, 0.03) * np.cos(k * angle + generator.uniform(0, 2 * np.pi)) for k in (2, 3, 4))
    x = wide * uneven * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power
    y = centre + tall * uneven * np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power
    return eyes + x[:, None] * across + y[:, None] * down


def _at_least(vector: np.ndarray, length: float) -> np.ndarray:
    """Return a vector, made longer where it is shorter than `length`."""
    norm = float(np.hypot(*vector))
    return vector if norm >= length else vector * (length / norm) if norm > 0 else np.array([length, 0.0])


def _clear_outside(mask: np.ndarray, edges: np.ndarray) -> None:
    left, top, right, bottom = (max(0, round(edge)) for edge in edges.ravel())
    mask[:top], mask[bottom:], mask[:, :left], mask[:, right:] = 0, 0, 0, 0


def _deform(mask: np.ndarray, side: float, generator: np.random.Generator) -> np.ndarray:
    """Return a mask pulled about like rubber, by up to about a tenth of the face's side."""
    height, width = mask.shape
    cells = int(generator.integers(4, 8))
    coarse = generator.normal(0, 0.03 * side, (cells, cells, 2)).clip(-0.06 * side, 0.06 * side).astype(np.float32)
    pull = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(mask, x + pull[..., 0], y + pull[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _blur(mask: np.ndarray, side: float, generator: np.random.Generator) -> np.ndarray:
    """Return a mask with an edge between crisp and a sixth of the face wide."""
    return cv2.GaussianBlur(mask, (0, 0), max(0.5, side * generator.uniform(0.01, 0.05)))
