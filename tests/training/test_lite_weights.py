"""EfficientNet-Lite weights imported: the same network but for its padding, and nothing else taken for it."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")
timm = pytest.importorskip("timm", reason="training needs the train extra")

from unmask.errors import TrainingError  # noqa: E402
from unmask.training.config import TrainConfig  # noqa: E402
from unmask.training.lite_weights import import_lite  # noqa: E402
from unmask.training.network import make_network  # noqa: E402

FILE = "efficientnet-lite0-57934424.pth"


@pytest.fixture(scope="module")
def theirs() -> torch.nn.Module:
    """Return timm's network with TensorFlow's padding and epsilon, its statistics not those of the start."""
    torch.manual_seed(0)
    model = timm.create_model("tf_efficientnet_lite0", num_classes=1000)
    with torch.no_grad():
        for part in model.modules():
            if isinstance(part, torch.nn.BatchNorm2d):
                part.momentum = 1.0
        model.train()(torch.randn(8, 3, 64, 64))
    return model.eval()


def write(folder: Path, model: torch.nn.Module) -> str:
    """Write weights under other names in the same order, as the published file has them."""
    tensors = {
        f"_{number}.{name.rsplit('.', 1)[-1]}": value for number, (name, value) in enumerate(model.state_dict().items())
    }
    torch.save(tensors, folder / FILE)
    return str(folder / FILE)


@torch.no_grad()
def test_a_convolution_without_a_stride_says_the_same(tmp_path: Path, theirs: torch.nn.Module) -> None:
    """Up to the first stride after the stem padding plays no part, so that norms and their epsilon can be compared."""
    folder = import_lite(write(tmp_path, theirs), tmp_path / "weights")
    ours = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    grid = torch.randn(2, 32, 24, 24)
    assert torch.allclose(ours.blocks[0](ours.bn1(grid)), theirs.blocks[0](theirs.bn1(grid)), atol=1e-4)


def test_a_training_starts_from_it_with_a_new_head(tmp_path: Path, theirs: torch.nn.Module) -> None:
    folder = import_lite(write(tmp_path, theirs), tmp_path / "weights")
    model = make_network(TrainConfig(backbone="efficientnet_lite0", init_weights=str(folder), input_size=64))
    assert torch.equal(model.conv_stem.weight, theirs.conv_stem.weight)
    assert not model.classifier.weight.any()


def test_another_networks_weights_are_refused(tmp_path: Path) -> None:
    source = write(tmp_path, timm.create_model("test_resnet"))
    with pytest.raises(TrainingError, match="of another network"):
        import_lite(source, tmp_path / "weights")
    assert not (tmp_path / "weights").exists()


def test_a_name_that_says_no_variant_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="which EfficientNet-Lite"):
        import_lite("weights.pth", tmp_path / "weights")


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("made-by-a-pickle",)


def test_a_file_that_would_run_something_is_refused_and_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(FILE).write_bytes(pickle.dumps({"weight": Hostile()}))
    with pytest.raises(TrainingError, match="no file of plain weights"):
        import_lite(FILE, tmp_path / "weights")
    assert not Path("made-by-a-pickle").exists()


def test_the_command_writes_the_folder_or_says_in_a_line_why_not(tmp_path: Path, theirs: torch.nn.Module) -> None:
    script = str(Path(__file__).parents[2] / "train/import_efficientnet_lite.py")
    command = [sys.executable, script, write(tmp_path, theirs), "--output", str(tmp_path / "weights")]
    assert subprocess.run(command, check=False).returncode == 0
    assert {path.name for path in (tmp_path / "weights").iterdir()} == {"config.json", "model.safetensors"}
    command[2] = str(tmp_path / "absent-efficientnet-lite0.pth")
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
