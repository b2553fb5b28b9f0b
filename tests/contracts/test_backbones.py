"""What every network keeps: shapes, a folder that reads back equal, ONNX equal, learning, checkpointing equal.

It runs over every registered network of ours and a few tiny ones of timm's, at small sizes.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks need the train extra")
timm = pytest.importorskip("timm", reason="networks need the train extra")

from unmask.backbones import list_backbones  # noqa: E402
from unmask.calibration import fake_probabilities  # noqa: E402
from unmask.detector_folder import CONFIG, ONNX  # noqa: E402
from unmask.export import fold_temperature, read_model, write_detector  # noqa: E402
from unmask.preprocessing import prepare_crop  # noqa: E402
from unmask.runtimes.onnx import OnnxRuntime  # noqa: E402
from unmask.schema import DetectorSettings  # noqa: E402
from unmask.training.network import network_input  # noqa: E402

# Arguments that make a network small enough for a test; they must come back from its folder.
SMALL: dict[str, dict[str, Any]] = {
    "deepfakenet50": {"depth": 14, "width": 8},
    "deepfakenet300": {"depth": 18, "width": 8, "drop_path_rate": 0.1},
    "simple_cnn": {"widths": [8, 8, 16], "hidden": 16},
    "frequency_cnn": {"width": 8},
}
TIMM = ["test_resnet", "test_convnext", "test_vit", "test_mambaout"]
NAMES = list_backbones() + TIMM
WITHOUT_MAP = {"test_vit"}
FREE_SIZE = 64


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Small networks lose by a second thread, and the machine may be busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def make(name: str, seed: int = 0, **more: Any) -> torch.nn.Module:
    torch.manual_seed(seed)
    args = SMALL.get(name, {})
    model = timm.create_model(name, num_classes=2, **args, **more)
    model.model_args = args
    for part in model.modules():  # statistics that show if an export leaves them out
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.2)
            part.running_var.uniform_(0.5, 2)
    return model


def side(name: str) -> int:
    return timm.get_pretrained_cfg(name).input_size[1] if name in WITHOUT_MAP else FREE_SIZE


def batch_of(name: str, count: int = 4) -> torch.Tensor:
    return torch.randn(count, 3, side(name), side(name), generator=torch.Generator().manual_seed(1))


def settings(temperature: float) -> DetectorSettings:
    return DetectorSettings(1, "contract", 0.1, temperature, 0.4, 0.6, "max", (), "nothing", "apache-2.0")


@pytest.fixture(scope="module", params=NAMES)
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Any, Path]:
    """A network's name, the network with a folded temperature, and the detector folder of it."""
    name = request.param
    model, folder = make(name).eval(), tmp_path_factory.mktemp("written") / name
    spec = network_input(model, side(name))
    write_detector(model, name, spec, settings(fold_temperature(model, 1.7)), folder)
    return name, model, folder


@pytest.mark.parametrize("name", NAMES)
def test_it_keeps_timms_conventions(name: str) -> None:
    model, batch = make(name).eval(), batch_of(name, 2)
    features = model.forward_features(batch)
    assert model(batch).shape == (2, 2)
    assert model.num_features in features.shape
    assert torch.equal(model.forward_head(features), model(batch))
    assert model.forward_head(features, pre_logits=True).shape == (2, model.head_hidden_size)
    assert isinstance(model.get_submodule(model.pretrained_cfg["classifier"]), torch.nn.Linear)
    model.reset_classifier(0)
    assert model(batch).shape == (2, model.head_hidden_size)
    model.reset_classifier(5)
    assert model(batch).shape == (2, 5)


@pytest.mark.parametrize("name", list_backbones())
@pytest.mark.parametrize("size", [16, 50, 72])  # the least a folder may have, one that halves oddly, a larger one
def test_ours_take_any_size(name: str, size: int) -> None:
    assert make(name).eval()(torch.zeros(1, 3, size, size)).shape == (1, 2)


@pytest.mark.parametrize("name", list_backbones())
def test_one_sigmoid_output_is_the_fake_probability(name: str) -> None:
    model = make(name, outputs=1).eval()
    batch = batch_of(name, 3)
    logits = model(batch)
    z = model.get_classifier()(model.forward_head(model.forward_features(batch), pre_logits=True))
    assert z.shape == (3, 1)
    assert torch.allclose(logits.softmax(dim=1)[:, 1:], z.sigmoid(), atol=1e-6)


def test_a_folder_reads_back_equal(written: tuple[str, Any, Path]) -> None:
    name, model, folder = written
    batch = batch_of(name)
    assert torch.equal(read_model(folder)(batch), model(batch))
    assert json.loads((folder / CONFIG).read_text()).get("model_args", {}) == SMALL.get(name, {})


def test_timm_reads_the_folder_equal(written: tuple[str, Any, Path]) -> None:
    name, model, folder = written
    loaded = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    batch = batch_of(name)
    assert torch.equal(loaded(batch), model(batch))


def test_onnx_says_the_same_of_a_face(written: tuple[str, Any, Path], drawn_face: np.ndarray) -> None:
    name, model, folder = written
    batch = prepare_crop(drawn_face, network_input(model, side(name)))[None]
    logits, cells, novelty = OnnxRuntime(folder / ONNX).run(batch)
    assert novelty is None
    expected = fake_probabilities(model(torch.from_numpy(batch)).detach().numpy())
    assert abs(fake_probabilities(logits) - expected).max() < 1e-4
    assert (cells is None) == (name in WITHOUT_MAP)
    if cells is not None:
        assert cells.shape[0] == 1
        assert np.isfinite(cells).all()
        assert cells.std() > 0


@pytest.mark.parametrize("name", NAMES)
def test_steps_lower_the_loss(name: str) -> None:
    model, batch, labels = make(name, drop_rate=0.0), batch_of(name), torch.tensor([0, 1, 0, 1])
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(4):
        torch.manual_seed(0)  # the same blocks skipped each time
        loss = torch.nn.functional.cross_entropy(model(batch), labels)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert min(losses[1:]) < losses[0]


@pytest.mark.parametrize("name", NAMES)
def test_checkpointing_changes_nothing_but_memory(name: str) -> None:
    plain = make(name).train()
    thrifty = copy.deepcopy(plain)
    plain.set_grad_checkpointing(False)
    thrifty.set_grad_checkpointing(True)
    for model in (plain, thrifty):
        torch.manual_seed(3)
        torch.nn.functional.cross_entropy(model(batch_of(name)), torch.tensor([0, 1, 0, 1])).backward()
    for (key, wanted), found in zip(plain.named_parameters(), thrifty.parameters(), strict=True):
        assert torch.allclose(wanted.grad, found.grad, rtol=1e-4, atol=1e-6), key
    if name not in TIMM:  # timm's own count a batch twice
        assert all(torch.equal(a, b) for a, b in zip(plain.buffers(), thrifty.buffers(), strict=True))
