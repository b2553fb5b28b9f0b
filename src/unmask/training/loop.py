"""Training: from a configuration to a detector folder, through accelerate on whatever it was started on."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from accelerate import Accelerator

from unmask.hub import fetch_face_model
from unmask.schema import Sample
from unmask.training.config import TrainConfig, check_ranges
from unmask.training.detector_writing import write_best
from unmask.training.dry_run import BATCH_PICTURE, count_faces, describe_network, write_batch_picture
from unmask.training.estimate import Estimate, estimate
from unmask.training.network import make_network, network_input, warn_of_another_split
from unmask.training.processes import claim_output, local_main_first, on_main, start_accelerator
from unmask.training.run import Run
from unmask.training.run_data import RunData, read_run_data
from unmask.training.stopping import Clock, RunStopped
from unmask.training.teachers import Teachers
from unmask.training.trackers import check_trackers, start_trackers
from unmask.training.transfer import add_adapters


@dataclass(frozen=True)
class TrainedRun:
    """A finished run: its detector folder, and the validation pictures of each data folder.

    `is_main` is true in the one process that goes on to score and print.
    """

    folder: Path
    validation_samples: tuple[tuple[str, list[Sample]], ...]
    is_main: bool


def train(config: TrainConfig) -> TrainedRun | None:
    """Run a training configuration and return the detector folder that it wrote; None after a dry run.

    While it runs the run's folder gets checkpoints, and after every epoch the figures (`history.json`,
    `curves.png`) and the weights that it keeps, the best so far by validation AUC or the last. At the end these
    are calibrated on the validation faces and written to `detector/`.

    Raises:
        TrainingError: the run cannot start or go on.
        DataError: a data folder is not what its layout promises.
        RunStopped: Ctrl-C or SIGTERM came; a checkpoint holds what was done.
    """
    check_ranges(config)
    check_trackers(config)
    clock = Clock(config.max_minutes, config.checkpoint_minutes)
    accelerator = start_accelerator(config)
    claim_output(accelerator, config)
    model = make_network(config)
    spec = network_input(model, config.input_size)
    teachers = Teachers(config.teacher, spec, accelerator.device) if config.teacher else None
    warn = print if config.audit and accelerator.is_main_process else None

    def read() -> RunData:
        face_model = Path(config.face_model) if config.face_model else fetch_face_model()
        return read_run_data(config, spec, face_model, warn)

    data = local_main_first(accelerator, read)
    if accelerator.is_main_process:
        for warning in warn_of_another_split(config, data.names):
            print(warning, file=sys.stderr)
    if config.lora_rank:
        add_adapters(model, config.lora_rank)
    measured = estimate(model, config, accelerator.device, teachers)
    run = Run(accelerator, config, model, spec, data, clock, teachers)
    _say_what_is_trained(accelerator, config, data, measured, run.batches.steps)
    if config.dry_run:
        on_main(accelerator, lambda: _show_batch(run, config))
        return None
    start_trackers(accelerator, config, Path(config.output).name)
    try:
        with run.signals:
            history = run.fit()
    except RunStopped:
        accelerator.end_training()
        raise
    on_main(accelerator, lambda: write_best(accelerator, config, run.stepper.model, spec, data, history))
    accelerator.end_training()
    return TrainedRun(
        Path(config.output) / "detector",
        data.validation_samples,
        accelerator.is_main_process,
    )


def _say_what_is_trained(
    accelerator: Accelerator, config: TrainConfig, data: RunData, measured: Estimate, steps: int
) -> None:
    lines = [
        describe_network(config.backbone, config.input_size, measured),
        f"on {accelerator.num_processes} process(es) of {accelerator.device.type}, {steps} steps in an epoch: "
        + measured.describe(steps * config.epochs, accelerator.device),
        f"{len(data.train)} training and {len(data.validation)} validation faces of {', '.join(data.names)}",
    ]
    if config.swapped and not (config.self_blended and len(data.train.donors)):
        lines.append(
            "--swapped does nothing: it is a share of --self-blended, and needs --face-model with YuNet's file"
        )
    if config.dry_run:
        lines.append(count_faces(data))
    elif data.left_out:
        lines.append("left out: " + ", ".join(f"{count} {reason}" for reason, count in data.left_out.items()))
    accelerator.print("\n".join(lines), flush=True)


def _show_batch(run: Run, config: TrainConfig) -> None:
    """Write the first batch of a dry run as a picture."""
    run.batches.start(0)
    batch = next(iter(run.loader))
    path = Path(config.output) / BATCH_PICTURE
    write_batch_picture(batch, run.stepper.spec, path)
    print(f"first batch: {path}\nnothing was trained; leave --dry-run out to start")
