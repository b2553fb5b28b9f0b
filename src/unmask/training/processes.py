"""What the processes of a run, on one machine or several, do as one: agree, share, and fail together.

A process that stopped or failed alone would leave the others waiting for it in the next step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator, DataLoaderConfiguration
from accelerate.state import AcceleratorState
from accelerate.utils import (
    DistributedDataParallelKwargs,
    InitProcessGroupKwargs,
    broadcast_object_list,
    gather_object,
)

from unmask.errors import TrainingError, UnmaskError
from unmask.training.config import TrainConfig
from unmask.training.memory import keep_freed_memory

LONGEST_WAIT = timedelta(days=2)


def start_accelerator(config: TrainConfig) -> Accelerator:
    """Return accelerate's handle on the processes and the device of a run."""
    torch.backends.cudnn.benchmark = True
    # Accelerate keeps the first run's precision for as long as Python lives, as in a notebook.
    AcceleratorState._reset_state()
    accelerator = Accelerator(
        mixed_precision=config.mixed_precision,
        dataloader_config=DataLoaderConfiguration(even_batches=True),
        log_with=list(config.log_with) or None,
        project_dir=config.output,
        kwargs_handlers=[
            # A frozen body takes part in no gradient, and the processes must not wait for one.
            DistributedDataParallelKwargs(find_unused_parameters=config.frozen_epochs > 0),
            # The others wait while one fetches data, finds faces or writes the detector: longer than half an hour.
            InitProcessGroupKwargs(timeout=LONGEST_WAIT),
        ],
    )
    if accelerator.device.type == "cpu":
        keep_freed_memory()
    return accelerator


def agree(accelerator: Accelerator, flags: Sequence[bool]) -> list[bool]:
    """Return for each flag whether any process has raised it."""
    if accelerator.num_processes == 1:
        return [bool(flag) for flag in flags]
    raised = torch.tensor([float(flag) for flag in flags], device=accelerator.device)
    return [value > 0 for value in accelerator.reduce(raised, reduction="sum").tolist()]


def share(accelerator: Accelerator, value: Any) -> Any:
    """Return the main process's value in every process."""
    if accelerator.num_processes == 1:
        return value
    return broadcast_object_list([value], from_process=0)[0]


def gather(accelerator: Accelerator, value: Any) -> list[Any]:
    """Return every process's value, in the order of the processes, in each of them."""
    if accelerator.num_processes == 1:
        return [value]
    return list(gather_object([value]))


def on_main(accelerator: Accelerator, action: Callable[[], Any]) -> Any:
    """Run `action` in the main process alone and return its result in all; its error is everyone's.

    Raises:
        TrainingError: with the message of the UnmaskError that stopped the main process.
    """
    result, problem = None, None
    if accelerator.is_main_process:
        try:
            result = action()
        except UnmaskError as error:
            problem = str(error)
    result, problem = share(accelerator, (result, problem))
    if problem is not None:
        raise TrainingError(problem)
    return result


def local_main_first(accelerator: Accelerator, action: Callable[[], Any]) -> Any:
    """Run `action` in the first process of each machine, then in the others, which find its caches filled.

    Raises:
        TrainingError: with the message of the UnmaskError that stopped one of them, in all.
    """
    if accelerator.num_processes == 1:
        return action()
    result, problem = None, None
    for first in (True, False):
        if accelerator.is_local_main_process is first:
            try:
                result = action()
            except UnmaskError as error:
                problem = str(error)
        problems = [line for line in gather(accelerator, problem) if line]
        if problems:
            raise TrainingError(problems[0])
    return result


def claim_output(accelerator: Accelerator, config: TrainConfig) -> None:
    """Make the run's folder, unless another run's results would be lost in it.

    Raises:
        TrainingError: the folder holds a run and --resume was not given, or holds none and it was.
    """
    output = Path(config.output)

    def claim() -> None:
        if config.resume and not output.is_dir():
            raise TrainingError(f"{output} holds no checkpoint to go on from. Leave --resume out to start anew.")
        taken = (output / "history.json").exists() or any((output / "checkpoints").glob("checkpoint-*"))
        if taken and not (config.resume or config.dry_run):
            raise TrainingError(f"{output} already holds a run. Name another --output, or go on with --resume.")
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrainingError(
                f"Could not make the folder {output}: {error.strerror}. Choose another --output."
            ) from error

    on_main(accelerator, claim)
