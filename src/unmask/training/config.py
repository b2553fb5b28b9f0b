"""TrainConfig: everything a run depends on, from a recipe file and flags (flags win)."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from unmask.calibration import ERROR_RATE
from unmask.errors import TrainingError
from unmask.schema import MOST_CROP_MARGIN

REPEATED = ("data", "teacher", "log_with")  # flags that may come more than once
RANGES: dict[str, tuple[float, float]] = {
    "input_size": (16, 2048), "crop_margin": (0, MOST_CROP_MARGIN), "largest_crop": (0.75, 1 + 2 * MOST_CROP_MARGIN),
    "smallest_crop": (0.3, 1),
    "epochs": (1, math.inf), "batch_size": (1, math.inf), "accumulate": (1, math.inf), "lr": (0, math.inf),
    "head_lr": (0, math.inf), "weight_decay": (0, math.inf), "teacher_share": (0, 1),
    "worst_source": (0, math.inf),
    "warmup": (0, 1), "label_smoothing": (0, 1), "clip": (0, math.inf), "frozen_epochs": (0, math.inf),
    "lora_rank": (0, math.inf), "early_stopping": (0, math.inf), "adversarial_epsilon": (0, 1),
    "dataset_power": (0, math.inf), "validation_fraction": (0, 0.9), "workers": (0, 1024), "limit": (0, math.inf),
    "swapped": (0, 1), "mixup": (0, math.inf), "error_rate": (0.001, 0.5), "miss_rate": (0.001, 0.5),
    "checkpoint_steps": (0, math.inf), "checkpoint_minutes": (0, math.inf), "max_minutes": (0, math.inf),
}  # fmt: skip
"""The least and the most that a number of a run may be; the parts that `ema` and others make say theirs themselves."""
DEFAULT_AUGMENTATIONS = ("flip", "colour", "greyscale", "down_up", "blur", "jpeg")


@dataclass
class TrainConfig:
    """One training run.

    Args:
        data: Data set folders, or hub:user/name and kaggle:user/name. Give --data once per data set.
        output: Folder of the run; the detector is written to OUTPUT/detector.
        layout: Name of the layout of every data folder; none has each recognised.
        backbone: Any timm network name.
        backbone_args: Further arguments of the network, as {"depth": 300}.
        init_weights: A folder or Hub id in timm's format to start from (a detector folder, too).
        pretrained: Start from the weights that timm publishes for the backbone (needs a network).
        input_size: Side of the network's square input in pixels.
        crop_margin: Fraction of the face box's side added on each side of the crop.
        smallest_crop: The tightest training crop's side in sides of the detector's.
        largest_crop: The widest one's. Above the default the network learns hair and background where the picture has
            them.
        epochs: Passes over as many faces as the training data holds.
        batch_size: Faces per step and process.
        accumulate: Batches per step: gradients are averaged over so many before the weights move.
        lr: Peak learning rate.
        head_lr: Peak learning rate of the head; none is that of the body.
        weight_decay: The optimizer's weight decay, not applied to biases and norms.
        optimizer: adamw, adam or sgd.
        schedule: cosine, one_cycle, step or constant: how the learning rate moves after the warm-up.
        warmup: Fraction of the steps in which the learning rate climbs.
        loss: cross_entropy, binary_cross_entropy, mean_squared_error or focal.
        label_smoothing: Of the loss's targets.
        teacher: Detectors, as folders or Hub ids, to learn from beside the labels. Give --teacher once per detector.
        teacher_share: How much of the loss's targets is the teachers' mean probability; the rest is the label.
        clip: Largest norm of a step's gradients, 0 for no limit.
        ema: Decay of the running average of the weights that is judged and published, 0 for none.
        frozen_epochs: Epochs at the start in which only the head learns.
        lora_rank: Rank of adapters that learn in place of the body's own weights, 0 for none (needs peft).
        early_stopping: Stop after so many epochs without a better one (validation AUC, then loss), 0 for never.
        adversarial: Train on pictures altered against the network: none, fgsm or pgd.
        adversarial_epsilon: How far such a picture may stray, as a fraction of the brightness range.
        self_blended: Share of the real faces drawn that become fakes by self-blending, up to 0.5; 0 for none.
        swapped: Share of those that get the face of another picture in place of a copy of their own; needs YuNet.
        balance: `dataset` evens out classes and data sets, `source` people too, `none` takes each face once per epoch.
        dataset_power: With balance, a data set's share goes by its size to this power; 0 is one share each.
        worst_source: How much more the data sets that the network is worst at count in the loss: a face's weight grows
            by e for each 1 / worst_source of its data set's running loss. 0 for the mean.
        mixup: Blend each face with another of its batch, and their targets alike: of its pixels the first keeps a share
            drawn from Beta(mixup, mixup), one half at the least. 0 for none.
        augmentations: Names in the order in which they apply; {name: {parameter: value}} for one with parameters.
        worsened: Augmentations that come after those and that the teachers do not see: what a face loses by them is
            not to change what the network says of it. A teacher may take blur for forgery, and would teach that.
        keep: Which epoch's weights become the detector: the `best` by validation AUC, or the `last`, where the learning
            rate has come to its end and validation faces are too few to tell the epochs before it apart.
        validation_fraction: Share cut from the training data, by source, where there is no validation folder.
        mirrored: Have the detector judge the mean of a face and its mirror image: a little better, twice the time.
        half: Round the detector's weights to half precision: files of half the size, all of them alike.
        error_rate: Share of the real faces of each validation data set with 60 or more that the thresholds may call
            fake.
        miss_rate: Share of its fakes that they may call real; none is the same share.
        seed: Of the split, the order, the augmentations and the head.
        workers: Processes that load faces, per training process.
        limit: Use at most so many pictures of each data set, 0 for all; for a quick trial.
        audit: Look for leaks, duplicates and shortcuts in the data before the run, and warn.
        face_model: YuNet file for finding the faces; none takes UNMASK_FACE_MODEL, the Hub cache or Haar.
        mixed_precision: Accelerate's: no, bf16 or fp16. On a CPU with AMX or AVX512-BF16 bf16 is half again as fast.
        compile: Compile the training step (a minute or two at the start, about a fifth faster on a CPU).
        checkpoint_steps: Save a checkpoint every so many steps, 0 for not by steps.
        checkpoint_minutes: Save a checkpoint every so many minutes, 0 for not by time. Every epoch saves one.
        max_minutes: Stop in time to have the detector written after so many minutes, 0 for no limit.
        resume: Go on from the run's newest whole checkpoint.
        log_with: Also log to these trackers: tensorboard, trackio, wandb.
        dry_run: Show the data, a batch, the network's size and its memory, and stop.
        name: What predictions call the detector; none is the output folder's name.
        weights_license: Licence of the trained weights, as the Hub spells it.
    """

    data: list[str] = field(default_factory=list)
    output: str = "runs/run"
    layout: str | None = None
    backbone: str = "mobilenetv2_100"
    backbone_args: dict[str, Any] = field(default_factory=dict)
    init_weights: str | None = None
    pretrained: bool = False
    input_size: int = 160
    crop_margin: float = 0.1
    smallest_crop: float = 0.75
    largest_crop: float = 1.15
    epochs: int = 5
    batch_size: int = 32
    accumulate: int = 1
    lr: float = 6e-4
    head_lr: float | None = None
    weight_decay: float = 0.05
    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    schedule: Literal["cosine", "one_cycle", "step", "constant"] = "cosine"
    warmup: float = 0.1
    loss: str = "cross_entropy"
    label_smoothing: float = 0.05
    teacher: list[str] = field(default_factory=list)
    teacher_share: float = 0.5
    clip: float = 5.0
    ema: float = 0.0
    frozen_epochs: int = 0
    lora_rank: int = 0
    early_stopping: int = 0
    adversarial: Literal["none", "fgsm", "pgd"] = "none"
    adversarial_epsilon: float = 2 / 255
    self_blended: float = 0.0
    swapped: float = 0.0
    balance: Literal["dataset", "source", "none"] = "dataset"
    dataset_power: float = 0.5
    worst_source: float = 0.0
    mixup: float = 0.0
    augmentations: list[str | dict[str, dict[str, Any]]] = field(default_factory=lambda: list(DEFAULT_AUGMENTATIONS))
    worsened: list[str | dict[str, dict[str, Any]]] = field(default_factory=list)
    keep: Literal["best", "last"] = "best"
    validation_fraction: float = 0.1
    mirrored: bool = False
    half: bool = False
    error_rate: float = ERROR_RATE
    miss_rate: float | None = None
    seed: int = 0
    workers: int = 2
    limit: int = 0
    audit: bool = True
    face_model: str | None = None
    mixed_precision: Literal["no", "bf16", "fp16"] = "no"
    compile: bool = False
    checkpoint_steps: int = 0
    checkpoint_minutes: float = 10.0
    max_minutes: float = 0.0
    resume: bool = False
    log_with: list[Literal["tensorboard", "trackio", "wandb"]] = field(default_factory=list)
    dry_run: bool = False
    name: str | None = None
    weights_license: str = "cc-by-nc-4.0"


# What a repeated run may do otherwise without ending with other weights.
OF_THIS_MACHINE = (
    "output", "face_model", "workers", "audit", "checkpoint_steps", "checkpoint_minutes", "resume", "log_with",
    "dry_run",
)  # fmt: skip


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


def weights_name(given: str) -> str:
    """Return what a detector or starting weights are called: the Hub's id, or a folder without its machine's part.

    Example:
        >>> weights_name("user/face-check")
        'user/face-check'
    """
    folder = Path(given)
    if not folder.is_dir():
        return given
    return run_path(folder) if folder.resolve().name == "detector" else folder.resolve().name


def run_path(folder: Path) -> str:
    """Return where a run's folder, or the detector in it, lies in a clone: a path's start is of one machine."""
    folder = folder.resolve()
    return f"runs/{folder.parent.name}/detector" if folder.name == "detector" else f"runs/{folder.name}"


def check_ranges(config: TrainConfig) -> None:
    """Raise TrainingError for a number that no run can be made with, or flags that ask for nothing together."""
    for name, (least, most) in RANGES.items():
        value = getattr(config, name)
        if value is not None and not least <= value <= most:
            upper = f" to {most:g}" if most < math.inf else " up"
            raise TrainingError(f"--{name.replace('_', '-')} is {value}. Give a number from {least:g}{upper}.")
    if config.worsened and not config.teacher:
        raise TrainingError("worsened is what teachers do not see, and there are none. Write it under augmentations.")


def _plain(arguments: Sequence[str]) -> list[str]:
    """Return the arguments as jsonargparse takes them, from the way people type them.

    `--batch-size` may have dashes, a switch such as `--pretrained` needs no `true`, and a repeated
    `--data X` or `--log-with X` becomes one list, because a later flag would replace an earlier one.
    """
    switches = {f.name for f in dataclasses.fields(TrainConfig) if isinstance(f.default, bool)}
    words = list(arguments)
    plain: list[str] = []
    lists: dict[str, list[str]] = {}
    for place, word in enumerate(words):
        flag, equals, value = word.partition("=")
        name = flag.removeprefix("--").replace("-", "_")
        following = words[place + 1] if place + 1 < len(words) else "--"
        before = words[place - 1].removeprefix("--").replace("-", "_") if place else ""
        if place and words[place - 1].startswith("--") and before in REPEATED:
            lists[before].append(word)
        elif flag.startswith("--") and name in REPEATED:
            lists.setdefault(name, []).extend([value] if equals else [])
        elif flag.startswith("--") and name in switches and not equals and following not in ("true", "false"):
            plain.append(f"--{name}=true")
        elif flag.startswith("--"):
            plain.append(f"--{name}{equals}{value}")
        else:
            plain.append(word)
    for name, values in lists.items():
        plain.append(f"--{name}={values[0] if values and values[0].startswith('[') else json.dumps(values)}")
    return _recipe_first(plain)


def _recipe_first(arguments: list[str]) -> list[str]:
    """Return the arguments with the recipe in front: the parser lets it win over flags that come before it."""
    for place, word in enumerate(arguments):
        if word == "--config" or word.startswith("--config="):
            end = place + (2 if word == "--config" else 1)
            return [*arguments[place:end], *arguments[:place], *arguments[end:]]
    return arguments
