"""Example pictures: drawn by the project itself, so that no one's face is shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from unmask.media.drawing import draw_face


def write_examples(folder: Path) -> list[Path]:
    """Write the example pictures (JPEG) into a folder and return their paths: one face, three faces, none."""
    pictures = {
        "one-drawn-face": draw_face(seed=1, size=320),
        "three-drawn-faces": np.hstack([draw_face(seed, size=256) for seed in (2, 3, 4)]),
        "no-face": draw_hills(),
    }
    paths = []
    for name, pixels in pictures.items():
        path = folder / f"{name}.jpg"
        Image.fromarray(pixels).save(path, quality=90)
        paths.append(path)
    return paths


def draw_hills(width: int = 384, height: int = 256) -> np.ndarray:
    """Return a drawn landscape without a face, uint8 RGB [height, width, 3]."""
    x, y = np.meshgrid(np.arange(width) / width, np.arange(height) / height)
    picture = np.stack([150 + 60 * y, 190 + 40 * y, np.full_like(y, 235)], axis=-1)
    for base, swell, colour in ((0.55, 0.10, (96, 140, 110)), (0.72, 0.06, (70, 115, 80)), (0.86, 0.04, (48, 90, 58))):
        ridge = base + swell * np.sin(2 * np.pi * (x * (2 - base) + base))
        picture[y > ridge] = colour
    return picture.astype(np.uint8)
