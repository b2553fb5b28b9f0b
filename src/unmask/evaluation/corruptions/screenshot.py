"""Screenshot: shown at another size, sharpened by the screen, cut by hand, and saved as JPEG."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from unmask.augmentations.recompression import recompress_jpeg
from unmask.evaluation.corruptions import corruption

MOST_CUT = 0.01
"""Of the side, cut off at each edge: so little that a face box still fits."""
QUALITIES = {0.9: 90, 0.75: 80, 0.6: 70, 0.5: 60, 0.4: 45}


@corruption("screenshot", "scale on the screen", *QUALITIES)
def screenshot(picture: np.ndarray, scale: float, generator: np.random.Generator) -> np.ndarray:
    """Return the picture after the screen: shrunk, sharpened, cut a little, saved without loss and then as JPEG.

    The JPEG's quality falls with the scale, from 90 to 45. The result is enlarged to the old size.
    """
    height, width = picture.shape[:2]
    top, left, bottom, right = generator.uniform(0, MOST_CUT, size=4) * (height, width, height, width)
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    kept = (left, top, width - right, height - bottom)
    shown = Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR, box=kept)
    # A PNG keeps every pixel: the file between screen and JPEG changes nothing and is not written.
    sharpened = np.asarray(shown.filter(ImageFilter.UnsharpMask(radius=1, percent=60, threshold=0)))
    saved = recompress_jpeg(sharpened, QUALITIES[scale])
    return np.asarray(Image.fromarray(saved).resize((width, height), Image.Resampling.BICUBIC))
