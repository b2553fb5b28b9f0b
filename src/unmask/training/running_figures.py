"""What a run shows of itself while an epoch is under way: loss, running AUC, faces a second, time left."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from unmask.calibration import fake_probabilities
from unmask.errors import MetricError
from unmask.metrics.auc import auc
from unmask.training.steps import StepResult

SHOWN_EVERY = 10  # steps: reading a figure waits for the device
REMEMBERED = 2000  # faces that the running AUC looks back on


class RunningFigures:
    """Sums over one epoch's steps, and the bar that shows them.

    Args:
        description: In front of the bar.
        faces: Of all processes in the whole epoch.
        done: Of those, the faces of steps that an earlier run made.
        sums: Loss times faces, right ones, faces of this process so far, [3].
        processes: Processes that each see as many faces.
        shown: Whether this process has a bar.
    """

    def __init__(
        self, description: str, faces: int, done: int, sums: torch.Tensor, processes: int, shown: bool
    ) -> None:
        self.sums, self._processes = sums, processes
        self._recent: deque[StepResult] = deque()
        self._started, self._seen = time.monotonic(), 0
        self.bar = tqdm(
            total=faces, initial=done, desc=description, unit=" faces", disable=not shown, mininterval=1, smoothing=0.05
        )

    def add(self, result: StepResult) -> None:
        """Take in one step of this process."""
        count = len(result.labels)
        right = (result.logits.argmax(1) == result.labels).sum()
        self.sums += torch.stack([result.loss * count, right, torch.full_like(result.loss, count)])
        self._recent.append(result)
        while len(self._recent) * count > REMEMBERED:
            self._recent.popleft()
        self._seen += count * self._processes
        self.bar.update(count * self._processes)

    def read(self) -> dict[str, float]:
        """Return loss, accuracy and running AUC of this process, and faces a second of all; shows them too."""
        loss, right, count = self.sums.tolist()
        figures = {"loss": loss / count, "accuracy": right / count}
        area = self._running_auc()
        if area is not None:
            figures["auc"] = area
        self.bar.set_postfix({name: f"{value:.3f}" for name, value in figures.items()}, refresh=False)
        return figures | {"faces_per_second": self._seen / max(1e-9, time.monotonic() - self._started)}

    def close(self) -> None:
        self.bar.close()

    def _running_auc(self) -> float | None:
        logits = torch.cat([result.logits for result in self._recent]).float().cpu().numpy()
        labels = torch.cat([result.labels for result in self._recent]).cpu().numpy()
        try:
            return float(auc(labels, fake_probabilities(logits)))
        except MetricError:
            return None  # one class so far


def epoch_means(total: torch.Tensor) -> dict[str, Any]:
    """Return an epoch's figures from the sums of all processes, [3]."""
    loss, right, count = np.asarray(total.tolist())
    return {"train_loss": float(loss / count), "train_accuracy": float(right / count)}
