"""The network of a run: any timm backbone with a two-class head, from scratch or by transfer."""

from __future__ import annotations

import json
from pathlib import Path

import timm
import torch
from torch import nn

from unmask.errors import TrainingError
from unmask.schema import InputSpec
from unmask.training.config import TrainConfig

IMAGENET_HALF = (0.5, 0.5, 0.5)


def make_network(config: TrainConfig) -> nn.Module:
    """Return the run's network with two outputs (real, fake).

    A new head starts at zero: timm's own start gives two-class heads of mobilenets huge logits, and the
    first steps would go into undoing them. The head of a detector folder is kept.

    Raises:
        TrainingError: there is no such network, or the weights to start from are of another one.
    """
    torch.manual_seed(config.seed)
    if config.init_weights:
        return _from_weights(config)
    try:
        model = timm.create_model(config.backbone, pretrained=config.pretrained, num_classes=2)
    except RuntimeError as error:
        close = timm.list_models(f"*{config.backbone[:6]}*")[:4]
        raise TrainingError(
            f"timm cannot make the backbone {config.backbone!r} ({error}). Near are: {', '.join(close) or 'none'}."
        ) from None
    except OSError as error:
        raise TrainingError(
            f"The published weights of {config.backbone} could not be fetched ({type(error).__name__}). Give a folder "
            "with --init-weights, or leave --pretrained out."
        ) from None
    _zero_head(model)
    return model


def network_input(model: nn.Module, size: int) -> InputSpec:
    """Return the input that the network wants, at the run's side: filter and normalisation are its own."""
    own = getattr(model, "pretrained_cfg", None) or {}
    interpolation = own.get("interpolation", "bicubic")
    return InputSpec(
        size=size,
        interpolation=interpolation if interpolation in ("bilinear", "bicubic") else "bicubic",
        mean=tuple(own.get("mean", IMAGENET_HALF)),
        std=tuple(own.get("std", IMAGENET_HALF)),
    )


def _from_weights(config: TrainConfig) -> nn.Module:
    assert config.init_weights
    folder = Path(config.init_weights)
    source = f"local-dir:{folder}" if folder.is_dir() else f"hf-hub:{config.init_weights}"
    had_two = False
    if folder.is_dir():
        had_two = _check_architecture(folder, config.backbone)
    try:
        model = timm.create_model(source, pretrained=True, num_classes=2)
    except (RuntimeError, OSError, ValueError, KeyError) as error:
        line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TrainingError(
            f"Could not start from {config.init_weights}: {line}. Check the folder or Hub id."
        ) from None
    if not had_two:
        _zero_head(model)
    return model


def _check_architecture(folder: Path, backbone: str) -> bool:
    """Return whether the folder's network has two classes; raise when it is not the run's backbone."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        architecture, classes = config["architecture"], config.get("num_classes")
    except (OSError, ValueError, KeyError):
        raise TrainingError(
            f"{folder} holds no timm config.json, so there are no weights to start from. Name another folder."
        ) from None
    if architecture != backbone:
        raise TrainingError(
            f"{folder} holds a {architecture}, the run wants a {backbone}. Set --backbone {architecture}."
        )
    return classes == 2


def _zero_head(model: nn.Module) -> None:
    head = model.get_classifier()
    for part in head.modules() if isinstance(head, nn.Module) else ():
        if isinstance(part, (nn.Linear, nn.Conv2d)):
            nn.init.zeros_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
