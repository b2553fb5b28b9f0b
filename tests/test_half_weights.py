"""Weights stored in half precision: smaller files, and nothing that a loader could tell from the rounded network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="rounding needs the train extra")
timm = pytest.importorskip("timm", reason="rounding needs the train extra")

from safetensors.torch import load_file  # noqa: E402

from unmask.detector_folder import ONNX, WEIGHTS  # noqa: E402
from unmask.export import read_model, write_detector  # noqa: E402
from unmask.half_weights import halved, round_weights  # noqa: E402
from unmask.runtimes.onnx import OnnxRuntime  # noqa: E402
from unmask.schema import DetectorSettings, InputSpec  # noqa: E402

SPEC = InputSpec(64, "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
SETTINGS = DetectorSettings(1, "half", 0.1, 1.0, 0.4, 0.6, "max", (), "nothing", "apache-2.0")


def network(architecture: str = "efficientnet_lite0") -> torch.nn.Module:
    """Return an untrained network whose norms are not the identity."""
    torch.manual_seed(0)
    model = timm.create_model(architecture, num_classes=2)
    with torch.no_grad():
        for part in model.modules():
            if isinstance(part, torch.nn.BatchNorm2d):
                part.weight.uniform_(0.5, 1.5)
                part.bias.uniform_(-0.2, 0.2)
        model.train()(torch.randn(8, 3, 64, 64))  # moves the statistics
    return model.eval()


def faces(count: int = 4) -> torch.Tensor:
    return torch.randn(count, 3, 64, 64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("architecture", ["efficientnet_lite0", "test_resnet"])
@torch.no_grad()
def test_rounding_changes_little_and_every_large_tensor_becomes_exact(architecture: str) -> None:
    model = network(architecture)
    before = model(faces())
    round_weights(model, 64)
    assert torch.allclose(model(faces()), before, atol=0.02 * float(before.abs().max()))
    large = {name: tensor for name, tensor in model.state_dict().items() if tensor.ndim > 1 and tensor.numel() >= 1024}
    assert large
    assert all(torch.equal(tensor.half().float(), tensor) for tensor in large.values())


@torch.no_grad()
def test_rounding_twice_is_rounding_once() -> None:
    model = network()
    round_weights(model, 64)
    once = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    round_weights(model, 64)
    assert all(torch.equal(once[name], tensor) for name, tensor in model.state_dict().items())


@torch.no_grad()
def test_training_goes_on_from_a_rounded_network() -> None:
    """In training mode, where norms take the batch's own statistics, it says what the network said before rounding."""
    model = network()
    before = model.train()(faces(16))
    model = network()
    round_weights(model, 64)
    assert torch.allclose(model.train()(faces(16)), before, atol=0.02 * float(before.abs().max()))


class Shortcut(torch.nn.Module):
    """A convolution whose output goes to a norm and past it: scaled, it would change what goes past."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = torch.nn.Conv2d(3, 64, 3, bias=False)
        self.norm = torch.nn.BatchNorm2d(64)
        torch.nn.init.uniform_(self.norm.weight, 2, 3)

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        grid = self.convolution(batch)
        return (grid + self.norm(grid).relu()).mean((2, 3))


@torch.no_grad()
def test_a_convolution_that_a_shortcut_passes_by_keeps_its_scale() -> None:
    torch.manual_seed(0)
    model = Shortcut().eval()
    before, own = model(faces()), model.norm.weight.clone()
    round_weights(model, 64)
    assert torch.allclose(model(faces()), before, atol=1e-2)
    assert torch.equal(model.norm.weight, own)


@torch.no_grad()
def test_numbers_beyond_float16_stay_as_they_are() -> None:
    layer = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 100)).eval()
    layer[1].weight.fill_(1e6)
    round_weights(layer, 2)
    assert torch.equal(layer[1].weight, torch.full((100, 12), 1e6))


def test_what_would_lose_by_it_stays_in_float32() -> None:
    exact, inexact = torch.full((2048,), 0.5), torch.full((2048,), 0.1)
    stored = halved({"exact": exact, "inexact": inexact, "small": torch.full((8,), 0.5)})
    assert [stored[name].dtype for name in stored] == [torch.float16, torch.float32, torch.float32]


@torch.no_grad()
def test_a_rounded_networks_folder_is_half_as_large_and_says_the_same(tmp_path: Path) -> None:
    model = network()
    write_detector(model, "efficientnet_lite0", SPEC, SETTINGS, tmp_path / "whole")
    round_weights(model, 64)
    write_detector(model, "efficientnet_lite0", SPEC, SETTINGS, tmp_path / "half")
    for name in (WEIGHTS, ONNX):
        sizes = [(tmp_path / folder / name).stat().st_size for folder in ("half", "whole")]
        assert sizes[0] < 0.6 * sizes[1], name
    assert load_file(tmp_path / "half" / WEIGHTS)["conv_head.weight"].dtype == torch.float16
    expected = model(faces())
    assert torch.equal(read_model(tmp_path / "half")(faces()), expected)
    found = OnnxRuntime(tmp_path / "half" / ONNX).run(faces().numpy()).logits
    assert np.abs(found - expected.numpy()).max() < 1e-4


@torch.no_grad()
def test_stock_loaders_compute_in_float32(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="the oracle is transformers")
    model = network()
    round_weights(model, 64)
    write_detector(model, "efficientnet_lite0", SPEC, SETTINGS, tmp_path)
    theirs = transformers.AutoModelForImageClassification.from_pretrained(tmp_path)
    assert theirs.dtype == torch.float32
    assert torch.allclose(theirs(faces()).logits, model(faces()), atol=1e-5)
    stock = timm.create_model(f"local-dir:{tmp_path}", pretrained=True).eval()
    assert torch.allclose(stock(faces()), model(faces()), atol=1e-5)
