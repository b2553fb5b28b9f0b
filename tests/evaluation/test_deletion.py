"""The deletion test tells a map that points at what decides from one that does not."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("matplotlib", reason="figures need the train extra")

from unmask import load_detector
from unmask.errors import MetricError
from unmask.evaluation.deletion import blur_cells, draw_deletion, measure_deletion, render_deletion
from unmask.evaluation.grad_cam import GradCam
from unmask.evaluation.judged_faces import judge_faces
from unmask.media.drawing import draw_face
from unmask.preprocessing import normalise
from unmask.schema import FAKE, REAL, Box, FacePrediction, InputSpec, Sample

from ..conftest import make_tiny_detector

SIDE, CELLS = 40, 5
RIGHT, WRONG = (1, 3), (4, 0)
"""Row and column of the cell that the stand-in reads, and of one that it does not."""


class ReadsOneCell:
    """Stands in for a detector: the contrast of one cell speaks for the side that it was told."""

    settings, input_spec = SimpleNamespace(crop_margin=0.0), InputSpec(SIDE, "bicubic", (0.5,) * 3, (0.5,) * 3)

    def __init__(self, side, pointed):
        self.sign = 1 if side == FAKE else -1
        self.map = np.zeros((CELLS, CELLS), np.float32)
        if pointed:
            self.map[pointed] = self.sign * 3

    def score_faces(self, crops):
        row, column = (place * SIDE // CELLS for place in RIGHT)
        contrast = np.array([crop[row : row + 8, column : column + 8].std() / 40 for crop in crops])
        return 1 / (1 + np.exp(-self.sign * contrast))

    def predict_faces(self, image):
        box = Box(0, 0, *image.shape[1::-1])
        probability = float(self.score_faces([image])[0])
        return (FacePrediction(box, probability, "uncertain", box, self.map),)


@pytest.fixture
def noise(tmp_path):
    """Return samples of noise pictures, two of each source."""
    samples = []
    for index in range(8):
        path = tmp_path / f"{index}.png"
        Image.fromarray(np.random.default_rng(index).integers(0, 256, (SIDE, SIDE, 3), np.uint8)).save(path)
        samples.append(Sample(str(path), index % 2, f"source{index // 2}", "clip", "method"))
    return samples


@pytest.mark.parametrize(
    ("side", "pointed", "holds"),
    [
        (FAKE, RIGHT, True),  # the map names the cell that decides
        (REAL, RIGHT, True),  # also for the real side, whose evidence is negative
        (FAKE, WRONG, False),  # the map names another
        (REAL, WRONG, False),
    ],
)
def test_only_a_map_of_what_decides_passes(noise, side, pointed, holds):
    test = measure_deletion(ReadsOneCell(side, pointed), noise, "noise", progress=False)
    assert {face.decided for face in test.faces} == {side}
    assert test.holds is holds
    assert (test.means["beats"] == 1) is holds
    assert (test.means["more"] > 0.5) is holds


def test_as_many_cells_are_blurred_at_random(noise, monkeypatch):
    masks = []
    monkeypatch.setattr(
        "unmask.evaluation.deletion.blur_cells", lambda pixels, mask: masks.append(mask) or blur_cells(pixels, mask)
    )
    test = measure_deletion(ReadsOneCell(FAKE, RIGHT), noise[:1], "noise", progress=False)
    assert len(masks) == 1 + test.draws
    assert {int(mask.sum()) for mask in masks} == {test.blurred} == {2}  # of 25 cells


def test_a_repeated_test_gives_the_same(noise):
    first, second = (measure_deletion(ReadsOneCell(FAKE, RIGHT), noise, "n", progress=False) for _ in range(2))
    assert first == second


def test_only_the_cells_of_the_mask_are_blurred():
    pixels = draw_face(size=50)
    mask = np.zeros((5, 5), bool)
    mask[1, 3] = True
    changed = (blur_cells(pixels, mask) != pixels).any(axis=2)
    assert changed[10:20, 30:40].mean() > 0.5
    changed[10:20, 30:40] = False
    assert not changed.any()


def test_the_page_the_figure_and_the_json_say_what_was_found(noise):
    tests = [measure_deletion(ReadsOneCell(FAKE, p), noise, n, progress=False) for p, n in ((RIGHT, "a"), (WRONG, "b"))]
    page = "\n".join(render_deletion(tests))
    assert "a: in the mean the hottest cells matter more" in page
    assert "b: it is not shown" in page
    assert "cannot show where a forgery is" in page
    assert draw_deletion(tests).startswith(b"\x89PNG")
    figures = json.loads(json.dumps(tests[0].to_dict(), allow_nan=False))
    assert (figures["faces"], figures["sources"], figures["left_out"]) == (8, 4, 0)
    assert figures["more"]["interval"][0] <= figures["more"]["mean"] <= figures["more"]["interval"][1]


def test_pictures_without_a_face_and_unreadable_ones_are_counted(tiny_detector, tmp_path):
    Image.fromarray(draw_face()).save(tmp_path / "face.png")
    Image.new("RGB", (64, 64)).save(tmp_path / "blank.png")
    (tmp_path / "torn.png").write_bytes(b"torn")
    samples = [Sample(str(tmp_path / f"{name}.png"), 0, name, name, "real") for name in ("face", "blank", "torn")]
    test = measure_deletion(load_detector(tiny_detector), samples, "three", progress=False)
    assert (len(test.faces), test.left_out) == (1, 2)
    with pytest.raises(MetricError, match="has a face"):
        measure_deletion(load_detector(tiny_detector), samples[1:], "two", progress=False)


@pytest.fixture(scope="module")
def transformer(tmp_path_factory):
    """A detector folder with an untrained transformer of 10x10 patches."""
    pytest.importorskip("timm", reason="networks need the train extra")
    return make_tiny_detector(tmp_path_factory.mktemp("vit") / "detector", "test_vit", size=160)


@pytest.fixture
def face_sample(tmp_path):
    Image.fromarray(draw_face()).save(tmp_path / "face.png")
    return Sample(str(tmp_path / "face.png"), 0, "face", "face", "real")


def test_a_transformer_is_tested_by_grad_cam_alone(transformer, face_sample):
    pytest.importorskip("pytorch_grad_cam", reason="Grad-CAM needs the train extra")
    detector = load_detector(transformer)
    with pytest.raises(MetricError, match="maps=GradCam"):
        measure_deletion(detector, [face_sample], "faces", progress=False)
    test = measure_deletion(detector, [face_sample], "faces", maps=GradCam(transformer), progress=False)
    assert (test.maps, test.cells, test.blurred) == ("Grad-CAM", 100, 10)


def test_grad_cam_is_the_gradients_mean_times_the_activations(transformer, face_sample):
    """The oracle is the paper's formula, by autograd; the grid's rows are the picture's."""
    pytest.importorskip("pytorch_grad_cam", reason="Grad-CAM needs the train extra")
    import torch

    from unmask.export import read_model

    (face,) = judge_faces(load_detector(transformer), [face_sample], "faces", progress=False)
    found = GradCam(transformer)(face, FAKE)
    model, kept = read_model(transformer), []
    model.blocks[-1].norm1.register_forward_hook(lambda *seen: kept.append(seen[2]))
    logits = model(torch.from_numpy(normalise(face.pixels, load_detector(transformer).input_spec))[None])
    (slopes,) = torch.autograd.grad(logits[0, FAKE], kept[0])
    tokens, weights = kept[0][0, 1:], slopes[0, 1:].mean(dim=0)
    expected = (tokens @ weights).clamp(min=0).detach().numpy().reshape(10, 10)
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.95  # smoothed by the package's way to pixels
    assert found.shape == (10, 10)


def test_grad_cam_refuses_a_network_without_patches(tiny_detector):
    pytest.importorskip("pytorch_grad_cam", reason="Grad-CAM needs the train extra")
    with pytest.raises(MetricError, match="no vision transformer"):
        GradCam(tiny_detector)
