"""Drawn faces: pictures of nobody, for the page's examples, the documents and the tests."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw


def draw_face(seed: int = 0, size: int = 256) -> np.ndarray:
    """Return a drawn face that both face finders find, uint8 RGB [size, size, 3].

    The seed varies skin, background and grain.
    """
    rng = np.random.default_rng(seed)
    skin = tuple(int(c) for c in np.array([224, 172, 138]) + rng.integers(-20, 20, 3))
    picture = Image.new("RGB", (size, size), tuple(int(c) for c in rng.integers(90, 200, 3)))
    pen = ImageDraw.Draw(picture)
    unit = size / 256

    def ellipse(x: float, y: float, wide: float, tall: float, fill: tuple[int, ...]) -> None:
        pen.ellipse([(x - wide) * unit, (y - tall) * unit, (x + wide) * unit, (y + tall) * unit], fill=fill)

    dark = (40, 28, 24)
    ellipse(128, 120, 84, 104, dark)
    ellipse(128, 136, 70, 92, skin)
    shade = tuple(int(c * 0.82) for c in skin)
    for x in (98, 158):
        ellipse(x, 116, 21, 13, shade)
        ellipse(x, 118, 15, 8, (245, 245, 245))
        ellipse(x, 118, 7, 7, dark)
        pen.line([(x - 19) * unit, 99 * unit, (x + 19) * unit, 97 * unit], fill=dark, width=max(1, int(6 * unit)))
    pen.line(
        [128 * unit, 118 * unit, 122 * unit, 156 * unit, 136 * unit, 158 * unit],
        fill=shade,
        width=max(1, int(5 * unit)),
    )
    ellipse(128, 184, 28, 9, (150, 60, 60))
    pixels = np.asarray(picture).astype(np.int16) + rng.integers(-6, 7, (size, size, 3))
    return np.clip(pixels, 0, 255).astype(np.uint8)
