"""The state of a run: everything that the next step depends on, to a checkpoint and back, to the last bit."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from unmask.errors import TrainingError
from unmask.metrics.epoch_rank import epoch_rank
from unmask.training.checkpoints import Checkpoint
from unmask.training.config import OF_THIS_MACHINE, TrainConfig
from unmask.training.steps import Stepper

FORMAT = 1
BEST = "best.safetensors"
# Flags that may change when a run goes on; the faces of a step are compared as a whole, the data by its faces.
MAY_CHANGE = {*OF_THIS_MACHINE, "data", "layout", "batch_size", "accumulate", "epochs", "max_minutes"} | {
    "early_stopping", "keep", "name", "weights_license", "init_weights", "compile", "mirrored", "error_rate",
    "miss_rate",
}  # fmt: skip


@dataclass
class Progress:
    """How far a run has come: finished epochs' figures, the steps of the present one, and its sums so far.

    `sums` are loss times faces, right ones and faces of each process, `seconds` those spent in this epoch.
    """

    history: list[dict[str, Any]] = field(default_factory=list)
    step: int = 0
    sums: list[list[float]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def epoch(self) -> int:
        """Return the number of the present epoch, from 0."""
        return len(self.history)

    def is_best(self, figures: Mapping[str, Any]) -> bool:
        """Return whether an epoch's figures are better than those of every epoch before."""
        return all(epoch_rank(figures) > epoch_rank(entry) for entry in self.history)

    def epochs_without_gain(self) -> int:
        """Return how many epochs ago the best one was."""
        ranks = [epoch_rank(entry) for entry in self.history]
        return len(ranks) - 1 - ranks.index(max(ranks)) if ranks else 0


def capture(
    stepper: Stepper, progress: Progress, run: dict[str, Any], generators: list[dict[str, Any]], best: Path
) -> Checkpoint:
    """Return a run's state as a checkpoint.

    Args:
        stepper: Network, optimizer, schedule, scaler and average.
        progress: Where the run is.
        run: What identifies the run, from `identify_run`.
        generators: What `random_state` gave in each process.
        best: File of the best weights so far, taken along where it exists.
    """
    slots, plain = _optimizer_slots(stepper.optimizer.optimizer)
    scaler = stepper.accelerator.scaler
    state = {
        "format": FORMAT,
        "run": run,
        "progress": dataclasses.asdict(progress),
        "optimizer": {"groups": _plain_groups(stepper.optimizer.optimizer), "plain": plain},
        "schedule": {"last_epoch": stepper.schedule.last_epoch},
        "scaler": scaler.state_dict() if scaler is not None else None,
        "average_updates": stepper.average.updates if stepper.average else None,
        "generators": generators,
    }
    tensors = {"model": _on_cpu(stepper.bare.state_dict()), "optimizer": _on_cpu(slots)}
    if stepper.average:
        tensors["average"] = _on_cpu(stepper.average.tensors)
    if stepper.sources:
        tensors["sources"] = _on_cpu(stepper.sources.state_dict())
    return Checkpoint(state, tensors, {BEST: best} if best.exists() else {})


def restore(checkpoint: Checkpoint, stepper: Stepper, run: dict[str, Any]) -> Progress:
    """Put a checkpoint's state back into a run and return its progress; generators are the caller's.

    Raises:
        TrainingError: the checkpoint is of another run, or of another version of Unmask.
    """
    state = checkpoint.state
    if state.get("format") != FORMAT:
        raise TrainingError("The checkpoint is of another version of Unmask. Go on with that one, or start anew.")
    _check_same_run(state["run"], run)
    try:
        stepper.bare.load_state_dict(dict(checkpoint.tensors["model"]), strict=True)
        _load_optimizer(stepper.optimizer.optimizer, checkpoint)
        if stepper.average:
            average = {"updates": state["average_updates"], "tensors": checkpoint.tensors["average"]}
            stepper.average.load_state_dict(average)
        if stepper.sources:
            stepper.sources.load_state_dict(checkpoint.tensors["sources"])
    except (RuntimeError, KeyError, ValueError) as error:
        raise TrainingError(
            f"The checkpoint does not fit the network: {(str(error).splitlines() or ['?'])[0]}. "
            "Go on with the flags of the first run."
        ) from error
    stepper.schedule.last_epoch = int(state["schedule"]["last_epoch"])
    _set_learning_rates(stepper)
    if stepper.accelerator.scaler is not None and state["scaler"]:
        stepper.accelerator.scaler.load_state_dict(state["scaler"])
    return Progress(**state["progress"])


