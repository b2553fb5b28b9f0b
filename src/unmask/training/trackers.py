"""Trackers of a run, by name: what of the run they are told."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from collections.abc import Mapping
from typing import Any

from accelerate import Accelerator

from unmask.errors import TrainingError
from unmask.training.config import TrainConfig

PACKAGES = {"tensorboard": "tensorboard", "trackio": "trackio", "wandb": "wandb"}


def check_trackers(config: TrainConfig) -> None:
    """Raise TrainingError if a tracker of --log-with is not installed, before anything is read."""
    for name in config.log_with:
        if importlib.util.find_spec(PACKAGES[name]) is None:
            raise TrainingError(f"--log-with {name} needs it installed: pip install {PACKAGES[name]}, or leave it out.")


def start_trackers(accelerator: Accelerator, config: TrainConfig, name: str) -> None:
    """Start the trackers with the run's flags; lists are told as text, as not every tracker takes them.

    Raises:
        TrainingError: a tracker does not start, as one that wants a login.
    """
    if not config.log_with:
        return
    flags = {key: value for key, value in dataclasses.asdict(config).items() if key not in ("output", "resume")}
    told = {k: v if isinstance(v, (int, float, str, bool)) else json.dumps(v) for k, v in flags.items()}
    try:
        accelerator.init_trackers("unmask", config=told, init_kwargs={"wandb": {"name": name}})
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise TrainingError(f"--log-with {', '.join(config.log_with)} did not start: {reason}.") from error


def log(accelerator: Accelerator, figures: Mapping[str, Any], step: int) -> None:
    """Tell the trackers the numbers among some figures; AUCs of data sets go by `validation_auc/<name>`."""
    flat: dict[str, float] = {}
    for name, value in figures.items():
        if isinstance(value, Mapping):
            flat |= {f"{name.removesuffix('_by_dataset')}/{key}": float(part) for key, part in value.items()}
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            flat[name] = float(value)
    accelerator.log(flat, step=step)
