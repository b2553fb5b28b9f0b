"""The perceptual hash: copies stay near, other pictures far, on drawn and on real faces."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from unmask.data.audit.hashing import WORDS, perceptual_hash
from unmask.data.audit.neighbours import MAX_RADIUS, hash_distance


def _compressed(picture, quality=50):
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


COPIES = [
    pytest.param(_compressed, id="compressed strongly"),
    pytest.param(lambda p: p.resize((p.width // 2, p.height // 2)), id="half as large"),
    pytest.param(lambda p: p.resize((p.width * 2, p.height * 2)), id="twice as large"),
    pytest.param(lambda p: ImageEnhance.Brightness(p).enhance(0.9), id="a little darker"),
    pytest.param(lambda p: p.convert("L"), id="without colour"),
]


@pytest.mark.parametrize("change", COPIES)
def test_a_copy_is_near(draw, change):
    for seed in range(5):
        picture = draw(seed)
        assert hash_distance(perceptual_hash(picture), perceptual_hash(change(picture))) <= MAX_RADIUS


def test_different_pictures_are_far(draw):
    hashes = np.array([perceptual_hash(draw(seed)) for seed in range(12)])
    assert min(hash_distance(hashes[i], hashes[:i]).min() for i in range(1, 12)) > 2 * MAX_RADIUS


@pytest.mark.parametrize("change", COPIES)
def test_copies_of_real_faces_are_near_and_other_people_far(shared, change):
    paths = sorted((shared / "data/celeba-real-only").glob("*.jpg"))[::25]
    pictures = [Image.open(path).convert("RGB") for path in paths]
    hashes = np.array([perceptual_hash(picture) for picture in pictures])
    copies = np.array([perceptual_hash(change(picture)) for picture in pictures])
    distances = hash_distance(hashes[:, None], copies[None])
    assert np.diag(distances).max() <= MAX_RADIUS
    assert distances[~np.eye(len(pictures), dtype=bool)].min() > 2 * MAX_RADIUS


def test_every_bit_is_used_but_one():
    """Of many noises each bit is now 0 and now 1, but for the mean's, which is always 0."""
    noises = np.random.default_rng(0).integers(0, 256, (60, 64, 64), dtype=np.uint8)
    hashes = np.array([perceptual_hash(Image.fromarray(noise)) for noise in noises])
    bits = np.unpackbits(hashes.astype(">u2").view(np.uint8).reshape(60, -1), axis=1)
    assert bits.shape[1] == 16 * WORDS
    assert (np.ptp(bits, axis=0) == 0).sum() == 1


@pytest.mark.parametrize("colour", ["black", "white", "#777"])
def test_a_flat_picture_has_no_hash(colour):
    assert perceptual_hash(Image.new("RGB", (80, 80), colour)) is None