def identify_run(config: TrainConfig, accelerator: Accelerator, faces: str) -> dict[str, Any]:
    """Return what must be equal for a run to go on: flags, faces in a step, and the fingerprint of the data."""
    flags = {key: value for key, value in dataclasses.asdict(config).items() if key not in MAY_CHANGE}
    step = config.batch_size * config.accumulate * accelerator.num_processes
    return {"flags": flags, "faces_per_step": step, "data": faces, "processes": accelerator.num_processes}


def _check_same_run(saved: dict[str, Any], now: dict[str, Any]) -> None:
    """Raise TrainingError where going on would not give the run that was begun."""
    for name, value in saved["flags"].items():
        if name in now["flags"] and now["flags"][name] != value:
            raise TrainingError(
                f"The run was begun with --{name.replace('_', '-')} {value}, now it is {now['flags'][name]}. "
                "Go on with the flags of the first run, or name another --output."
            )
    if saved["faces_per_step"] != now["faces_per_step"]:
        raise TrainingError(
            f"A step of the run had {saved['faces_per_step']} faces, now it has {now['faces_per_step']}. "
            "Make --batch-size x --accumulate x processes the same again."
        )
    if saved["data"] != now["data"]:
        raise TrainingError("The training faces are not those of the run that was begun. Name the same --data again.")


def _optimizer_slots(optimizer: torch.optim.Optimizer) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Return an optimizer's tensors by `<parameter>.<slot>`, and its other values."""
    slots = {
        f"{index}.{name}": value
        for index, values in optimizer.state_dict()["state"].items()
        for name, value in values.items()
    }
    tensors = {key: value for key, value in slots.items() if isinstance(value, torch.Tensor)}
    return tensors, {key: value for key, value in slots.items() if key not in tensors}


def _plain_groups(optimizer: torch.optim.Optimizer) -> list[dict[str, Any]]:
    return [dict(group) for group in optimizer.state_dict()["param_groups"]]


def _load_optimizer(optimizer: torch.optim.Optimizer, checkpoint: Checkpoint) -> None:
    """Put the optimizer's state back in the memory layout of the parameters, which decides the last bit of sums."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    values = {**checkpoint.tensors["optimizer"], **checkpoint.state["optimizer"]["plain"]}
    for key, value in values.items():
        index, _, name = key.partition(".")
        like = parameters[int(index)]
        if isinstance(value, torch.Tensor) and value.shape == like.shape:
            value = torch.empty_like(like, dtype=value.dtype, requires_grad=False).copy_(value)
        state.setdefault(int(index), {})[name] = value
    groups = checkpoint.state["optimizer"]["groups"]
    for group in groups:
        group.update({key: tuple(value) for key, value in group.items() if key == "betas"})
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _set_learning_rates(stepper: Stepper) -> None:
    """Give each group its schedule's rate at the restored step; a changed number of epochs counts at once."""
    schedule = stepper.schedule
    for group, base, factor in zip(
        stepper.optimizer.optimizer.param_groups, schedule.base_lrs, schedule.lr_lambdas, strict=True
    ):
        group["lr"] = base * factor(schedule.last_epoch)
    schedule._last_lr = [group["lr"] for group in stepper.optimizer.optimizer.param_groups]


def _on_cpu(tensors: Any) -> dict[str, torch.Tensor]:
    """Return copies, so that two names of one tensor are no trouble to safetensors."""
    return {name: value.detach().to("cpu", copy=True) for name, value in tensors.items()}
