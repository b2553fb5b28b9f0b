"""Both face finders on drawn and real faces, and on pictures without one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import unmask
from unmask.errors import UnmaskError
from unmask.media.drawing import draw_face
from unmask.media.faces import FaceFinder, HaarFinder, _without_repeats, make_face_finder
from unmask.media.images import read_image
from unmask.schema import Box, Face

YUNET = Path(__file__).resolve().parents[3] / "shared" / "pretrained" / "face_detection_yunet_2023mar.onnx"
DRAWN = Box(54, 40, 200, 232)
"""Where the drawn face of 256 x 256 pixels is, forehead to chin and cheek to cheek."""


@pytest.fixture(scope="module")
def haar() -> FaceFinder:
    return make_face_finder()


@pytest.fixture(scope="module")
def yunet() -> FaceFinder:
    if not YUNET.is_file():
        pytest.skip("no ../shared/pretrained with the YuNet model beside this checkout")
    return make_face_finder(YUNET)


@pytest.fixture(scope="module", params=["haar", "yunet"])
def finder(request: pytest.FixtureRequest) -> FaceFinder:
    """Each of the two finders."""
    return request.getfixturevalue(request.param)


def overlap(one: Box, other: Box) -> float:
    """Return the area that two boxes share as a part of the area that they cover."""
    wide = max(0, min(one.right, other.right) - max(one.left, other.left))
    tall = max(0, min(one.bottom, other.bottom) - max(one.top, other.top))
    return wide * tall / (one.area + other.area - wide * tall)


def test_finders_say_which_they_are(finder: FaceFinder, request: pytest.FixtureRequest) -> None:
    assert finder.name == request.node.callspec.params["finder"]


@pytest.mark.parametrize("seed", range(5))
def test_a_drawn_face_is_found_where_it_is(seed: int, finder: FaceFinder) -> None:
    (face,) = finder.find_faces(draw_face(seed))
    assert overlap(face.box, DRAWN) > 0.7
    assert 0 < face.confidence <= 1


@pytest.mark.parametrize("size", [128, 256, 900])
def test_yunet_says_where_eyes_nose_and_mouth_are(size: int, yunet: FaceFinder) -> None:
    (face,) = yunet.find_faces(draw_face(0, size))
    drawn = np.array([(98, 116), (158, 116), (128, 157), (102, 184), (154, 184)]) * size / 256
    assert face.landmarks is not None
    assert np.abs(np.array(face.landmarks) - drawn).max() < 0.08 * size


def test_the_cascades_know_no_landmarks(haar: FaceFinder) -> None:
    (face,) = haar.find_faces(draw_face())
    assert face.landmarks is None


@pytest.mark.parametrize("size", [64, 128, 400, 1600])
def test_a_face_is_found_at_any_size(size: int, finder: FaceFinder) -> None:
    (face,) = finder.find_faces(draw_face(0, size))
    scaled = Box(*(round(side * size / 256) for side in DRAWN.as_list()))
    assert overlap(face.box, scaled) > 0.65


@pytest.mark.parametrize(
    "tight",
    [
        Box(58, 44, 198, 228),  # forehead to chin and cheek to cheek
        Box(44, 32, 212, 244),  # with a little round it
    ],
)
def test_a_tight_crop_of_a_face_counts_as_a_face(tight: Box, finder: FaceFinder) -> None:
    crop = draw_face(0)[tight.top : tight.bottom, tight.left : tight.right]
    (face,) = finder.find_faces(crop)
    assert face.box.area > 0.6 * tight.area


def test_a_small_face_in_a_large_picture_is_found(finder: FaceFinder) -> None:
    picture = np.full((1500, 2000, 3), 128, np.uint8)
    picture[900:1156, 1500:1756] = draw_face(3)
    (face,) = finder.find_faces(picture)
    there = Box(DRAWN.left + 1500, DRAWN.top + 900, DRAWN.right + 1500, DRAWN.bottom + 900)
    assert overlap(face.box, there) > 0.6


def test_a_far_face_is_found_behind_a_near_one(yunet: FaceFinder) -> None:
    """Faces that a picture of one would show are found beside a large one; those too small for a verdict are not."""
    picture = np.full((3000, 4000, 3), 128, np.uint8)
    picture[300:1836, 200:1736] = draw_face(1, 1536)
    picture[1000:1160, 3000:3160] = draw_face(2, 160)
    picture[2000:2060, 3000:3060] = draw_face(3, 60)
    near, far = yunet.find_faces(picture)
    assert near.box.left < 1736
    assert overlap(far.box, Box(3034, 1025, 3125, 1145)) > 0.6


def test_a_wall_of_faces_is_told_apart() -> None:
    faces = [Face(Box(60 * n, 0, 60 * n + 50, 60), 1.0) for n in range(5000)]
    doubles = [Face(Box(60 * n + 5, 5, 60 * n + 45, 55), 1.0) for n in range(5000)]
    assert _without_repeats(doubles + faces) == faces


@pytest.mark.parametrize("turned", [False, True], ids=["panorama", "scrolled page"])
def test_faces_of_a_long_picture_are_found(turned: bool, finder: FaceFinder) -> None:
    picture = np.full((400, 8000, 3), 128, np.uint8)
    for place in (0, 2900, 7700):
        picture[50:306, place : place + 256] = draw_face(place, 256)
    if turned:
        picture = np.ascontiguousarray(picture.transpose(1, 0, 2))
        for place in (0, 2900, 7700):
            picture[place : place + 256, 50:306] = draw_face(place, 256)
    faces = finder.find_faces(picture)
    starts = sorted(face.box.top if turned else face.box.left for face in faces)
    assert starts == [pytest.approx(place + (40 if turned else 54), abs=30) for place in (0, 2900, 7700)]


def test_several_faces_come_largest_first(finder: FaceFinder) -> None:
    picture = np.full((300, 600, 3), 128, np.uint8)
    picture[20:148, 30:158] = draw_face(1, 128)
    picture[20:276, 300:556] = draw_face(2, 256)
    faces = finder.find_faces(picture)
    assert [face.box.left > 250 for face in faces] == [True, False]


@pytest.mark.parametrize(
    "picture",
    [
        np.full((200, 200, 3), 0, np.uint8),  # black
        np.full((200, 300, 3), 255, np.uint8),  # white
        np.full((1, 1, 3), 7, np.uint8),  # a single pixel
        np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8),  # noise
        np.random.default_rng(1).integers(0, 256, (400, 300, 3), dtype=np.uint8),  # more noise
        np.tile(np.linspace(0, 255, 256, dtype=np.uint8)[:, None, None], (1, 256, 3)),  # a gradient
    ],
    ids=["black", "white", "pixel", "noise", "more noise", "gradient"],
)
def test_a_picture_without_a_face_has_none(picture: np.ndarray, finder: FaceFinder) -> None:
    assert finder.find_faces(picture) == []


def all_inside(faces: list[Face], height: int, width: int) -> bool:
    return all(
        0 <= face.box.left < face.box.right <= width
        and 0 <= face.box.top < face.box.bottom <= height
        and 0 <= face.confidence <= 1
        for face in faces
    )


@settings(deadline=None, max_examples=30)
@example(height=1, width=4000, seed=0)
@example(height=4000, width=1, seed=0)
@given(height=st.integers(1, 300), width=st.integers(1, 300), seed=st.integers(0, 9))
def test_any_shape_is_searched_and_boxes_lie_inside(height: int, width: int, seed: int, finder: FaceFinder) -> None:
    face = draw_face(seed, 300)
    rows, columns = np.arange(height) * 300 // height, np.arange(width) * 300 // width
    assert all_inside(finder.find_faces(face[rows][:, columns]), height, width)  # the face, squeezed
    assert all_inside(finder.find_faces(face[:height, :width]), *face[:height, :width].shape[:2])  # cut


def test_the_picture_is_left_as_it_is(finder: FaceFinder) -> None:
    picture = draw_face()
    before = picture.copy()
    picture.setflags(write=False)
    finder.find_faces(picture)
    assert np.array_equal(picture, before)


def test_many_threads_find_what_one_finds(finder: FaceFinder) -> None:
    pictures = [draw_face(seed, 100 + 30 * seed) for seed in range(8)]
    alone = [finder.find_faces(picture) for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(finder.find_faces, pictures)) == alone


def test_no_model_means_the_bundled_cascades() -> None:
    assert isinstance(make_face_finder(None), HaarFinder)


DETECTOR = Path(unmask.__file__).parent / "default" / "model.onnx"


@pytest.mark.parametrize(
    "content",
    [None, b"", b"no model", DETECTOR.read_bytes()],
    ids=["missing", "empty", "text", "another network"],
)
def test_a_face_model_that_is_none_is_one_line(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "yunet.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnmaskError, match=r"yunet\.onnx") as caught:
        make_face_finder(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("folder", "least"),
    [
        ("ffpp-c23-deepfakes/test/real", 0.85),  # tight crops
        ("stylegan-140k/Test/Real", 0.7),  # head and shoulders
    ],
)
def test_both_finders_agree_on_real_faces(
    folder: str, least: float, shared: Path, haar: FaceFinder, yunet: FaceFinder
) -> None:
    overlaps = []
    for path in sorted((shared / "data" / folder).iterdir())[:40]:
        image = read_image(path)
        by_haar, by_yunet = haar.find_faces(image), yunet.find_faces(image)
        if by_haar and by_yunet:
            overlaps.append(overlap(by_haar[0].box, by_yunet[0].box))
    assert len(overlaps) >= 36
    assert np.median(overlaps) > least
