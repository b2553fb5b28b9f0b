"""Checkpoints on disk: written aside, hashed, synced, renamed, and read back only when whole.

A checkpoint is a folder of safetensors and JSON files with a manifest of their sizes and SHA-256. It gets its
name only when all of it is on the disk, and older ones go only after that, so that a kill at any moment leaves
one that is whole. Nothing in it is a pickle.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from unmask.errors import TrainingError
from unmask.files import file_digest

MANIFEST, STATE = "manifest.json", "state.json"
KEPT = 2  # the newest, and one to fall back on should it be damaged
MOST_STATE_BYTES = 256 << 20


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds.

    `state` is of JSON's types; `tensors` are groups by file name (`model` is written as model.safetensors);
    `files` are whole files taken along by a hard link, or a copy where links do not work.
    """

    state: dict[str, Any]
    tensors: Mapping[str, Mapping[str, torch.Tensor]] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint as the newest of `folder` and return its place; all but the last two are dropped after.

    Raises:
        TrainingError: it cannot be written, as on a full disk; the older ones are left as they were.
    """
    numbers = [int(place.name.rpartition("-")[2]) for place in list_checkpoints(folder)]
    place = folder / f"checkpoint-{max(numbers, default=0) + 1:06d}"
    aside = folder / f".{place.name}.part"
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        _write_files(aside, checkpoint)
        aside.rename(place)
        _sync(folder)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(aside, ignore_errors=True)
        # safetensors passes the system's words on as "Error while serializing: I/O error: … (os error 28)"
        reason = getattr(error, "strerror", None) or str(error).rpartition("error: ")[2].partition(" (os error")[0]
        raise TrainingError(
            f"Could not write a checkpoint to {folder}: {reason}. The older ones are whole: make room, "
            "then go on with the same command and --resume."
        ) from error
    _drop_older(folder)
    return place


def newest_checkpoint(folder: Path, say: Callable[[str], None] = print) -> Checkpoint | None:
    """Return the newest checkpoint whose every file has the hash of its manifest, None where nothing was saved.

    Damaged ones are skipped, with a line to `say` for each.

    Raises:
        TrainingError: there are checkpoints, and none of them is whole.
    """
    places = list_checkpoints(folder)
    for place in reversed(places):
        problem = find_damage(place)
        if problem is None:
            return _read(place)
        say(f"{place.name} is skipped: {problem}")
    if places:
        raise TrainingError(f"No checkpoint in {folder} is whole. Delete that folder to start the run anew.")
    return None


def list_checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints of a run's folder, the newest last; whether they are whole is not looked at."""
    return sorted(place for place in folder.glob("checkpoint-*") if place.name.rpartition("-")[2].isdigit())


def find_damage(place: Path) -> str | None:
    """Return what is wrong with a checkpoint, in words, or None if every file is as it was written."""
    try:
        manifest = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
        named = dict(manifest["files"])
        for name, (size, digest) in named.items():
            if name != Path(name).name or not (place / name).is_file():
                return f"{name} is missing"
            if (place / name).stat().st_size != size or file_digest(place / name) != digest:
                return f"{name} is not what was written"
    except (OSError, ValueError, KeyError, TypeError):
        return f"its {MANIFEST} is missing or damaged"
    if STATE not in named:
        return f"{STATE} is missing"
    return None


def _write_files(aside: Path, checkpoint: Checkpoint) -> None:
    """Write every file and the manifest, each of them on the disk before this returns."""
    for name, tensors in checkpoint.tensors.items():
        save_file({key: value.contiguous() for key, value in tensors.items()}, aside / f"{name}.safetensors")
    state = {"state": checkpoint.state, "files": sorted(checkpoint.files)}
    (aside / STATE).write_text(json.dumps(state), encoding="utf-8")
    for name, source in checkpoint.files.items():
        _link(source, aside / name)
    files = {}
    for path in sorted(aside.iterdir()):
        _sync(path)
        files[path.name] = [path.stat().st_size, file_digest(path)]
    (aside / MANIFEST).write_text(json.dumps({"files": files}, indent=1), encoding="utf-8")
    _sync(aside / MANIFEST)
    _sync(aside)


def _read(place: Path) -> Checkpoint:
    if (place / STATE).stat().st_size > MOST_STATE_BYTES:
        raise TrainingError(f"{place / STATE} is larger than any run's state. Delete {place} and use --resume again.")
    written = json.loads((place / STATE).read_text(encoding="utf-8"))
    files = {str(name): place / Path(name).name for name in written["files"]}
    groups = [path for path in place.glob("*.safetensors") if path.name not in files]
    return Checkpoint(written["state"], {path.stem: load_file(path) for path in groups}, files)


def _drop_older(folder: Path) -> None:
    """Delete all but the newest checkpoints and what killed runs left; half a deletion never looks whole."""
    for place in list_checkpoints(folder)[:-KEPT]:
        doomed = folder / f".{place.name}.part"
        try:
            place.rename(doomed)
        except OSError:
            continue  # another time: a checkpoint too many does no harm
    for left in folder.glob(".checkpoint-*.part"):
        shutil.rmtree(left, ignore_errors=True)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _sync(path: Path) -> None:
    """Have the system write a file or a folder's entries to the disk; Windows has no such call for readers."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
