"""One run: epochs of steps, validation after each, and a checkpoint wherever it may have to stop."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import nn

from unmask.data.split_file import SPLIT_FILE, write_split
from unmask.errors import TrainingError
from unmask.schema import InputSpec
from unmask.training import trackers
from unmask.training.batches import LOADING_ERRORS, training_loader, validation_loader, why_not_loaded
from unmask.training.checkpoints import newest_checkpoint, save_checkpoint
from unmask.training.config import TrainConfig
from unmask.training.detector_writing import restore_best, save_best
from unmask.training.epoch_report import report_epoch
from unmask.training.memory import peak_memory_mb
from unmask.training.processes import agree, gather, on_main
from unmask.training.random_state import random_state, set_random_state
from unmask.training.run_data import RunData
from unmask.training.run_state import BEST, Progress, capture, identify_run, restore
from unmask.training.running_figures import SHOWN_EVERY, RunningFigures, epoch_means
from unmask.training.steps import Batch, Stepper
from unmask.training.stopping import Clock, RunStopped, StopSignals
from unmask.training.teachers import Teachers
from unmask.training.validating import judge, validation_figures
from unmask.training.worst_source import SourceWeights


class _Interrupted(Exception):
    """The validation has to end early; `error` is what the run ends with once it is saved."""

    def __init__(self, error: TrainingError | RunStopped) -> None:
        super().__init__(error)
        self.error = error


class Run:
    """The moving parts of one run."""

    def __init__(
        self,
        accelerator: Accelerator,
        config: TrainConfig,
        model: nn.Module,
        spec: InputSpec,
        data: RunData,
        clock: Clock,
        teachers: Teachers | None = None,
    ) -> None:
        self.accelerator, self.config, self.data, self.clock = accelerator, config, data, clock
        self.output = Path(config.output)
        self.loader, self.batches = training_loader(
            data.train, config, accelerator.process_index, accelerator.num_processes
        )
        tilt, names = config.worst_source, data.train.dataset_names
        sources = SourceWeights(accelerator, names, tilt) if tilt else None
        self.stepper = Stepper(accelerator, config, model, spec, self.batches.steps * config.epochs, teachers, sources)
        self.validation_loader = accelerator.prepare(validation_loader(data.validation, config))
        self.identity = identify_run(config, accelerator, data.fingerprint)
        self.progress = Progress()
        self.signals = StopSignals()
        self.figures: RunningFigures | None = None
        self._validation_seconds = 0.0
        self._loss: torch.Tensor | None = None
        self._epoch_started = time.monotonic()

    def fit(self) -> list[dict[str, Any]]:
        """Train to the last epoch, from the newest checkpoint where the run goes on; return the history.

        Raises:
            TrainingError: the loss diverged, a picture went bad, or a checkpoint cannot be written.
            RunStopped: Ctrl-C or SIGTERM came; the newest checkpoint holds all that was done.
        """
        if self.config.resume:
            self._resume()
        on_main(self.accelerator, lambda: write_split(self.output / SPLIT_FILE, self.data.sides))
        while self.progress.epoch < self.config.epochs:
            waited = self.config.early_stopping and self.progress.epochs_without_gain() >= self.config.early_stopping
            if waited:
                self.accelerator.print(f"no better validation AUC for {self.config.early_stopping} epochs: done")
                break
            time_is_up = not self._train_epoch()
            entry = self._judge_epoch(time_is_up)
            if time_is_up:
                return [*self.progress.history, *([entry] if entry else [])]
        return self.progress.history

    def _train_epoch(self) -> bool:
        """Train to the end of the epoch and return True, or False when the time is up before."""
        progress, steps = self.progress, self.batches.steps
        self.batches.start(progress.epoch, progress.step)
        self.stepper.start_epoch(progress.epoch)
        self.figures = self._new_figures()
        self._epoch_started, self._loss = time.monotonic() - progress.seconds, None
        with contextlib.closing(self.figures):
            loaded = iter(self.loader) if progress.step < steps else iter(())
            while progress.step < steps:
                batches, problem = self._fetch(loaded)
                if self._attend(problem):
                    return False
                result = self.stepper.step(batches)
                self._loss = result.loss
                progress.step += 1
                self.figures.add(result)
                if progress.step % SHOWN_EVERY == 0 and self.accelerator.is_main_process:
                    shown = self.figures.read() | {"learning_rate": self.stepper.learning_rate()}
                    trackers.log(self.accelerator, shown, progress.epoch * steps + progress.step)
        self._attend(None, at_end=True)
        return True

    def _new_figures(self) -> RunningFigures:
        progress, rank, sums = self.progress, self.accelerator.process_index, [0.0, 0.0, 0.0]
        if len(progress.sums) == self.accelerator.num_processes:
            sums = progress.sums[rank]
        elif progress.sums and rank == 0:  # another number of processes than before: one holds what all had
            sums = [sum(parts) for parts in zip(*progress.sums, strict=True)]
        per_step = self.identity["faces_per_step"]
        return RunningFigures(
            description=f"Epoch {progress.epoch + 1}/{self.config.epochs}",
            faces=per_step * self.batches.steps,
            done=per_step * progress.step,
            sums=torch.tensor(sums, device=self.accelerator.device),
            processes=self.accelerator.num_processes,
            shown=self.accelerator.is_local_main_process,
        )

    def _fetch(self, loaded: Iterator[Batch]) -> tuple[list[Batch], str | None]:
        """Return the batches of the next step, or why they could not be loaded."""
        try:
            return [next(loaded) for _ in range(self.config.accumulate)], None
        except LOADING_ERRORS as error:
            return [], why_not_loaded(error)

    def _attend(self, problem: str | None, *, at_end: bool = False) -> bool:
        """Between two steps: save when it is due, stop when asked to; return whether the time is up.

        Raises:
            TrainingError: the loss diverged, or a process could not load its batch.
            RunStopped: a stop signal came.
        """
        has_work = self.progress.step > 0 or self.progress.epoch > 0
        stop, due, up, bad, diverged = agree(
            self.accelerator,
            [
                self.signals.received is not None,
                self._checkpoint_is_due() and not at_end,
                has_work and not at_end and self.clock.is_up(self._expected_validation_seconds()),
                problem is not None,
                self._loss is not None and not bool(torch.isfinite(self._loss)),
            ],
        )
        if diverged:
            raise self._diverged()
        if stop or due or up or bad:
            self._save()
        if bad:
            raise self._to_mend(problem)
        if stop:
            raise self._stopped()
        return up

    def _checkpoint_is_due(self) -> bool:
        every = self.config.checkpoint_steps
        by_steps = every > 0 and self.progress.step > 0 and self.progress.step % every == 0
        return by_steps or self.clock.checkpoint_is_due()

    def _expected_validation_seconds(self) -> float:
        """Return what the last validation took; before the first, a third of as many training faces' time."""
        if self._validation_seconds or not self.progress.step:
            return self._validation_seconds
        seconds = (time.monotonic() - self._epoch_started) / self.progress.step
        return seconds * len(self.data.validation) / self.identity["faces_per_step"] / 3

    def _judge_epoch(self, is_part: bool) -> dict[str, Any] | None:
        """Validate, keep the weights where the run does so, and close the epoch unless the time was up in it."""
        if is_part and not self.progress.step:
            return None
        assert self.figures is not None
        self.progress.seconds = time.monotonic() - self._epoch_started
        number = self.progress.epoch + (round(self.progress.step / self.batches.steps, 2) if is_part else 1)
        figures = epoch_means(self.accelerator.reduce(self.figures.sums, reduction="sum"))
        faces = self.identity["faces_per_step"] * self.progress.step
        figures["faces_per_second"] = round(faces / max(1e-9, self.progress.seconds), 1)
        try:
            with self.stepper.judged_weights() as model:
                figures |= self._validate(model)
                is_kept = self.config.keep == "last" or self.progress.is_best(figures)
                if is_kept:
                    on_main(self.accelerator, lambda: save_best(model, self.output))
        except _Interrupted as interrupted:
            self._save()
            raise interrupted.error from None
        figures["minutes"] = round((time.monotonic() - self._epoch_started) / 60, 2)
        figures["peak_memory_mb"] = peak_memory_mb(self.accelerator.device)
        entry = {"epoch": number, **figures}
        on_main(self.accelerator, lambda: report_epoch(self.output, [*self.progress.history, entry], is_kept))
        trackers.log(self.accelerator, entry, self.progress.epoch * self.batches.steps + self.progress.step)
        if not is_part:
            self.progress = Progress(history=[*self.progress.history, entry])
            self.figures = None
            self._save()
        return entry

    def _validate(self, model: nn.Module) -> dict[str, Any]:
        started = time.monotonic()

        def check(problem: str | None) -> None:
            stop, bad = agree(self.accelerator, [self.signals.received is not None, problem is not None])
            if stop or bad:
                raise _Interrupted(self._stopped() if stop else self._to_mend(problem))

        logits, labels, rows = judge(self.accelerator, model, self.validation_loader, gather=True, check=check)
        self._validation_seconds = time.monotonic() - started
        if not np.isfinite(logits).all():  # the weights may have gone astray in the last step, whose loss was a number
            raise self._diverged()
        return validation_figures(logits, labels, np.asarray(self.data.validation.dataset_names)[rows])

    def _save(self) -> None:
        """Write a checkpoint of the present state; every process gives its random generators and sums."""
        if self.figures is not None:
            self.progress.sums = gather(self.accelerator, self.figures.sums.tolist())
            self.progress.seconds = time.monotonic() - self._epoch_started
        generators = gather(self.accelerator, random_state(self.accelerator.device))

        def write() -> None:
            state = capture(self.stepper, self.progress, self.identity, generators, self.output / BEST)
            save_checkpoint(self.output / "checkpoints", state)

        on_main(self.accelerator, write)
        self.clock.note_checkpoint()

    def _diverged(self) -> TrainingError:
        return TrainingError(f"The training diverged in epoch {self.progress.epoch + 1}. Lower --lr and start again.")

    def _to_mend(self, problem: str | None) -> TrainingError:
        """Return the error for a batch that one of the processes could not load."""
        first = next(line for line in gather(self.accelerator, problem) if line)
        return TrainingError(f"{first} The run is saved: mend this, then go on with the same command and --resume.")

    def _stopped(self) -> RunStopped:
        received = next(number for number in gather(self.accelerator, self.signals.received) if number)
        done = f"epoch {self.progress.epoch + 1}, step {self.progress.step} of {self.batches.steps}"
        return RunStopped(f"stopped and saved in {done}; go on with the same command and --resume", 128 + received)

    def _resume(self) -> None:
        """Take up the newest whole checkpoint; the main process reads it, so that the others need no shared disk."""
        folder = self.output / "checkpoints"
        checkpoint = on_main(self.accelerator, lambda: newest_checkpoint(folder))
        if checkpoint is None:
            self.accelerator.print(f"{self.output} holds no whole checkpoint: the run starts anew")
            return
        self.progress = restore(checkpoint, self.stepper, self.identity)
        on_main(self.accelerator, lambda: restore_best(checkpoint.files.get(BEST), self.output))
        if self.config.keep == "last" and self.progress.history and not self.progress.step:
            with self.stepper.judged_weights() as model:  # the run may have kept its best ones so far
                on_main(self.accelerator, lambda: save_best(model, self.output))
        generators, rank = checkpoint.state["generators"], self.accelerator.process_index
        if rank < len(generators):
            set_random_state(generators[rank], self.accelerator.device)
        self.accelerator.print(f"going on from epoch {self.progress.epoch + 1}, step {self.progress.step}")
