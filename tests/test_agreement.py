"""Four ways to run one detector folder give one probability: ours, timm, transformers and plain ONNX Runtime."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from unmask.detector import Detector
from unmask.detector_folder import ONNX, WEIGHTS
from unmask.errors import BrokenDetector
from unmask.media.drawing import draw_face
from unmask.media.images import read_image
from unmask.preprocessing import prepare_crop
from unmask.schema import DetectorSettings, InputSpec

torch = pytest.importorskip("torch", reason="the four ways need the train extra")
timm = pytest.importorskip("timm", reason="the four ways need the train extra")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
FACES = 20
CLOSE = 1e-4

NETWORKS = [
    # architecture, side, filter, mean, deviation: each filter, both normalisations, an upscaling and a downscaling
    ("test_resnet", 96, "bilinear", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ("mobilenetv2_100", 128, "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    ("test_vit", 160, "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
]


def write_network(folder: Path, architecture: str, spec: InputSpec, faces: list[np.ndarray]) -> None:
    """Write a detector folder of an untrained network that says something else of each face."""
    from unmask.export import write_detector

    torch.manual_seed(0)
    model = timm.create_model(architecture, num_classes=2).eval()
    batch = torch.from_numpy(np.stack([prepare_crop(face, spec) for face in faces]))
    with torch.no_grad():
        logits = model(batch)
        head = model.get_classifier()
        # A fresh head says 0 of all faces, or 1: make its odds spread by about e to 1 on either side of even.
        scale = 1 / float((logits[:, 1] - logits[:, 0]).std())
        head.weight.mul_(scale)
        head.bias.copy_((head.bias - logits.mean(0)) * scale)
    settings = DetectorSettings(1, architecture, 0.1, 1.0, 0.4, 0.6, "max", (), "nothing", "apache-2.0")
    write_detector(model, architecture, spec, settings, folder)


@pytest.fixture(scope="module")
def faces() -> list[np.ndarray]:
    """Twenty square faces: real ones of two data sets where they are at hand, else drawn ones."""
    folders = ["ffpp-c23-deepfakes/test/real", "ffpp-c23-deepfakes/test/fake"]
    folders += ["hardfake/real_data", "hardfake/fake_data"]
    paths = [path for name in folders for path in sorted((SHARED / name).glob("*.jpg"))[: FACES // 4]]
    if len(paths) < FACES:
        return [draw_face(seed, 70 + 15 * seed) for seed in range(FACES)]
    return [read_image(path) for path in paths]


@pytest.fixture(scope="module", params=NETWORKS, ids=lambda network: network[0])
def folder(request: pytest.FixtureRequest, faces: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector folder of each network."""
    architecture, size, *rest = request.param
    folder = tmp_path_factory.mktemp("agreement") / architecture
    write_network(folder, architecture, InputSpec(size, *rest), faces)
    return folder


@pytest.fixture(scope="module")
def ours(folder: Path, faces: list[np.ndarray]) -> np.ndarray:
    """What our own call says of the faces."""
    scores = Detector(folder).score_faces(faces)
    assert scores.std() > 0.1  # probabilities that are all alike would agree for no good reason
    return scores


def timm_inputs(model: torch.nn.Module, faces: list[np.ndarray]) -> torch.Tensor:
    """Return the faces through the evaluation transform that timm builds from the folder's config."""
    config = timm.data.resolve_model_data_config(model)
    transform = timm.data.create_transform(**config, is_training=False)
    return torch.stack([transform(Image.fromarray(face)) for face in faces])


def fake_column(logits: np.ndarray) -> np.ndarray:
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponents[:, 1] / exponents.sum(axis=1)


def test_timm_agrees(folder: Path, faces: list[np.ndarray], ours: np.ndarray) -> None:
    model = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    with torch.no_grad():
        found = model(timm_inputs(model, faces)).softmax(dim=1)[:, 1].numpy()
    assert model.pretrained_cfg["label_names"] == ["real", "fake"]
    np.testing.assert_allclose(found, ours, rtol=0, atol=CLOSE)


def test_transformers_agrees_and_names_the_labels(folder: Path, faces: list[np.ndarray], ours: np.ndarray) -> None:
    transformers = pytest.importorskip("transformers", reason="comes with the dev extra")
    pipeline = transformers.pipeline("image-classification", model=str(folder), device="cpu")
    answers = pipeline([Image.fromarray(face) for face in faces])
    by_label = [{entry["label"]: entry["score"] for entry in answer} for answer in answers]
    assert all(set(scores) == {"real", "fake"} for scores in by_label)
    np.testing.assert_allclose([scores["fake"] for scores in by_label], ours, rtol=0, atol=CLOSE)


def test_plain_onnx_runtime_agrees(folder: Path, faces: list[np.ndarray], ours: np.ndarray) -> None:
    from unmask.export import read_model

    session = onnxruntime.InferenceSession(str(folder / ONNX), providers=["CPUExecutionProvider"])
    # The inputs are timm's own, so that nothing of ours stands between the folder and the answer.
    (logits,) = session.run(["logits"], {"input": timm_inputs(read_model(folder), faces).numpy()})
    np.testing.assert_allclose(fake_column(logits), ours, rtol=0, atol=CLOSE)


def test_our_own_reading_of_the_network_agrees(folder: Path, faces: list[np.ndarray], ours: np.ndarray) -> None:
    from unmask.export import read_model

    model = read_model(folder)
    assert not model.training
    with torch.no_grad():
        found = model(timm_inputs(model, faces)).softmax(dim=1)[:, 1].numpy()
    np.testing.assert_allclose(found, ours, rtol=0, atol=CLOSE)


def test_both_views_are_the_mean_of_what_timm_says_of_each(folder: Path, faces: list[np.ndarray]) -> None:
    detector = Detector(folder)
    detector.settings = dataclasses.replace(detector.settings, mirrored=True)
    model = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    inputs = timm_inputs(model, faces)
    with torch.no_grad():
        expected = ((model(inputs) + model(inputs.flip(3))) / 2).softmax(dim=1)[:, 1].numpy()
    np.testing.assert_allclose(detector.score_faces(faces), expected, rtol=0, atol=CLOSE)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda tensors: tensors.pop("fc.bias"), "lacks tensors fc.bias"),  # one is missing
        (lambda tensors: tensors.update(more=torch.zeros(1)), "has unknown tensors more"),  # one too many
        (lambda tensors: tensors.update({"fc.bias": torch.zeros(3)}), "of another shape tensors fc.bias"),  # larger
        (lambda tensors: [tensors.pop(name) for name in list(tensors)[:9]], "and 6 more"),  # many are missing
    ],
)
def test_weights_with_missing_or_extra_tensors_are_refused(
    change: object, said: str, tiny_detector: Path, tmp_path: Path
) -> None:
    import shutil

    from safetensors.torch import load_file, save_file

    from unmask.export import read_model

    broken = Path(shutil.copytree(tiny_detector, tmp_path / "broken"))
    tensors = load_file(broken / WEIGHTS)
    change(tensors)  # type: ignore[operator]
    save_file(tensors, broken / WEIGHTS)
    with pytest.raises(BrokenDetector, match=WEIGHTS) as caught:
        read_model(broken)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    # Without torch the tensors' names are not known, but the network says which weights it was made from.
    with pytest.raises(BrokenDetector, match="was not made from"):
        Detector(broken)
