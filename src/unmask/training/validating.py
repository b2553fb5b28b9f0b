"""What a network makes of the validation faces: logits, and the figures that the best epoch is chosen by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from unmask.calibration import fake_probabilities
from unmask.errors import TrainingError
from unmask.metrics.auc import auc
from unmask.training.batches import LOADING_ERRORS, why_not_loaded

Judged = tuple[np.ndarray, np.ndarray, np.ndarray]


@torch.no_grad()
def judge(
    accelerator: Accelerator,
    model: nn.Module,
    loader: DataLoader,
    gather: bool,
    check: Callable[[str | None], None] | None = None,
) -> Judged:
    """Return logits [N, 2], labels [N] and row numbers [N] of every validation face.

    Args:
        accelerator: Of the run.
        model: The bare network: a compiled step is for training's one batch shape.
        loader: The faces; of several processes each has its part.
        gather: Whether to put the parts of all processes together.
        check: Called with every batch's problem, None where it was loaded; it may raise to stop.

    Raises:
        TrainingError: a batch could not be loaded, and there is no `check` to say so.
    """
    model.eval()
    parts: list[list[np.ndarray]] = [[], [], []]
    shown = tqdm(loader, desc="Validation", leave=False, disable=not accelerator.is_local_main_process, mininterval=1)
    for loaded, problem in _attempts(shown):
        if check:
            check(problem)
        if loaded is None:
            raise TrainingError(str(problem))
        batch, labels, rows = loaded
        moved = batch.to(accelerator.device).contiguous(memory_format=torch.channels_last)
        results = (model.forward(moved).float(), labels, rows)
        if gather:
            results = accelerator.gather_for_metrics(results)
        for part, result in zip(parts, results, strict=True):
            part.append(result.cpu().numpy())
    logits, labels, rows = (np.concatenate(part) for part in parts)
    return logits, labels, rows


def loaded_batches(loader: DataLoader) -> Iterator[Any]:
    """Yield the batches of a loader; raises TrainingError with one line where one cannot be loaded."""
    for batch, problem in _attempts(loader):
        if batch is None:
            raise TrainingError(str(problem))
        yield batch


def _attempts(batches: Iterable[Any]) -> Iterator[tuple[Any, str | None]]:
    """Yield each batch, or None and why it could not be loaded, which is the end."""
    iterator = iter(batches)
    while True:
        try:
            batch = next(iterator)
        except StopIteration:
            return
        except LOADING_ERRORS as error:
            yield None, why_not_loaded(error)
            return
        yield batch, None


def validation_figures(logits: np.ndarray, labels: np.ndarray, names: np.ndarray) -> dict[str, Any]:
    """Return loss, accuracy and AUC of validation faces; the AUC is a mean of the data sets' own.

    A pooled AUC rewards telling the sources apart, so that each data set has its own. It counts by the root of the
    faces of its rarer class, as its error is about one over that: the luck of a few dozen faces chooses no weights. A
    data set with one class has none and is left out; if none has one, the pooled AUC counts.
    """
    signed = np.where(labels == 1, 1.0, -1.0) * (logits[:, 1] - logits[:, 0]).astype(np.float64)
    probabilities = fake_probabilities(logits)
    rarer = {name: np.bincount(labels[names == name], minlength=2).min() for name in sorted(set(names.tolist()))}
    trust = {name: float(np.sqrt(count)) for name, count in rarer.items() if count}
    by_dataset = {name: auc(labels[names == name], probabilities[names == name]) for name in trust}
    mean = np.average([*by_dataset.values()], weights=[*trust.values()]) if trust else auc(labels, probabilities)
    return {
        "validation_loss": float(np.mean(np.logaddexp(0, -signed))),
        "validation_accuracy": float(np.mean((probabilities >= 0.5) == labels)),
        "validation_auc": float(mean),
        "validation_auc_by_dataset": by_dataset,
    }
