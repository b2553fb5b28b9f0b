"""Self-blending: a changed face in an unchanged picture, the same for a seed, with landmarks or without."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unmask.augmentations.face_mask import draw_face_mask
from unmask.augmentations.self_blending import REACH, self_blend
from unmask.media.drawing import draw_face
from unmask.media.faces import make_face_finder
from unmask.media.images import read_image
from unmask.schema import Box

BOX = Box(54, 40, 200, 232)  # of the drawn face
LANDMARKS = [(98.0, 116.0), (158.0, 116.0), (128.0, 157.0), (102.0, 184.0), (154.0, 184.0)]
SEEDS = range(25)
with_and_without = pytest.mark.parametrize("landmarks", [None, LANDMARKS], ids=["box", "landmarks"])


def blend(image: np.ndarray, landmarks: list[tuple[float, float]] | None, seed: int, box: Box = BOX) -> np.ndarray:
    return self_blend(image, box, landmarks, np.random.default_rng(seed))


def framed_face() -> tuple[np.ndarray, Box]:
    """Return a drawn face in the middle of a large picture, and its box."""
    image = np.random.default_rng(0).integers(0, 256, (600, 700, 3), dtype=np.uint8)
    image[150:406, 200:456] = draw_face(3)
    return image, Box(BOX.left + 200, BOX.top + 150, BOX.right + 200, BOX.bottom + 150)


@with_and_without
def test_a_seed_gives_one_blend(landmarks: list[tuple[float, float]] | None) -> None:
    image = draw_face(1)
    before = image.copy()
    first, again, other = (blend(image, landmarks, seed) for seed in (4, 4, 5))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.array_equal(image, before), "the picture handed in stays as it is"


@with_and_without
def test_only_the_face_changes(landmarks: list[tuple[float, float]] | None) -> None:
    image, box = framed_face()
    moved = None if landmarks is None else [(x + 200, y + 150) for x, y in landmarks]
    reach = round(REACH * box.height)
    for seed in SEEDS:
        result = blend(image, moved, seed, box)
        assert (result.shape, result.dtype) == (image.shape, np.uint8)
        changed = (result != image).any(axis=2)
        inside = np.zeros_like(changed)
        inside[box.top - reach : box.bottom + reach, box.left - reach : box.right + reach] = True
        assert not (changed & ~inside).any()
        assert changed.any()


def test_the_mask_ends_softly_before_the_reach() -> None:
    box, reach = Box(40, 40, 140, 160), 48
    shape = (120 + 2 * reach, 100 + 2 * reach)
    inner = Box(reach, reach, reach + box.width, reach + box.height)
    for seed in range(200):
        mask = draw_face_mask(inner, None, shape[1], shape[0], np.random.default_rng(seed))
        assert mask.shape == shape
        assert mask.min() >= 0
        assert mask.max() <= 1 + 1e-6
        assert max(mask[0].max(), mask[-1].max(), mask[:, 0].max(), mask[:, -1].max()) < 1 / 255  # no cut-off edge
        assert np.abs(np.diff(mask, axis=0)).max() < 0.7  # no hard step
        assert mask.sum() > 0.02 * box.area


def test_masks_cover_the_eyes_or_the_mouth_and_vary() -> None:
    shares = []
    for seed in range(60):
        mask = draw_face_mask(BOX, LANDMARKS, 256, 256, np.random.default_rng(seed))
        shares.append(mask.sum() / BOX.area)
        assert max(mask[round(y), round(x)] for x, y in LANDMARKS) > 0.5
    assert max(shares) > 4 * min(shares)


@pytest.mark.parametrize(
    ("box", "shape"),
    [
        (Box(0, 0, 128, 128), (128, 128)),  # a tight crop: the box is the picture
        (Box(-20, -30, 90, 110), (100, 100)),  # a box that leaves the picture
        (Box(40, 40, 44, 45), (100, 100)),  # a tiny face
        (Box(100, 200, 900, 1300), (1400, 1000)),  # a large one
        (Box(0, 0, 5, 5), (5, 5)),  # too small to blend
        (Box(10, 10, 10, 10), (60, 60)),  # an empty box
        (Box(300, 300, 340, 350), (100, 100)),  # a box outside the picture
    ],
)
def test_any_box_gives_a_picture(box: Box, shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    for seed in range(5):
        result = blend(image, None, seed, box)
        assert (result.shape, result.dtype) == (image.shape, np.uint8)


@pytest.mark.parametrize(
    "landmarks",
    [
        [(100.0, 100.0)] * 5,  # all in one point
        [(128.0, 116.0), (129.0, 116.0), (110.0, 157.0), (127.0, 184.0), (128.0, 184.0)],  # from the side
        [(-500.0, -500.0), (900.0, -500.0), (0.0, 0.0), (-500.0, 900.0), (900.0, 900.0)],  # far outside
        [(158.0, 184.0), (98.0, 184.0), (128.0, 157.0), (154.0, 116.0), (102.0, 116.0)],  # upside down
    ],
)
def test_odd_landmarks_change_nothing_far_from_the_box(landmarks: list[tuple[float, float]]) -> None:
    image, box = framed_face()
    moved = [(x + 200, y + 150) for x, y in landmarks]
    reach = round(REACH * box.height)
    for seed in range(10):
        changed = (blend(image, moved, seed, box) != image).any(axis=2)
        changed[box.top - reach : box.bottom + reach, box.left - reach : box.right + reach] = False
        assert not changed.any()


def test_blends_of_real_faces_are_subtle_but_there(shared: Path) -> None:
    finder = make_face_finder(shared / "pretrained" / "face_detection_yunet_2023mar.onnx")
    changes = []
    for path in sorted((shared / "data/celeba-real-only").glob("*.jpg"))[:30]:
        image = read_image(path)
        for face in finder.find_faces(image)[:1]:
            result = self_blend(image, face.box, face.landmarks, np.random.default_rng(len(changes)))
            square = np.s_[face.box.top : face.box.bottom, face.box.left : face.box.right]
            changes.append(np.abs(result[square].astype(int) - image[square]).mean())
            assert finder.find_faces(result), "it is still a face"
    assert len(changes) >= 28
    assert min(changes) > 0.1
    assert 1 < np.median(changes) < 10
