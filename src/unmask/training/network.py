"""The network of a run: any timm backbone with a two-class head, from scratch or by transfer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import timm
import torch
from torch import nn

import unmask.backbones  # noqa: F401  puts our own networks into timm's registry
from unmask.detector_folder import CONFIG, TRAIN_CONFIG, read_json
from unmask.errors import BrokenDetector, TrainingError
from unmask.export import read_model
from unmask.hub import fetch_detector_folder
from unmask.schema import LABEL_NAMES, InputSpec
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
        model = timm.create_model(
            config.backbone,
            pretrained=config.pretrained,
            num_classes=2,
            pretrained_cfg_overlay=_at_side(config),
            **config.backbone_args,
        )
        model.model_args = dict(config.backbone_args)
    except (RuntimeError, TypeError, ValueError) as error:
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


def trained_before(config: TrainConfig, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the data sets that a run's weights have seen: those of the detectors it learns from, and `names`."""
    before = [
        name
        for _, folder in detectors_of(config)
        for name in _read_folder_config(folder)["unmask"].get("trained_on", ())
    ]
    return tuple(dict.fromkeys([*before, *names]))


def warn_of_another_split(config: TrainConfig, names: tuple[str, ...]) -> Iterator[str]:
    """Yield a warning for each detector to start or learn from whose training split the same data otherwise.

    Part of this run's validation faces would then be faces that its weights have learnt, and every figure
    and threshold taken from them too good.
    """
    for given, folder in detectors_of(config):
        if not (folder / TRAIN_CONFIG).is_file():
            continue
        before = read_json(folder / TRAIN_CONFIG)
        shared = [name for name in names if name in before.get("data", ())]
        moved = {
            key: before[key]
            for key in ("seed", "validation_fraction", "limit")
            if key in before and before[key] != getattr(config, key)
        }
        if shared and moved:
            flags = " ".join(f"--{key.replace('_', '-')} {value}" for key, value in moved.items())
            yield (
                f"{given} was trained on another split of {', '.join(shared)}: it has seen part of what now "
                f"validates it, and the figures will be too good. Split as it was: {flags}."
            )


def detectors_of(config: TrainConfig) -> Iterator[tuple[str, Path]]:
    """Yield name and folder of each detector whose knowledge goes into a run."""
    for given in (config.init_weights, *config.teacher):
        if given and (folder := fetch_detector_folder(given)):
            yield given, folder


def _from_weights(config: TrainConfig) -> nn.Module:
    """Return the network of a timm folder or Hub repository; of a detector its head is kept."""
    assert config.init_weights
    folder = Path(config.init_weights)
    if folder.is_dir():
        _read_folder_config(folder)
    try:
        if ours := fetch_detector_folder(config.init_weights):
            model = read_model(ours)  # strictly: timm's own reading names no tensor that is wrong
            if hasattr(model, "set_input_size"):  # most transformers are made for one size
                model.set_input_size(img_size=config.input_size)
        else:
            source = f"local-dir:{folder}" if folder.is_dir() else f"hf-hub:{config.init_weights}"
            model = timm.create_model(source, pretrained=True, num_classes=2, pretrained_cfg_overlay=_at_side(config))
    except (RuntimeError, OSError, ValueError, KeyError, TypeError) as error:
        line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TrainingError(
            f"Could not start from {config.init_weights}: {line}. Check the folder or Hub id."
        ) from None
    if config.backbone_args and config.backbone_args != getattr(model, "model_args", {}):
        raise TrainingError(f"{config.init_weights} brings its network's arguments along. Leave --backbone-args out.")
    own: dict[str, Any] = getattr(model, "pretrained_cfg", {})
    architecture = own.get("architecture") or config.backbone
    if architecture != config.backbone:
        raise TrainingError(
            f"{config.init_weights} holds a {architecture}, the run wants a {config.backbone}. "
            f"Set --backbone {architecture}."
        )
    if own.get("label_names") != list(LABEL_NAMES):
        _zero_head(model)
    return model


def _at_side(config: TrainConfig) -> dict[str, Any]:
    """Return what has timm make networks of one input size (most transformers) for the run's, as `read_model` does."""
    return {"input_size": (3, config.input_size, config.input_size)}


def _read_folder_config(folder: Path) -> dict[str, Any]:
    try:
        return read_json(folder / CONFIG)
    except BrokenDetector:
        raise TrainingError(
            f"{folder} holds no timm config.json, so there are no weights to start from. Name another folder."
        ) from None


def _zero_head(model: nn.Module) -> None:
    head = model.get_classifier()
    for part in head.modules() if isinstance(head, nn.Module) else ():
        if isinstance(part, (nn.Linear, nn.Conv2d)):
            nn.init.zeros_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
