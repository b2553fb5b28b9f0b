"""What a run will take, before it starts: parameters, arithmetic, memory, and seconds per step."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass

import psutil
import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from unmask.training.config import TrainConfig
from unmask.training.losses import LOSSES
from unmask.training.teachers import Teachers

BYTES = 4  # weights, gradients and averages are float32 in mixed precision, too
SLOTS = {"adamw": 2, "adam": 2, "sgd": 1}
PROBE = 2  # faces, enough for batch norm
LONGEST_PROBE_SECONDS = 20.0


@dataclass(frozen=True)
class Estimate:
    """What a step of one process takes.

    Attributes:
        parameters: Of the network; `trained` of them learn.
        flops: Floating-point operations of one forward pass of one face.
        state_bytes: Weights, gradients, the optimizer's averages and the EMA.
        activation_bytes: What one batch keeps for its backward pass.
        step_seconds: Of one step on ready tensors, None where it was not measured.
    """

    parameters: int
    trained: int
    flops: int
    state_bytes: int
    activation_bytes: int
    step_seconds: float | None

    @property
    def bytes(self) -> int:
        return self.state_bytes + self.activation_bytes

    def describe(self, steps: int, device: torch.device) -> str:
        """Return one line with memory and time, for a run of so many steps."""
        line = f"about {_gigabytes(self.bytes)} of memory per process ({_gigabytes(free_bytes(device))} are free)"
        if self.step_seconds is not None:
            seconds = self.step_seconds * steps
            line += f", about {_duration(seconds)} for {steps} steps if loading keeps up"
        if self.bytes > free_bytes(device):
            line += "\nwarning: that is more than is free. Lower --batch-size and raise --accumulate"
        return line


def estimate(
    model: nn.Module,
    config: TrainConfig,
    device: torch.device,
    teachers: Teachers | None = None,
    *,
    timed: bool = True,
) -> Estimate:
    """Return what the run's step takes, measured on a copy of the network on random pictures.

    Activations are counted on two faces and scaled, so that a run too large for the machine is found out
    without filling it. The generators are left as they were.
    """
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        probe = copy.deepcopy(model).to(device, memory_format=torch.channels_last).train()
        pictures = torch.zeros(PROBE, 3, config.input_size, config.input_size, device=device)
        flops = _count_flops(probe, pictures)
        per_probe, seconds = _count_activations(probe, pictures, config, device)
        faces = config.batch_size * (2 if config.adversarial != "none" else 1)
        activations = per_probe * faces // PROBE
        trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
        state = BYTES * (_size(model) * (2 if config.ema else 1) + trained * (1 + SLOTS[config.optimizer]))
        step = None
        if timed and state + activations < free_bytes(device) and seconds * faces / PROBE < LONGEST_PROBE_SECONDS:
            step = _time_step(probe, config, device, faces, teachers) * config.accumulate
    return Estimate(_size(model), trained, flops, state, activations, step)


def free_bytes(device: torch.device) -> int:
    """Return the memory that a device has left."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def _size(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def _count_flops(model: nn.Module, pictures: torch.Tensor) -> int:
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        model(pictures)
    return int(counter.get_total_flops() // len(pictures))


def _count_activations(
    model: nn.Module, pictures: torch.Tensor, config: TrainConfig, device: torch.device
) -> tuple[int, float]:
    """Return the bytes that a pass over the pictures keeps for the way back, and its seconds."""
    own = {p.untyped_storage().data_ptr() for p in (*model.parameters(), *model.buffers())}
    kept: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    started = time.monotonic()
    with saved_tensors_hooks(note, lambda tensor: tensor):
        loss = _loss(model, pictures, config, device)
    loss.backward()
    return sum(kept.values()), time.monotonic() - started


def _time_step(
    model: nn.Module, config: TrainConfig, device: torch.device, faces: int, teachers: Teachers | None
) -> float:
    """Return the seconds of the second of two steps on a batch of the run's size."""
    pictures = torch.zeros(faces, 3, config.input_size, config.input_size, device=device)
    pictures = pictures.contiguous(memory_format=torch.channels_last)
    for _ in range(2):
        started = time.monotonic()
        if teachers:
            with _half(config, device):
                teachers(pictures)
        float(_loss(model, pictures, config, device).backward() or 0)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
    return time.monotonic() - started


def _loss(model: nn.Module, pictures: torch.Tensor, config: TrainConfig, device: torch.device) -> torch.Tensor:
    labels = torch.arange(len(pictures), device=device) % 2
    with _half(config, device):
        logits = model(pictures)
    return LOSSES[config.loss](logits.float(), labels, config.label_smoothing).mean()


def _half(config: TrainConfig, device: torch.device) -> torch.autocast:
    half = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(config.mixed_precision)
    return torch.autocast(device.type, dtype=half, enabled=half is not None)


def _gigabytes(count: int) -> str:
    return f"{count / 2**30:.1f} GB" if count >= 2**30 else f"{count / 2**20:.0f} MB"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
