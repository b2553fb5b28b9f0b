"""One optimizer step: batches to moved weights, by the run's loss, attack, accumulation, clipping and average."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import torch
from accelerate import Accelerator
from torch import nn

from unmask.schema import InputSpec
from unmask.training.adversarial import attack
from unmask.training.averaging import WeightAverage
from unmask.training.config import TrainConfig
from unmask.training.half_precision import keep_in_float32
from unmask.training.losses import LOSSES
from unmask.training.mixup import mix_faces
from unmask.training.optimizers import make_optimizer
from unmask.training.schedules import make_schedule
from unmask.training.teachers import Teachers
from unmask.training.transfer import freeze_body, parameter_groups, unfreeze
from unmask.training.worst_source import SourceWeights

Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
COLOURS = 3
"""Channels of a view; a face that was worsened has two."""


@dataclass(frozen=True)
class StepResult:
    """What a step saw: the mean loss (a tensor, so that nothing waits for the device), logits [N, 2], labels [N]."""

    loss: torch.Tensor
    logits: torch.Tensor
    labels: torch.Tensor


class Stepper:
    """The network with everything that moves its weights.

    `model` is what accelerate wrapped, `bare` the timm network inside.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        config: TrainConfig,
        model: nn.Module,
        spec: InputSpec,
        steps: int,
        teachers: Teachers | None = None,
        sources: SourceWeights | None = None,
    ) -> None:
        self.accelerator, self.config, self.spec = accelerator, config, spec
        self._teachers, self.sources = teachers, sources
        groups = parameter_groups(model, config.lr, config.head_lr, config.weight_decay)
        optimizer = make_optimizer(groups, config.optimizer, config.lr, config.weight_decay)
        # Mobile networks run twice as fast on a CPU when channels come last.
        model = model.to(memory_format=torch.channels_last)
        if accelerator.device.type == "cpu":
            keep_in_float32(model)
        self.model, self.optimizer = accelerator.prepare(model, optimizer)
        self.bare = accelerator.unwrap_model(self.model)
        self.schedule = make_schedule(self.optimizer.optimizer, config.schedule, steps, config.warmup)
        self.average = WeightAverage(self.bare, config.ema) if config.ema else None
        self._loss = functools.partial(_loss, name=config.loss, smoothing=config.label_smoothing)
        if config.compile:
            self.model.compile()

    def start_epoch(self, epoch: int) -> None:
        """Put the network into training mode, with its body frozen in the first `frozen_epochs`."""
        self.model.train()
        if epoch < self.config.frozen_epochs:
            freeze_body(self.bare)
        elif epoch == self.config.frozen_epochs:
            unfreeze(self.bare)

    def step(self, batches: Sequence[Batch]) -> StepResult:
        """Move the weights once by the mean gradient of `accumulate` batches."""
        losses, logits, labels = [], [], []
        for number, (pixels, truth, rows) in enumerate(batches):
            device = self.accelerator.device
            pixels = pixels.to(device, non_blocking=True).contiguous(memory_format=torch.channels_last)
            truth = truth.to(device, non_blocking=True)
            is_last = number == len(batches) - 1
            with nullcontext() if is_last else self.accelerator.no_sync(self.model):
                mixed = mix_faces(pixels, truth, self.config.mixup) if self.config.mixup else (pixels, truth)
                of_faces, judged = self._forward(*mixed)
                loss = self._mean(of_faces, rows)
                self.accelerator.backward(loss / len(batches))
            losses.append(of_faces.detach().mean())
            logits.append(judged.detach())
            labels.append(truth)
        self._move()
        return StepResult(torch.stack(losses).mean(), torch.cat(logits), torch.cat(labels))

    @contextmanager
    def judged_weights(self) -> Iterator[nn.Module]:
        """Lend the bare network with the weights that are judged and published: the average, where there is one."""
        if self.average is None:
            yield self.bare
            return
        with self.average.averaged(self.bare) as model:
            yield model

    def learning_rate(self) -> float:
        """Return the body's present learning rate."""
        return float(self.schedule.get_last_lr()[0])

    def _forward(self, pixels: torch.Tensor, truth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the losses, [N] or twice as many beside altered pictures, and the logits of the clean ones."""
        config, targets = self.config, self._targets(pixels[:, -COLOURS:], truth)
        pixels = pixels[:, :COLOURS].contiguous(memory_format=torch.channels_last)  # the same, where it is the only one
        if config.adversarial == "none":
            logits = self.model(pixels)
            return self._loss(logits, targets), logits
        altered = attack(
            self.bare, pixels, targets, self._loss, config.adversarial, config.adversarial_epsilon, self.spec
        )
        # One pass over both: DistributedDataParallel expects one pass per step, and the clean accuracy needs both.
        logits = self.model(torch.cat([pixels, altered]).contiguous(memory_format=torch.channels_last))
        return self._loss(logits, torch.cat([targets, targets])), logits[: len(pixels)]

    def _mean(self, losses: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """Return the mean of the losses of these rows, which count alike or by their data sets."""
        if self.sources is None:
            return losses.mean()
        return (self.sources(rows.repeat(len(losses) // len(rows)), losses) * losses).mean()

    def _targets(self, pixels: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        """Return what the loss compares with [N]: the labels, or the probabilities between them and the teachers'."""
        if self._teachers is None:
            return truth
        with self.accelerator.autocast():
            return truth.float().lerp(self._teachers(pixels), self.config.teacher_share)

    def _move(self) -> None:
        if self.config.clip:
            self.accelerator.clip_grad_norm_(self.model.parameters(), self.config.clip)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()
        if self.average:
            self.average.update(self.bare)


def _loss(logits: torch.Tensor, labels: torch.Tensor, name: str, smoothing: float) -> torch.Tensor:
    return LOSSES[name](logits.float(), labels, smoothing)
