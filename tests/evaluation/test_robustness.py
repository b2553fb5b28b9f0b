"""The part of a picture that is corrupted has the picture's own crops, and its scores are the detector's."""

from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from unmask.evaluation.corruptions import CORRUPTIONS, STRENGTHS, corrupt
from unmask.evaluation.remembered_faces import RememberedFaces
from unmask.evaluation.robustness import score_corrupted
from unmask.media.drawing import draw_face
from unmask.media.faces import HaarFinder
from unmask.preprocessing import WHOLE, crop_face, cut_part
from unmask.schema import Box, Face, Sample


@st.composite
def pictures_with_boxes(draw):
    width, height = draw(st.integers(200, 900)), draw(st.integers(200, 900))
    boxes = []
    for _ in range(draw(st.integers(1, 2))):
        left, top = draw(st.integers(0, width - 20)), draw(st.integers(0, height - 20))
        boxes.append(Box(left, top, draw(st.integers(left + 8, width)), draw(st.integers(top + 8, height))))
    return width, height, boxes, draw(st.sampled_from([0.0, 0.3, 1.0]))


@settings(max_examples=150)
@given(given=pictures_with_boxes())
def test_the_crops_of_the_part_are_those_of_the_picture(given):
    width, height, boxes, margin = given
    rows, columns = np.mgrid[:height, :width]
    image = np.stack([rows % 251, columns % 251, (rows // 251) * 16 + columns // 251], axis=2).astype(np.uint8)
    part, moved = cut_part(image, boxes, margin)
    for box, inside in zip(boxes, moved, strict=True):
        assert np.array_equal(crop_face(part, inside, margin), crop_face(image, box, margin))
    if max(width, height) <= WHOLE:
        assert part is image


class Brightness:
    """Stands in for a network: a crop's mean brightness is its fake probability."""

    settings = SimpleNamespace(crop_margin=0.2)

    def __init__(self, boxes):
        self.face_finder = SimpleNamespace(name="fixed", find_faces=lambda image: [Face(box, 1.0) for box in boxes])

    def score_faces(self, crops):
        return np.array([crop.mean() / 255 for crop in crops])


def test_a_picture_has_one_clean_column_and_five_a_corruption(tmp_path):
    Image.fromarray(draw_face(1, 128)).save(tmp_path / "a.png")
    (tmp_path / "torn.png").write_bytes(b"no picture")
    samples = [Sample(str(tmp_path / name), 0, "s", "v", "m") for name in ("a.png", "torn.png")]
    boxes = [Box(40, 40, 90, 90), Box(5, 5, 30, 30)]
    values = score_corrupted([Brightness(boxes)], samples, ["a.png", "torn.png"], progress=False)
    assert values.shape == (1, 2, 1 + len(CORRUPTIONS) * len(STRENGTHS))
    assert np.isnan(values[0, 1]).all()
    image = np.asarray(Image.open(tmp_path / "a.png"))
    assert values[0, 0, 0] == max(crop_face(image, box, 0.2).mean() / 255 for box in boxes)
    column = 1 + list(CORRUPTIONS).index("noise") * len(STRENGTHS) + 2
    noisy = corrupt(image, "noise", 3, "a.png")
    assert values[0, 0, column] == max(crop_face(noisy, box, 0.2).mean() / 255 for box in boxes)


def test_without_a_face_there_is_no_number(tmp_path):
    Image.fromarray(draw_face(1, 64)).save(tmp_path / "a.png")
    sample = Sample(str(tmp_path / "a.png"), 0, "s", "v", "m")
    assert np.isnan(score_corrupted([Brightness([])], [sample], ["a.png"], progress=False)).all()


def test_a_picture_is_searched_once():
    asked = []
    finder = HaarFinder()
    finder.find_faces = lambda image: asked.append(image.shape) or []  # type: ignore[method-assign]
    remembered = RememberedFaces(finder)
    for size in (64, 64, 80):
        assert remembered.find_faces(draw_face(0, size)) == []
    assert asked == [(64, 64, 3), (80, 80, 3)]
    assert remembered.name == "haar"
