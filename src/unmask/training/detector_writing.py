"""The end of a run: the weights that it kept, calibrated on the validation faces, to a detector folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from safetensors.torch import load_file
from safetensors.torch import save as save_tensors
from torch import nn

from unmask.detector_folder import FORMAT_VERSION, TRAIN_CONFIG
from unmask.files import write_json, write_whole
from unmask.half_weights import round_weights
from unmask.schema import DetectorSettings, InputSpec
from unmask.training.batches import validation_loader
from unmask.training.calibrating import judge_views, write_calibrated
from unmask.training.config import OF_THIS_MACHINE, TrainConfig, weights_name
from unmask.training.forebears import describe_hardware, with_forebears
from unmask.training.network import detectors_of, trained_before
from unmask.training.run_data import RunData
from unmask.training.run_state import BEST
from unmask.training.transfer import merge_adapters


def save_best(model: nn.Module, output: Path) -> None:
    """Write a network's weights as those that the run keeps so far, whole or not at all."""
    state = {name: value.contiguous().cpu() for name, value in model.state_dict().items()}
    write_whole(output / BEST, save_tensors(state))


def restore_best(source: Path | None, output: Path) -> None:
    """Put the weights that a checkpoint kept back in their place; none where it has none."""
    if source is None:
        (output / BEST).unlink(missing_ok=True)
    else:
        write_whole(output / BEST, source.read_bytes())


def write_best(
    accelerator: Accelerator,
    config: TrainConfig,
    wrapped: nn.Module,
    spec: InputSpec,
    data: RunData,
    history: list[Any],
) -> Path:
    """Calibrate the kept weights on the validation faces, write the detector folder and return it."""
    output = Path(config.output)
    model = accelerator.unwrap_model(wrapped, keep_fp32_wrapper=False)
    model.load_state_dict(load_file(output / BEST), strict=True)
    merge_adapters(model)
    if config.half:
        round_weights(model.eval(), spec.size)
    # One process judges the whole validation set: its loader must not be one of several shards.
    loader = validation_loader(data.validation, config)
    answers = judge_views(model, loader, accelerator.device, config.mirrored)
    settings = DetectorSettings(
        format_version=FORMAT_VERSION,
        name=config.name or output.name,
        crop_margin=config.crop_margin,
        temperature=1.0,
        real_threshold=0.0,
        fake_threshold=1.0,
        pooling="max",
        trained_on=trained_before(config, data.names),
        calibrated_on="",
        license=config.weights_license,
        mirrored=config.mirrored,
        error_rate=config.error_rate,
        miss_rate=config.miss_rate,
    )
    write_calibrated(model, config.backbone, spec, settings, answers, output / "detector")
    record = train_record(config, data, history, accelerator.num_processes)
    record |= {"hardware": describe_hardware(accelerator.device)}
    record = with_forebears(record, (folder for _, folder in detectors_of(config)))
    write_json(output / "detector" / TRAIN_CONFIG, record)
    return output / "detector"


def train_record(config: TrainConfig, data: RunData, history: list[Any], processes: int) -> dict[str, Any]:
    """Return what it takes to repeat the run; data folders by name, as paths are of one machine."""
    record = {key: value for key, value in dataclasses.asdict(config).items() if key not in OF_THIS_MACHINE}
    return record | {
        "data": list(data.names),
        "workers": config.workers,
        "processes": processes,
        "init_weights": weights_name(config.init_weights) if config.init_weights else None,
        "teacher": [weights_name(given) for given in config.teacher],
        "faces": {"train": len(data.train), "validation": len(data.validation)},
        "left_out": data.left_out,
        "torch": torch.__version__.split("+")[0],
        "history": history,
    }
