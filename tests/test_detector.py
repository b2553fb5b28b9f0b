"""A detector judges every face of a picture, and the picture by its most fake face."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unmask.detector import BATCH, MOST_FACES, Detector
from unmask.detector_folder import ONNX
from unmask.errors import UnreadableImage
from unmask.files import file_digest
from unmask.media.drawing import draw_face
from unmask.preprocessing import crop_box
from unmask.runtimes.onnx import Outputs
from unmask.schema import Box, Face


class FixedFinder:
    """Finds the faces that it was made with: for what is done with faces, not how they are found."""

    name = "fixed"
    closer_side, doubtful = 96, 0.0

    def __init__(self, *boxes: Box) -> None:
        self.faces = [Face(box, 1.0) for box in boxes]

    def find_faces(self, image: np.ndarray) -> list[Face]:
        """Return the given faces."""
        return self.faces


@pytest.fixture(scope="module")
def detector(tiny_detector: Path) -> Detector:
    return Detector(tiny_detector)


@pytest.fixture(scope="module")
def crops() -> list[np.ndarray]:
    """Twenty drawn faces of different sides, more than one batch."""
    assert BATCH < 20
    return [draw_face(seed, 80 + 10 * seed) for seed in range(20)]


def png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def test_path_bytes_array_and_pillow_image_are_judged_alike(
    detector: Detector, drawn_face: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "face.png"
    path.write_bytes(png(drawn_face))
    sources = [path, str(path), png(drawn_face), drawn_face, Image.fromarray(drawn_face)]
    first, *others = [detector.predict_image(source) for source in sources]
    assert first.verdict in ("real", "fake", "uncertain")
    assert all(other == first for other in others)


def test_a_prediction_says_who_made_it_and_of_what(
    detector: Detector, tiny_detector: Path, drawn_face: np.ndarray
) -> None:
    found = detector.predict_image(drawn_face[:, :240])
    assert found.detector == f"tiny@{file_digest(tiny_detector / ONNX)[:8]}"
    assert found.face_finder == "haar"
    assert (found.width, found.height) == (240, 256)
    (face,) = found.faces
    assert face.crop_box == crop_box(face.box, 0.1, 240, 256)
    assert f"{face.fake_probability:.3f}" in found.reason


def test_a_name_given_is_the_name_shown(tiny_detector: Path, drawn_face: np.ndarray) -> None:
    assert Detector(tiny_detector, name="ada/first@1234567").predict_image(drawn_face).detector == "ada/first@1234567"


def test_the_picture_is_judged_by_its_most_fake_face(tiny_detector: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    picture = np.concatenate([draw_face(1, 200), noise, draw_face(2, 200)], axis=1)
    boxes = [Box(200 * n + 20, 20, 200 * n + 180, 180) for n in range(3)]
    found = Detector(tiny_detector, FixedFinder(*boxes)).predict_image(picture)
    probabilities = [face.fake_probability for face in found.faces]
    assert len(set(probabilities)) == 3
    assert [face.box for face in found.faces] == boxes
    assert found.fake_probability == max(probabilities)
    assert found.verdict == found.faces[int(np.argmax(probabilities))].verdict
    top = max(found.faces, key=lambda face: face.fake_probability)
    assert found.reason.startswith(f"Face {top.number}, the most fake of 3 faces, has fake probability")
    assert [face.number for face in found.faces] == [1, 2, 3]


def test_of_a_wall_of_faces_the_largest_are_judged_and_the_rest_is_told(
    tiny_detector: Path, drawn_face: np.ndarray
) -> None:
    boxes = [Box(0, 0, 60 + side, 60 + side) for side in range(MOST_FACES + 3)]
    detector = Detector(tiny_detector, FixedFinder(*reversed(boxes)))
    found = detector.predict_image(np.tile(drawn_face, (2, 2, 1)))
    assert [face.box for face in found.faces] == boxes[:2:-1]
    assert found.faces_left_out == 3
    assert found.reason.endswith("Only the 200 largest were judged: 3 more were left out.")
    assert len(detector.predict_faces(drawn_face)) == MOST_FACES


def test_a_face_at_the_edge_is_marked_as_cut_off(tiny_detector: Path, drawn_face: np.ndarray) -> None:
    finder = FixedFinder(Box(60, 40, 200, 220), Box(0, 40, 140, 220))
    faces = Detector(tiny_detector, finder).predict_faces(drawn_face)
    assert [face.cut_off for face in faces] == [False, True]


@pytest.mark.parametrize("shape", [(64, 64, 3), (1, 1, 3), (300, 20, 3)])
def test_no_face_is_a_verdict_with_a_reason_and_without_a_number(shape: tuple[int, ...], detector: Detector) -> None:
    found = detector.predict_image(np.full(shape, 90, np.uint8))
    assert (found.verdict, found.fake_probability, found.faces) == ("no_face", None, ())
    assert "No face was found" in found.reason


@pytest.mark.parametrize("source", [b"", b"no picture", "missing.jpg"])
def test_what_is_no_picture_is_an_error_and_no_verdict(source: str | bytes, detector: Detector) -> None:
    with pytest.raises(UnreadableImage):
        detector.predict_image(source)


def test_verdicts_follow_the_detectors_thresholds(detector: Detector, drawn_face: np.ndarray) -> None:
    found = detector.predict_image(drawn_face)
    low, high = detector.settings.real_threshold, detector.settings.fake_threshold
    assert found.fake_probability is not None
    expected = "fake" if found.fake_probability > high else "real" if found.fake_probability < low else "uncertain"
    assert found.verdict == expected


def test_a_face_is_scored_the_same_alone_and_among_twenty(detector: Detector, crops: list[np.ndarray]) -> None:
    together = detector.score_faces(crops)
    alone = np.concatenate([detector.score_faces([crop]) for crop in crops])
    assert together.dtype == np.float64
    assert together.shape == (20,)
    assert np.ptp(together) > 1e-3  # else they would be equal for no good reason
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-6)


def test_no_crops_have_no_scores(detector: Detector) -> None:
    assert detector.score_faces([]).shape == (0,)


def test_predicting_scores_the_crop_that_it_names(detector: Detector, drawn_face: np.ndarray) -> None:
    (face,) = detector.predict_faces(drawn_face)
    box = face.crop_box
    assert box is not None
    score = detector.score_faces([drawn_face[box.top : box.bottom, box.left : box.right]])
    assert score[0] == pytest.approx(face.fake_probability, abs=1e-9)


def test_the_activation_map_averages_to_the_difference_of_the_logits(
    detector: Detector, drawn_face: np.ndarray
) -> None:
    (face,) = detector.predict_faces(drawn_face)
    assert face.activation_map is not None
    assert face.activation_map.dtype == np.float32
    assert face.activation_map.ndim == 2
    log_odds = np.log(face.fake_probability / (1 - face.fake_probability))
    assert face.activation_map.mean() == pytest.approx(log_odds, abs=1e-4)


@pytest.fixture
def mirroring(tiny_detector: Path) -> Detector:
    """The tiny detector, told to judge both views."""
    detector = Detector(tiny_detector)
    detector.settings = dataclasses.replace(detector.settings, mirrored=True)
    return detector


def test_both_views_have_the_mean_of_their_logits(
    detector: Detector, mirroring: Detector, crops: list[np.ndarray]
) -> None:
    turned = [np.ascontiguousarray(crop[:, ::-1]) for crop in crops]
    first, second = (np.log(p / (1 - p)) for p in (detector.score_faces(crops), detector.score_faces(turned)))
    assert np.abs(first - second).max() > 1e-4  # else the views would agree for no good reason
    found = mirroring.score_faces(crops)
    np.testing.assert_allclose(np.log(found / (1 - found)), (first + second) / 2, rtol=0, atol=2e-6)


def test_a_mirrored_picture_gets_the_same_answer_with_the_map_turned(
    mirroring: Detector, drawn_face: np.ndarray
) -> None:
    mirroring.face_finder = FixedFinder(Box(60, 60, 200, 200))
    (face,) = mirroring.predict_faces(drawn_face)
    mirroring.face_finder = FixedFinder(Box(56, 60, 196, 200))
    (turned,) = mirroring.predict_faces(np.ascontiguousarray(drawn_face[:, ::-1]))
    assert turned.fake_probability == pytest.approx(face.fake_probability, abs=1e-4)
    assert face.activation_map is not None
    assert turned.activation_map is not None
    np.testing.assert_allclose(turned.activation_map, face.activation_map[:, ::-1], atol=1e-2)


class SureRuntime:
    """Says `fake` of everything, with a novelty as asked for."""

    def __init__(self, novelty: float | None) -> None:
        self.novelty = novelty

    def run(self, batch: np.ndarray) -> Outputs:
        """Return the same for each face."""
        novelty = None if self.novelty is None else np.full(len(batch), self.novelty, np.float32)
        return Outputs(np.tile(np.float32([0, 3]), (len(batch), 1)), None, novelty)


@pytest.mark.parametrize(
    ("box", "novelty", "limit", "verdict", "said"),
    [
        (Box(60, 60, 200, 200), None, None, "fake", "above the fake threshold"),  # an old folder
        (Box(60, 60, 200, 200), 4.9, 5.0, "fake", "above the fake threshold"),  # a face like others
        (Box(60, 60, 200, 200), 9.0, None, "fake", "above the fake threshold"),  # a network's output without a limit
        (Box(60, 60, 200, 200), 5.1, 5.0, "uncertain", "no ground for a verdict: very unlike"),  # unlike the others
        (Box(100, 100, 140, 140), 1.0, 5.0, "uncertain", "no ground for a verdict: face smaller"),  # too small
    ],
)
def test_without_ground_there_is_no_verdict(
    box: Box, novelty: float | None, limit: float | None, verdict: str, said: str, tiny_detector: Path
) -> None:
    detector = Detector(tiny_detector, FixedFinder(box))
    detector.settings = dataclasses.replace(detector.settings, novelty_limit=limit)
    detector._runtime = SureRuntime(novelty)  # type: ignore[assignment]
    found = detector.predict_image(draw_face(0, 256))
    assert found.verdict == found.faces[0].verdict == verdict
    assert found.fake_probability == pytest.approx(0.953, abs=1e-3)
    assert said in found.reason
    assert found.reason.endswith(".")
    assert bool(found.faces[0].reasons) == (verdict == "uncertain")


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({}, ()),
        ({"smallest_face": 141}, ("face smaller than 141 px",)),
        ({"least_jpeg_quality": 91}, ("heavily compressed",)),
        ({"least_webp_quality": 91}, ()),  # it is a JPEG
        ({"least_detail": 0.9}, ("strongly blurred",)),
        ({"most_blockiness": 1.0}, ("heavily compressed",)),
    ],
)
def test_the_limits_are_those_of_the_detectors_config(
    limits: dict[str, float], said: tuple[str, ...], tiny_detector: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_detector, tmp_path / "detector"))
    config = json.loads((folder / "config.json").read_text())
    config["unmask"]["limits"] = limits
    (folder / "config.json").write_text(json.dumps(config))
    Image.fromarray(draw_face(0, 256)).save(tmp_path / "face.jpg", quality=90)
    detector = Detector(folder, FixedFinder(Box(60, 60, 200, 200)))
    detector._runtime = SureRuntime(None)  # type: ignore[assignment]
    face = detector.predict_image(tmp_path / "face.jpg").faces[0]
    assert (face.verdict, face.reasons) == ("uncertain" if said else "fake", said)


class TurningFinder(FixedFinder):
    """Is surer of small pictures whose lower half is the brighter one, as of a face on its head."""

    def find_faces(self, image: np.ndarray) -> list[Face]:
        """Return the given face, the surer the brighter the picture's upper half."""
        return [Face(face.box, float(image[: len(image) // 2].mean() / 255)) for face in self.faces]


@pytest.mark.parametrize(
    ("turned", "verdict", "reasons"),
    [
        (False, "fake", ()),
        (True, "uncertain", ("upside down",)),
    ],
)
def test_a_face_upside_down_gets_no_verdict(
    turned: bool, verdict: str, reasons: tuple[str, ...], tiny_detector: Path
) -> None:
    detector = Detector(tiny_detector, TurningFinder(Box(60, 60, 200, 200)))
    detector._runtime = SureRuntime(None)  # type: ignore[assignment]
    image = draw_face(0, 256)
    image[:128] //= 2
    found = detector.predict_image(image if turned else np.ascontiguousarray(image[::-1])).faces[0]
    assert (found.verdict, found.reasons) == (verdict, reasons)
