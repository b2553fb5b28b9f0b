"""Drawn data sets for the audit: faces before varied backgrounds, so that no two are near duplicates."""

import numpy as np
import pytest
from PIL import Image

from unmask.media.drawing import draw_face


def draw_picture(seed, size=96):
    """Return a drawn face blended with noise at all the frequencies that a hash looks at."""
    noise = np.random.default_rng(seed).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    ground = Image.fromarray(noise).resize((size, size), Image.Resampling.BICUBIC)
    return Image.blend(Image.fromarray(draw_face(seed, size)), ground, 0.6)


@pytest.fixture
def save():
    """Save a drawn picture of a seed, as a JPEG of quality 90 unless told otherwise; return its path."""

    def _save(path, seed, size=96, **options):
        path.parent.mkdir(parents=True, exist_ok=True)
        draw_picture(seed, size).save(path, **({"quality": 90} if path.suffix == ".jpg" else {}) | options)
        return path

    return _save


@pytest.fixture
def clean(tmp_path, save):
    """A clean data set: 20 reals and 20 fakes in train, 4 of each in test, all of one kind."""
    root = tmp_path / "faces"
    seed = 0
    for split, number in (("train", 20), ("test", 4)):
        for label in ("real", "fake"):
            for index in range(number):
                save(root / split / label / f"{label}{index}.jpg", seed := seed + 1)
    return root


@pytest.fixture(scope="session")
def draw():
    """The function that draws the picture of a seed."""
    return draw_picture
