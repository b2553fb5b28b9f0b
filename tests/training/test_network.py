"""A run's network starts from scratch, from ImageNet or from a detector, and says what it cannot start from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")
timm = pytest.importorskip("timm", reason="training needs the train extra")

from safetensors.torch import load_file, save_file  # noqa: E402

from unmask.detector_folder import CONFIG, TRAIN_CONFIG, WEIGHTS  # noqa: E402
from unmask.errors import UnmaskError  # noqa: E402
from unmask.training.config import TrainConfig  # noqa: E402
from unmask.training.network import make_network, network_input, warn_of_another_split  # noqa: E402

from ..conftest import make_tiny_detector  # noqa: E402


def network(init_weights: Path | None, backbone: str = "test_resnet") -> torch.nn.Module:
    source = None if init_weights is None else str(init_weights)
    return make_network(TrainConfig(data=["unused"], output="unused", backbone=backbone, init_weights=source))


@pytest.fixture
def folder(tiny_detector: Path, tmp_path: Path) -> Path:
    """A copy of the tiny detector that a test may change."""
    return Path(shutil.copytree(tiny_detector, tmp_path / "detector"))


def make_plain(folder: Path) -> None:
    """Make the detector an ordinary timm folder of the same weights, with two other classes."""
    config = json.loads((folder / CONFIG).read_text())
    del config["unmask"]
    config["label_names"] = ["tabby", "chickadee"]
    (folder / CONFIG).write_text(json.dumps(config))


def test_a_new_head_starts_at_even_odds() -> None:
    head = network(None).get_classifier()
    assert head.out_features == 2
    assert not head.weight.any()
    assert not head.bias.any()


def test_a_detector_goes_on_with_its_own_head_and_input(tiny_detector: Path) -> None:
    model = network(tiny_detector)
    tensors = load_file(tiny_detector / WEIGHTS)
    assert all(torch.equal(value, tensors[name]) for name, value in model.state_dict().items())
    assert network_input(model, 64).mean == (0.5, 0.5, 0.5)


def test_another_networks_head_is_not_taken_over(folder: Path) -> None:
    make_plain(folder)
    model, tensors = network(folder), load_file(folder / WEIGHTS)
    assert torch.equal(model.conv1[0].weight, tensors["conv1.0.weight"])
    assert not model.get_classifier().weight.any()


def drop_tensor(folder: Path) -> None:
    tensors = load_file(folder / WEIGHTS)
    del tensors["fc.bias"]
    save_file(tensors, folder / WEIGHTS)


def drop_tensor_of_a_plain_folder(folder: Path) -> None:
    make_plain(folder)
    drop_tensor(folder)


def drop_config(folder: Path) -> None:
    (folder / CONFIG).unlink()


@pytest.mark.parametrize(
    ("change", "backbone", "said"),
    [
        (lambda folder: None, "test_vit", "Set --backbone test_resnet"),  # weights of another network
        (make_plain, "test_vit", "Set --backbone test_resnet"),  # the same, of an ordinary timm folder
        (drop_tensor, "test_resnet", "lacks tensors fc.bias"),  # a detector that is not whole
        (drop_tensor_of_a_plain_folder, "test_resnet", "Could not start from"),  # timm's own complaint
        (drop_config, "test_resnet", "holds no timm config.json"),  # a folder of something else
    ],
)
def test_what_a_run_cannot_start_from_is_one_line(
    change: Callable[[Path], None], backbone: str, said: str, folder: Path
) -> None:
    change(folder)
    with pytest.raises(UnmaskError) as caught:
        network(folder, backbone)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "names", "warned"),
    [
        pytest.param({}, ("faces",), False, id="the split that the weights were trained on"),
        pytest.param({"seed": 1}, ("faces",), True, id="another seed gives another split"),
        pytest.param({"validation_fraction": 0.2}, ("faces",), True, id="so does another share"),
        pytest.param({"seed": 1}, ("other",), False, id="a data set that the weights never saw"),
    ],
)
def test_weights_that_have_seen_the_validation_faces_are_told(
    changed: dict[str, object], names: tuple[str, ...], warned: bool, tmp_path: Path
) -> None:
    record = {"data": ["faces"], "seed": 0, "validation_fraction": 0.1, "limit": 0}
    (tmp_path / TRAIN_CONFIG).write_text(json.dumps(record))
    (tmp_path / CONFIG).write_text(json.dumps({"unmask": {}}))
    for source in ({"init_weights": str(tmp_path)}, {"teacher": [str(tmp_path)]}):
        warnings = list(warn_of_another_split(TrainConfig(**source, **changed), names))  # type: ignore[arg-type]
        assert len(warnings) == warned


def test_a_transformer_goes_on_at_another_input_size(tmp_path: Path) -> None:
    detector = make_tiny_detector(tmp_path / "vit", "test_vit", size=160)
    config = TrainConfig(backbone="test_vit", init_weights=str(detector), input_size=96)
    assert make_network(config)(torch.zeros(1, 3, 96, 96)).shape == (1, 2)
