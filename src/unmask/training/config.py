"""TrainConfig: everything a run depends on, from a recipe file and flags (flags win)."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from unmask.data.names import short_path

DEFAULT_AUGMENTATIONS = ("flip", "colour", "greyscale", "down_up", "blur", "jpeg")


@dataclass
class TrainConfig:
    """One training run.

    Args:
        data: Data set folders; their layouts are recognised. Give --data once per folder.
        output: Folder of the run; the detector is written to OUTPUT/detector.
        layout: Name of the layout of every data folder; none has each recognised.
        backbone: Any timm network name.
        init_weights: A folder or Hub id in timm's format to start from (a detector folder, too).
        pretrained: Start from the weights that timm publishes for the backbone (needs a network).
        input_size: Side of the network's square input in pixels.
        crop_margin: Fraction of the face box's side added on each side of the crop.
        epochs: Passes over as many faces as the training data holds.
        batch_size: Faces per step and process.
        lr: Peak learning rate of AdamW.
        weight_decay: AdamW's weight decay, not applied to biases and norms.
        warmup: Fraction of the steps in which the learning rate climbs; it falls as a cosine after.
        label_smoothing: Of the cross-entropy.
        balance: `dataset` evens out classes and data sets, `none` takes every face once per epoch.
        dataset_power: With balance, a data set's share goes by its size to this power; 0 is one share each.
        augmentations: Names in the order in which they apply.
        validation_fraction: Share cut from the training data, by source, where there is no validation folder.
        seed: Of the split, the order, the augmentations and the head.
        workers: Processes that load faces, per training process.
        limit: Use at most so many pictures of each data set, 0 for all; for a quick trial.
        face_model: YuNet file for finding the faces; none takes UNMASK_FACE_MODEL, the Hub cache or Haar.
        mixed_precision: Accelerate's; bf16 or fp16 on a GPU.
        compile: Compile the training step (a minute or two at the start, about a fifth faster on a CPU).
        resume: Go on from the run's newest checkpoint.
        name: What predictions call the detector; none is the output folder's name.
        weights_license: Licence of the trained weights, as the Hub spells it.
    """

    data: list[str] = field(default_factory=list)
    output: str = "runs/run"
    layout: str | None = None
    backbone: str = "mobilenetv2_100"
    init_weights: str | None = None
    pretrained: bool = False
    input_size: int = 160
    crop_margin: float = 0.1
    epochs: int = 5
    batch_size: int = 32
    lr: float = 6e-4
    weight_decay: float = 0.05
    warmup: float = 0.1
    label_smoothing: float = 0.05
    balance: Literal["dataset", "none"] = "dataset"
    dataset_power: float = 0.5
    augmentations: list[str] = field(default_factory=lambda: list(DEFAULT_AUGMENTATIONS))
    validation_fraction: float = 0.1
    seed: int = 0
    workers: int = 2
    limit: int = 0
    face_model: str | None = None
    mixed_precision: Literal["no", "bf16", "fp16"] = "no"
    compile: bool = False
    resume: bool = False
    name: str | None = None
    weights_license: str = "cc-by-nc-4.0"


def parse_train_config(arguments: Sequence[str]) -> TrainConfig:
    """Return the run that command line arguments describe: `--config recipe.yaml`, then flags, which win.

    A repeated `--data` adds a folder. Exits with code 2 and a message on a wrong argument, as argparse does.

    Example:
        >>> parse_train_config(["--data", "a", "--data", "b", "--lr", "2e-4"]).data
        ['a', 'b']
    """
    from jsonargparse import ArgumentParser

    parser = ArgumentParser(
        prog="train.py",
        description="Train a detector on folders of real and fake faces.",
        epilog="example: accelerate launch train/train.py --data faces --pretrained --output runs/first",
    )
    parser.add_argument("--config", action="config", help="recipe file (YAML); flags win over it")
    parser.add_class_arguments(TrainConfig)
    parsed = parser.parse_args(_plain(arguments))
    names = {f.name for f in dataclasses.fields(TrainConfig)}
    return TrainConfig(**{name: value for name, value in parsed.as_dict().items() if name in names})


def describe_run(config: TrainConfig) -> str:
    """Return the command that repeats a run, with data sets and weights by name: paths are of one machine."""
    default = TrainConfig()
    words = ["accelerate", "launch", "train/train.py"]
    for root in config.data:
        words += ["--data", short_path(root)]
    for f in dataclasses.fields(TrainConfig):
        value = getattr(config, f.name)
        if f.name in ("data", "output", "resume", "face_model", "workers") or value == getattr(default, f.name):
            continue
        if isinstance(value, bool):
            words += [f"--{f.name.replace('_', '-')}"]
        else:
            value = Path(value).name if f.name == "init_weights" else value
            words += [f"--{f.name.replace('_', '-')}", json.dumps(value) if isinstance(value, list) else str(value)]
    return shlex.join([*words, "--output", f"runs/{Path(config.output).name}"])


def _plain(arguments: Sequence[str]) -> list[str]:
    """Return the arguments as jsonargparse takes them, from the way people type them.

    `--batch-size` may have dashes, a switch such as `--pretrained` needs no `true`, and a repeated
    `--data X` becomes one list, because a later flag would replace an earlier one.
    """
    switches = {f.name for f in dataclasses.fields(TrainConfig) if isinstance(f.default, bool)}
    words = list(arguments)
    plain: list[str] = []
    folders: list[str] = []
    for place, word in enumerate(words):
        flag, equals, value = word.partition("=")
        name = flag.removeprefix("--").replace("-", "_")
        following = words[place + 1] if place + 1 < len(words) else "--"
        if place and words[place - 1] == "--data":
            folders.append(word)
        elif flag == "--data":
            folders += [value] if equals else []
        elif flag.startswith("--") and name in switches and not equals and following not in ("true", "false"):
            plain.append(f"--{name}=true")
        elif flag.startswith("--"):
            plain.append(f"--{name}{equals}{value}")
        else:
            plain.append(word)
    if not folders:
        return plain
    return [*plain, f"--data={folders[0] if folders[0].startswith('[') else json.dumps(folders)}"]
