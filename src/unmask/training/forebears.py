"""Forebears: the detectors that a run starts or learns from, with what it took to make each of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from unmask.card_training import training_commands, training_minutes
from unmask.detector_folder import TRAIN_CONFIG, WEIGHTS, read_json
from unmask.files import file_digest
from unmask.training.config import weights_name

FOREBEARS = "forebears"


def with_forebears(record: dict[str, Any], folders: Iterable[Path], itself: Path | None = None) -> dict[str, Any]:
    """Return a train_config.json with a record of each detector and of its own forebears, oldest first, each once.

    It holds `name`, `weights` (the start of their SHA-256), the `commands` that made it, `processes`, and `minutes` and
    `hardware` where they are known. A folder without train_config.json tells nothing and is left out.

    Args:
        record: What train_config.json says so far, with forebears or without.
        folders: Detector folders, such as those of `--init-weights` and of each `--teacher`.
        itself: The folder whose record it is, where it has weights already: it is no forebear of its own.
    """
    found: dict[str, dict[str, Any]] = {each["weights"]: each for each in record.get(FOREBEARS, [])}
    for folder in folders:
        if not (folder / TRAIN_CONFIG).is_file():
            continue
        known = read_json(folder / TRAIN_CONFIG)
        own = {
            "name": weights_name(str(folder)),
            "weights": _digest(folder),
            "commands": training_commands(known),
            "minutes": training_minutes(known),
            "processes": known.get("processes", 1),
            "hardware": known.get("hardware"),
        }
        for each in [*known.get(FOREBEARS, []), own]:
            found.setdefault(each["weights"], each)
    if itself is not None:
        found.pop(_digest(itself), None)
    return record | ({FOREBEARS: list(found.values())} if found else {})


def describe_hardware(device: torch.device) -> str:
    """Return what a run computes on: the name of its GPU, or the number of threads of each process on a CPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type.upper()}, {torch.get_num_threads()} thread(s) a process"


def _digest(folder: Path) -> str:
    return file_digest(folder / WEIGHTS)[:8]
