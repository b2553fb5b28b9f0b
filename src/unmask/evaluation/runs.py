"""Finished training runs, read back from their folders; a folder that is none says why in one line."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unmask.detector_folder import ONNX, TRAIN_CONFIG, WEIGHTS, check_folder, read_json, read_tensor_shapes
from unmask.errors import BrokenDetector, DataError, UnmaskError
from unmask.evaluation.run_scores import RunScores, read_scores
from unmask.metrics.epoch_rank import epoch_rank

HISTORY, DETECTOR = "history.json", "detector"
MOST_HISTORY_BYTES = 16 << 20
CURVES = ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy", "validation_auc")
"""What every epoch of history.json holds."""
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
"""Ends of the names of tensors that are saved and not trained."""


@dataclass(frozen=True)
class Run:
    """One finished run: its settings, its epochs and what its detector reached on each scored data set.

    `parameters` counts the network's weights, `file_bytes` are those of the ONNX file that predictions run on.
    `scores` are only those of exactly the weights in `detector/`.
    """

    name: str
    folder: Path
    settings: Mapping[str, Any]
    history: Sequence[Mapping[str, Any]]
    parameters: int
    file_bytes: int
    scores: Sequence[RunScores]

    @property
    def kept(self) -> Mapping[str, Any]:
        """The epoch whose weights the detector holds: the first of the highest rank, or the run's last."""
        return self.history[-1] if self.settings.get("keep") == "last" else max(self.history, key=epoch_rank)

    @property
    def minutes(self) -> float | None:
        """The minutes of all epochs, None where one of them was not timed."""
        return math.fsum(times) if (times := self._every("minutes")) else None

    @property
    def faces_per_second(self) -> float | None:
        """The mean over the epochs, None where one of them was not timed."""
        return math.fsum(rates) / len(rates) if (rates := self._every("faces_per_second")) else None

    @property
    def peak_memory_mb(self) -> float | None:
        """The most memory that an epoch took, in MB of 10^6 bytes, None where it was not recorded."""
        return max(peaks) if (peaks := self._every("peak_memory_mb")) else None

    def _every(self, key: str) -> list[float]:
        values: list[Any] = [entry.get(key) for entry in self.history]
        return [float(v) for v in values] if all(map(_is_number, values)) else []


def read_runs(folders: Iterable[Path | str]) -> tuple[list[Run], list[str]]:
    """Return the finished runs among the folders, and a line on everything that was left out.

    Args:
        folders: run folders, such as a shell makes of `runs/*`; files among them are left out in one line.
    """
    runs: list[Run] = []
    complaints: list[str] = []
    others: list[str] = []
    for folder in map(Path, folders):
        if folder.exists() and not is_run(folder):
            others.append(str(folder))
            continue
        try:
            run, remarks = read_run(folder)
        except UnmaskError as error:
            complaints.append(f"{folder}: {error}")
        else:
            runs.append(run)
            complaints += [f"{folder}: {remark}" for remark in remarks]
    if others:
        complaints.append(f"No training runs, left out: {', '.join(others)}.")
    return _with_unique_names(runs), complaints


def is_run(folder: Path) -> bool:
    """Say whether a training run, finished or not, was written to the folder."""
    return any((folder / name).exists() for name in (HISTORY, "split.csv", "checkpoints"))


def read_run(folder: Path) -> tuple[Run, list[str]]:
    """Return one finished run, and a line on each of its score folders that could not be used.

    Raises:
        DataError: the run is not finished, or a file of it is damaged.
        DetectorError: its detector folder is damaged.
    """
    detector = folder / DETECTOR
    if not folder.is_dir():
        raise DataError("There is no such folder. Check the path.")
    if not (folder / HISTORY).is_file():
        raise DataError("The run has not finished an epoch. Go on with it by --resume, or start it again.")
    history = read_history(folder / HISTORY)
    if not (detector / ONNX).is_file():
        raise DataError(f"The run is unfinished, with epoch {len(history)} done. Go on with it by --resume.")
    check_folder(detector)
    if not (detector / WEIGHTS).is_file():
        raise BrokenDetector(f"Its detector lacks {WEIGHTS}. Train it again.")
    settings = read_json(detector / TRAIN_CONFIG)
    scores, remarks = read_scores(folder, detector)
    run = Run(
        name=folder.resolve().name,
        folder=folder,
        settings=settings,
        history=history,
        parameters=count_parameters(detector / WEIGHTS),
        file_bytes=(detector / ONNX).stat().st_size,
        scores=scores,
    )
    return run, remarks


def read_history(path: Path) -> list[dict[str, Any]]:
    """Return the epochs of a run, each with its losses, accuracies and AUC as finite numbers.

    Raises:
        DataError: the file is damaged, empty or not a history.
    """
    try:
        if path.stat().st_size > MOST_HISTORY_BYTES:
            raise ValueError("larger than 16 MiB")
        history = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise DataError(f"{path.name} cannot be read ({error}). Go on with the run by --resume.") from None
    if not isinstance(history, list) or not history or not all(isinstance(entry, dict) for entry in history):
        raise DataError(f"{path.name} is no list of epochs. Go on with the run by --resume.")
    for number, entry in enumerate(history, start=1):
        wrong = [key for key in CURVES if not _is_number(entry.get(key))]
        if wrong:
            raise DataError(f"{path.name} has no number for {wrong[0]} in epoch {number}. Train the run again.")
        entry["epoch"] = entry["epoch"] if _is_number(entry.get("epoch")) else number
        by_dataset = entry.get("validation_auc_by_dataset")
        by_dataset = by_dataset if isinstance(by_dataset, dict) else {}
        entry["validation_auc_by_dataset"] = {k: v for k, v in by_dataset.items() if _is_number(v)}
    return history


def count_parameters(weights: Path) -> int:
    """Return how many numbers of a safetensors file were trained; the norms' running statistics were not.

    Raises:
        BrokenDetector: the file is damaged.
    """
    shapes = read_tensor_shapes(weights)
    return sum(math.prod(shape) for name, shape in shapes.items() if not name.endswith(STATISTICS))


def _with_unique_names(runs: list[Run]) -> list[Run]:
    """Return the runs with names that tell them apart: two folders of one name are called by their paths."""
    names = [run.name for run in runs]
    return [Run(**{**vars(run), "name": str(run.folder)}) if names.count(run.name) > 1 else run for run in runs]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
