"""Every recipe runs for an epoch on drawn faces, small, to a detector folder that predicts."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.conftest import make_tiny_detector

torch = pytest.importorskip("torch", reason="training needs the train extra")

from unmask import load_detector  # noqa: E402
from unmask.detector_folder import read_config  # noqa: E402
from unmask.media.drawing import draw_face  # noqa: E402
from unmask.training.config import TrainConfig, parse_train_config  # noqa: E402
from unmask.training.loop import train  # noqa: E402

RECIPES = Path(__file__).parents[2] / "train/recipes"
TINY_VIT = {"img_size": 32, "depth": 1, "embed_dim": 48, "num_heads": 3}

# What makes each recipe small enough for a test; everything else is the recipe's own.
SMALL: dict[str, dict[str, Any]] = {
    "default": {"input_size": 64, "backbone": "test_efficientnet"},
    "default_taught": {"input_size": 64, "backbone": "test_efficientnet"},
    "default_steadied": {"input_size": 64, "backbone": "test_efficientnet"},
    "simple_cnn": {"input_size": 32, "backbone_args": {"widths": [8, 8], "hidden": 8}},
    "deepfakenet50": {"input_size": 64, "backbone_args": {"depth": 14, "width": 4}},
    "deepfakenet300": {"input_size": 64, "batch_size": 4, "accumulate": 2, "backbone_args": {"depth": 14, "width": 4}},
    "resnet18_transfer": {"input_size": 64, "backbone": "test_resnet"},
    "meso4": {"input_size": 64},
    "frequency": {"input_size": 64, "backbone_args": {"width": 8}},
    "vit_linear_probe": {"input_size": 32, "backbone_args": TINY_VIT},
    "self_blended": {"input_size": 64, "backbone": "test_resnet"},
    "adversarial": {"input_size": 64, "backbone": "test_resnet", "batch_size": 8},
    "large": {"input_size": 64, "backbone": "test_efficientnet"},
    "large_taught": {"input_size": 64, "backbone": "test_efficientnet"},
}


def small(recipe: str, data: Path, output: Path, **changes: Any) -> TrainConfig:
    """Return the recipe's run on `data`, for one epoch of a few small faces."""
    config = parse_train_config(["--config", str(RECIPES / f"{recipe}.yaml")])
    base: dict[str, Any] = {"data": [str(data)], "output": str(output), "epochs": 1, "batch_size": 8, "limit": 40}
    base |= {"workers": 0, "pretrained": False, "audit": False}
    return dataclasses.replace(config, **{**base, **SMALL[recipe], **changes})


def read_run(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "train_config.json").read_text()))


def test_every_recipe_is_run_here() -> None:
    assert {recipe.stem for recipe in RECIPES.glob("*.yaml")} == set(SMALL)


@pytest.fixture(scope="module")
def real_faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with drawings of the one class real."""
    folder = tmp_path_factory.mktemp("data") / "faces" / "real"
    folder.mkdir(parents=True)
    for index in range(32):
        Image.fromarray(draw_face(index, 128)).save(folder / f"{index}.png")
    return folder.parent


@pytest.mark.parametrize("recipe", sorted(SMALL))
def test_a_recipe_runs_to_a_detector(recipe: str, drawn_data: Path, real_faces: Path, tmp_path: Path) -> None:
    """The one that makes its own fakes does so from real faces alone; one that worsens faces has a teacher."""
    changes = {"teacher": [str(make_tiny_detector(tmp_path / "teacher"))]} if recipe == "default_steadied" else {}
    run = train(small(recipe, real_faces if recipe == "self_blended" else drawn_data, tmp_path / recipe, **changes))
    assert run is not None
    prediction = load_detector(str(run.folder)).predict_image(draw_face(3))
    assert len(prediction.faces) == 1
    assert 0 <= prediction.faces[0].fake_probability <= 1
    assert len(read_run(run.folder)["history"]) == 1


def test_an_adapted_transformer_is_published_plain(drawn_data: Path, tmp_path: Path) -> None:
    """What vit_linear_probe recommends for swapped faces: adapters, merged before the folder is written."""
    from unmask.export import read_model

    changes = {"lora_rank": 2, "frozen_epochs": 0, "epochs": 2, "lr": 1e-2}
    run = train(small("vit_linear_probe", drawn_data, tmp_path / "run", **changes))
    assert run is not None
    model = read_model(run.folder)  # strictly: a tensor of an adapter would be unknown
    assert read_config(run.folder).architecture == "vit_base_patch16_clip_224"
    start = _untrained(small("vit_linear_probe", drawn_data, tmp_path / "again", **changes))
    assert not torch.equal(model.blocks[0].attn.qkv.weight, start.blocks[0].attn.qkv.weight)
    assert torch.equal(model.patch_embed.proj.weight, start.patch_embed.proj.weight)  # not adapted: stands still


def test_a_linear_probe_leaves_the_body_alone(drawn_data: Path, tmp_path: Path) -> None:
    from unmask.export import read_model

    config = small("vit_linear_probe", drawn_data, tmp_path / "run")
    run = train(config)
    assert run is not None
    start, trained = _untrained(config).state_dict(), read_model(run.folder).state_dict()
    assert {name for name in trained if not torch.equal(trained[name], start[name])} == {"head.weight", "head.bias"}


def _untrained(config: TrainConfig) -> torch.nn.Module:
    from unmask.training.network import make_network

    return make_network(config)
