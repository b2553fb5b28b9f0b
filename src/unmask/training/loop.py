"""The training loop: one process or several, CPU or GPU, through accelerate."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator, DataLoaderConfiguration
from torch import nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from unmask.calibration import fake_probabilities, fit_temperature, fit_thresholds
from unmask.data.faces_dataset import EpochSampler, FacesDataset
from unmask.detector_folder import FORMAT_VERSION, TRAIN_CONFIG
from unmask.errors import TrainingError
from unmask.export import fold_temperature, write_detector
from unmask.files import write_json, write_whole
from unmask.hub import fetch_face_model
from unmask.metrics.auc import auc
from unmask.schema import DetectorSettings, InputSpec, Sample
from unmask.training.config import TrainConfig
from unmask.training.curves import write_curves
from unmask.training.memory import keep_freed_memory
from unmask.training.network import make_network, network_input, trained_before
from unmask.training.run_data import RunData, read_run_data

BEST = "best.safetensors"


@dataclass
class Progress:
    """What a run has reached: the finished epochs' figures, and the best of them."""

    history: list[dict[str, Any]] = field(default_factory=list)

    @property
    def epochs_done(self) -> int:
        return len(self.history)

    def best_auc(self) -> float:
        """Return the highest validation AUC so far, -1 before the first epoch."""
        return max((entry["validation_auc"] for entry in self.history), default=-1.0)


@dataclass(frozen=True)
class TrainedRun:
    """A finished run: its detector folder, and the validation pictures of each data folder.

    `is_main` is true in the one process that goes on to score and print.
    """

    folder: Path
    validation_samples: tuple[tuple[str, list[Sample]], ...]
    is_main: bool


def train(config: TrainConfig) -> TrainedRun:
    """Run a training configuration and return the detector folder that it wrote.

    After every epoch the run's folder holds the figures (`history.json`, `curves.png`), a checkpoint and
    the best weights so far, by validation AUC. At the end the best weights are calibrated on the
    validation faces and written to `detector/`.

    Raises:
        TrainingError: the run cannot start or go on.
        DataError: a data folder is not what its layout promises.
    """
    torch.backends.cudnn.benchmark = True
    accelerator = Accelerator(
        mixed_precision=config.mixed_precision,
        dataloader_config=DataLoaderConfiguration(even_batches=True),
    )
    if accelerator.device.type == "cpu":
        keep_freed_memory()
    output = Path(config.output)
    _claim_output(config, output, accelerator)
    model = make_network(config)
    spec = network_input(model, config.input_size)
    with accelerator.main_process_first():
        face_model = Path(config.face_model) if config.face_model else fetch_face_model()
        data = read_run_data(config, spec, face_model)
    _say_what_is_trained(accelerator, config, model, data)
    run = _Run(accelerator, config, model, data, output)
    run.fit()
    accelerator.wait_for_everyone()
    folder = output / "detector"
    if accelerator.is_main_process:
        run.write_best(folder, spec)
    accelerator.wait_for_everyone()
    accelerator.end_training()
    return TrainedRun(folder, data.validation_samples, accelerator.is_main_process)


class _Run:
    """The moving parts of one run."""

    def __init__(
        self, accelerator: Accelerator, config: TrainConfig, model: nn.Module, data: RunData, output: Path
    ) -> None:
        self.accelerator, self.config, self.data, self.output = accelerator, config, data, output
        self.sampler = EpochSampler(data.train, config.balance, config.seed, config.dataset_power)
        loader = _loader(data.train, config, sampler=self.sampler)
        # Mobile networks run twice as fast on a CPU when channels come last.
        model = model.to(memory_format=torch.channels_last)
        optimizer = torch.optim.AdamW(_parameter_groups(model, config.weight_decay), lr=config.lr)
        self.model, self.optimizer, self.loader, self.validation_loader = accelerator.prepare(
            model, optimizer, loader, _loader(data.validation, config)
        )
        steps = len(self.loader) * config.epochs
        if not steps:
            raise TrainingError(
                f"{len(data.train)} training faces are fewer than one batch per process. Lower --batch-size."
            )
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer.optimizer, _cosine(steps, config.warmup))
        self.accelerator.register_for_checkpointing(self.schedule)
        if config.compile:
            self.model.compile()
        self.progress = Progress()

    def fit(self) -> None:
        """Train to the last epoch, from the newest checkpoint where the run goes on."""
        if self.config.resume:
            self._resume()
        for epoch in range(self.progress.epochs_done, self.config.epochs):
            started = time.monotonic()
            figures = self._train_epoch(epoch)
            figures |= self._validate()
            figures["minutes"] = round((time.monotonic() - started) / 60, 2)
            self._finish_epoch(epoch, figures)

    def write_best(self, folder: Path, spec: InputSpec) -> None:
        """Calibrate the best weights on the validation faces and write the detector folder."""
        from safetensors.torch import load_file

        model = self.accelerator.unwrap_model(self.model)
        model.load_state_dict(load_file(self.output / BEST), strict=True)
        # One process judges the whole validation set: its loader must not be one of several shards.
        logits, labels = self._logits(model, _loader(self.data.validation, self.config), gather=False)[:2]
        temperature = fold_temperature(model, fit_temperature(logits, labels))
        real, fake = fit_thresholds(fake_probabilities(logits / temperature), labels)
        settings = DetectorSettings(
            format_version=FORMAT_VERSION,
            name=self.config.name or self.output.name,
            crop_margin=self.config.crop_margin,
            temperature=temperature,
            real_threshold=real,
            fake_threshold=fake,
            pooling="max",
            trained_on=trained_before(self.config.init_weights, self.data.names),
            calibrated_on=f"{len(labels)} validation faces of {', '.join(self.data.names)}",
            license=self.config.weights_license,
        )
        write_detector(model, self.config.backbone, spec, settings, folder)
        write_json(folder / TRAIN_CONFIG, self._train_record())

    def _train_epoch(self, epoch: int) -> dict[str, float]:
        self.model.train()
        self.sampler.set_epoch(epoch)
        loss_sum = torch.zeros(3, device=self.accelerator.device)
        bar = tqdm(
            self.loader,
            desc=f"Epoch {epoch + 1}/{self.config.epochs}",
            disable=not self.accelerator.is_local_main_process,
            mininterval=1,
        )
        for step, (batch, labels, _) in enumerate(bar):
            logits = self.model(batch.contiguous(memory_format=torch.channels_last))
            loss = nn.functional.cross_entropy(logits.float(), labels, label_smoothing=self.config.label_smoothing)
            if not torch.isfinite(loss):
                raise TrainingError(f"The loss became {loss.item()} in epoch {epoch + 1}. Lower --lr and start again.")
            self.accelerator.backward(loss)
            self.accelerator.clip_grad_norm_(self.model.parameters(), 5.0)
            self.optimizer.step()
            self.schedule.step()
            self.optimizer.zero_grad()
            right = (logits.argmax(1) == labels).sum()
            loss_sum += torch.stack([loss.detach() * len(labels), right, torch.tensor(len(labels), device=loss.device)])
            if step % 10 == 0 and self.accelerator.is_local_main_process:
                bar.set_postfix(loss=f"{loss_sum[0] / loss_sum[2]:.3f}", accuracy=f"{loss_sum[1] / loss_sum[2]:.3f}")
        total = self.accelerator.reduce(loss_sum, reduction="sum")
        return {"train_loss": (total[0] / total[2]).item(), "train_accuracy": (total[1] / total[2]).item()}

    def _validate(self) -> dict[str, Any]:
        # The compiled step is for training's one batch shape; a last, smaller batch would compile again.
        model = self.accelerator.unwrap_model(self.model)
        logits, labels, rows = self._logits(model, self.validation_loader, gather=True)
        names = np.asarray(self.data.validation.dataset_names)[rows]
        return validation_figures(logits, labels, names)

    @torch.no_grad()
    def _logits(self, model: nn.Module, loader: DataLoader, gather: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return logits [N, 2], labels [N] and row numbers [N] of every validation face."""
        model.eval()
        parts: list[list[np.ndarray]] = [[], [], []]
        shown = tqdm(loader, desc="Validation", leave=False, disable=not self.accelerator.is_local_main_process)
        for batch, labels, rows in shown:
            moved = batch.to(self.accelerator.device).contiguous(memory_format=torch.channels_last)
            results = (model.forward(moved).float(), labels, rows)
            if gather:
                results = self.accelerator.gather_for_metrics(results)
            for part, result in zip(parts, results, strict=True):
                part.append(result.cpu().numpy())
        logits, labels, rows = (np.concatenate(part) for part in parts)
        return logits, labels, rows

    def _finish_epoch(self, epoch: int, figures: dict[str, Any]) -> None:
        is_best = figures["validation_auc"] > self.progress.best_auc()
        self.progress.history.append({"epoch": epoch + 1, **figures})
        if self.accelerator.is_main_process:
            if is_best:
                self._save_best()
            write_json(self.output / "history.json", self.progress.history)
            write_curves(self.progress.history, self.output / "curves.png")
            each = " ".join(f"{name} {value:.3f}" for name, value in figures["validation_auc_by_dataset"].items())
            self.accelerator.print(
                f"epoch {epoch + 1}: train loss {figures['train_loss']:.4f} accuracy {figures['train_accuracy']:.4f}, "
                f"validation loss {figures['validation_loss']:.4f} accuracy {figures['validation_accuracy']:.4f} "
                f"AUC {figures['validation_auc']:.4f} ({each}), {figures['minutes']} min{' (best)' if is_best else ''}"
            )
        self._save_checkpoint(epoch)

    def _save_best(self) -> None:
        from safetensors.torch import save

        state = self.accelerator.unwrap_model(self.model).state_dict()
        write_whole(self.output / BEST, save({name: value.contiguous().cpu() for name, value in state.items()}))

    def _save_checkpoint(self, epoch: int) -> None:
        """Save the state beside its place, rename it, and only then drop the older one."""
        place = self.output / "checkpoints" / f"epoch-{epoch + 1:04d}"
        aside = place.with_name(place.name + ".part")
        self.accelerator.save_state(str(aside))
        if self.accelerator.is_main_process:
            write_json(aside / "history.json", self.progress.history)
            shutil.rmtree(place, ignore_errors=True)
            aside.rename(place)
            for old in place.parent.iterdir():
                if old != place:
                    shutil.rmtree(old, ignore_errors=True)
        self.accelerator.wait_for_everyone()

    def _resume(self) -> None:
        checkpoints = sorted((self.output / "checkpoints").glob("epoch-????"))
        if not checkpoints:
            raise TrainingError(f"{self.output} holds no checkpoint to go on from. Leave --resume out to start anew.")
        self.accelerator.load_state(str(checkpoints[-1]))
        self.progress.history = json.loads((checkpoints[-1] / "history.json").read_text(encoding="utf-8"))

    def _train_record(self) -> dict[str, Any]:
        """Return what it takes to repeat the run; data folders by name, as paths are of one machine."""
        record = dataclasses.asdict(self.config) | {"data": list(self.data.names)}
        init = self.config.init_weights
        for key in ("output", "resume", "face_model"):
            record.pop(key)
        return record | {
            "init_weights": Path(init).name if init else None,
            "faces": {"train": len(self.data.train), "validation": len(self.data.validation)},
            "left_out": self.data.left_out,
            "torch": torch.__version__.split("+")[0],
            "history": self.progress.history,
        }


def validation_figures(logits: np.ndarray, labels: np.ndarray, names: np.ndarray) -> dict[str, Any]:
    """Return loss, accuracy and AUC of validation faces; the AUC is the mean over data sets.

    A pooled AUC rewards telling the sources apart, so that the mean of each data set's own is the one to
    choose by. A data set with one class has none and is left out; if none has one, the pooled AUC counts.
    """
    signed = np.where(labels == 1, 1.0, -1.0) * (logits[:, 1] - logits[:, 0]).astype(np.float64)
    probabilities = fake_probabilities(logits)
    by_dataset = {
        str(name): auc(labels[names == name], probabilities[names == name])
        for name in sorted(set(names.tolist()))
        if len(set(labels[names == name].tolist())) == 2
    }
    return {
        "validation_loss": float(np.mean(np.logaddexp(0, -signed))),
        "validation_accuracy": float(np.mean((probabilities >= 0.5) == labels)),
        "validation_auc": float(np.mean(list(by_dataset.values()))) if by_dataset else auc(labels, probabilities),
        "validation_auc_by_dataset": by_dataset,
    }


def _loader(dataset: FacesDataset, config: TrainConfig, sampler: EpochSampler | None = None) -> DataLoader:
    return DataLoader(
        dataset,
        batch_size=config.batch_size,
        sampler=sampler,
        num_workers=config.workers,
        drop_last=sampler is not None,
        persistent_workers=sampler is not None and config.workers > 0,
        pin_memory=torch.cuda.is_available(),
    )


def _parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return the parameters in two groups: weights decay, biases and norms do not."""
    decayed = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    plain = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": plain, "weight_decay": 0.0}]


def _cosine(steps: int, warmup: float) -> Any:
    """Return the learning rate's factor per step: a linear climb, then half a cosine down to zero."""
    climb = max(1, round(steps * warmup))

    def factor(step: int) -> float:
        if step < climb:
            return (step + 1) / climb
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - climb) / max(1, steps - climb))))

    return factor


def _claim_output(config: TrainConfig, output: Path, accelerator: Accelerator) -> None:
    if (output / "history.json").exists() and not config.resume:
        raise TrainingError(f"{output} already holds a run. Name another --output, or go on with --resume.")
    if accelerator.is_main_process:
        output.mkdir(parents=True, exist_ok=True)
    accelerator.wait_for_everyone()


def _say_what_is_trained(accelerator: Accelerator, config: TrainConfig, model: nn.Module, data: RunData) -> None:
    millions = sum(p.numel() for p in model.parameters()) / 1e6
    lines = [
        f"{config.backbone}, {millions:.2f} million parameters, {config.input_size} px, on "
        f"{accelerator.num_processes} process(es) of {accelerator.device.type}",
        f"{len(data.train)} training and {len(data.validation)} validation faces of {', '.join(data.names)}",
    ]
    if data.left_out:
        lines.append("left out: " + ", ".join(f"{count} {reason}" for reason, count in data.left_out.items()))
    accelerator.print("\n".join(lines))
