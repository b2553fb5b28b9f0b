"""The detector folder: the one kind of folder that training writes and everything else reads.

Reading is strict. A folder that contradicts itself would give verdicts that nobody can repeat, so every
unknown or missing key, missing or extra tensor, swapped label or damaged file is a one-line error.
"""

from __future__ import annotations

import dataclasses
import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unmask.errors import BrokenDetector, DetectorNotFound
from unmask.preprocessing import FILTERS
from unmask.schema import LABEL_NAMES, DetectorSettings, InputSpec

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
ONNX = "model.onnx"
REPORT = "report.json"
TRAIN_CONFIG = "train_config.json"
CARD = "README.md"
FILES = (CONFIG, WEIGHTS, ONNX, REPORT, TRAIN_CONFIG, CARD)

FORMAT_VERSION = 1
TIMM_KEYS = {"architecture", "num_classes", "num_features", "global_pool", "label_names", "pretrained_cfg", "unmask"}
PRETRAINED_KEYS = {"input_size", "interpolation", "crop_pct", "crop_mode", "mean", "std"}
PICKLE_SUFFIXES = {".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"}
BYTES_PER_ELEMENT = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
MOST_CONFIG_BYTES = 1 << 20
MOST_HEADER_BYTES = 100 << 20


@dataclass(frozen=True)
class DetectorConfig:
    """A config.json that was checked; `raw` is the whole file."""

    architecture: str
    input_spec: InputSpec
    settings: DetectorSettings
    raw: dict[str, Any]


def check_folder(folder: Path) -> DetectorConfig:
    """Return the config of a whole detector folder.

    Raises:
        DetectorNotFound: there is no such folder, or it holds no detector.
        BrokenDetector: a file is missing, damaged, a pickle, or contradicts the others.
    """
    if not folder.is_dir():
        raise DetectorNotFound(f"There is no detector folder at {folder}. Check the path, or give a Hub id user/name.")
    if not (folder / CONFIG).is_file():
        raise DetectorNotFound(
            f"{folder} holds no {CONFIG}, so it is no detector folder. Name the folder that training wrote."
        )
    for path in sorted(folder.iterdir()):
        if path.suffix in PICKLE_SUFFIXES:
            raise BrokenDetector(
                f"{path} is a pickle, which could run code. Delete it; a detector's weights are {WEIGHTS}."
            )
    config = read_config(folder)
    if not (folder / ONNX).is_file():
        raise BrokenDetector(f"{folder} lacks {ONNX}, which predictions run on. Download or export it again.")
    if (folder / WEIGHTS).is_file():
        read_tensor_shapes(folder / WEIGHTS)
    return config


def read_config(folder: Path) -> DetectorConfig:
    """Return the checked config.json of a detector folder; raises BrokenDetector."""
    path = folder / CONFIG
    raw = read_json(path)
    _check_keys(path, "", set(raw), TIMM_KEYS, optional={"model_args"})
    if raw["num_classes"] != 2 or list(raw["label_names"]) != list(LABEL_NAMES):
        raise BrokenDetector(
            f"{path} names the labels {raw['label_names']} of {raw['num_classes']} classes; a detector has "
            f'["real", "fake"] in that order. Swap the head\'s rows, or train with Unmask.'
        )
    if "num_classes" in (raw.get("model_args") or {}):
        raise BrokenDetector(f"{path} repeats num_classes in model_args, which transformers refuses. Take it out.")
    return DetectorConfig(str(raw["architecture"]), _input_spec(path, raw), _settings(path, raw["unmask"]), raw)


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON object from a file of at most 1 MiB; raises BrokenDetector."""
    try:
        if path.stat().st_size > MOST_CONFIG_BYTES:
            raise BrokenDetector(f"{path} is larger than 1 MiB, which no such file is. Download it again.")
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BrokenDetector(f"{path} is missing. Download or export the detector again.") from None
    except (ValueError, OSError, RecursionError) as error:
        raise BrokenDetector(f"{path} is not whole JSON ({error}). Download or export it again.") from None
    if not isinstance(value, dict):
        raise BrokenDetector(f"{path} is not a JSON object. Download or export it again.")
    return value


def read_tensor_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return name and shape of every tensor in a safetensors file, after checking that it is whole.

    Only the header is read: the format says where every tensor ends, so a truncated file shows.
    """
    size = path.stat().st_size
    broken = BrokenDetector(f"{path} is not a whole safetensors file. Download or export it again.")
    with path.open("rb") as file:
        start = file.read(8)
        if len(start) < 8:
            raise broken
        (length,) = struct.unpack("<Q", start)
        if length > min(size - 8, MOST_HEADER_BYTES):
            raise broken
        try:
            header = json.loads(file.read(length))
        except (ValueError, RecursionError):
            raise broken from None
    if not isinstance(header, dict):
        raise broken
    header.pop("__metadata__", None)
    shapes: dict[str, tuple[int, ...]] = {}
    end = 0
    for name, entry in header.items():
        try:
            shapes[name] = tuple(int(side) for side in entry["shape"])
            first, last = (int(offset) for offset in entry["data_offsets"])
            width = BYTES_PER_ELEMENT[entry["dtype"]]
        except (KeyError, TypeError, ValueError):
            raise broken from None
        if last - first != width * math.prod(shapes[name]):
            raise broken
        end = max(end, last)
    if 8 + length + end != size:
        raise broken
    return shapes


def _check_keys(path: Path, where: str, found: set[str], wanted: set[str], optional: set[str] | None = None) -> None:
    missing, unknown = wanted - found, found - wanted - (optional or set())
    if missing:
        raise BrokenDetector(f"{path} lacks {where}{', '.join(sorted(missing))}. Export the detector again.")
    if unknown:
        raise BrokenDetector(
            f"{path} has unknown keys {where}{', '.join(sorted(unknown))}. Take them out, or update Unmask."
        )


def _input_spec(path: Path, raw: dict[str, Any]) -> InputSpec:
    cfg = raw["pretrained_cfg"]
    if not isinstance(cfg, dict) or PRETRAINED_KEYS - set(cfg):
        raise BrokenDetector(f"{path} lacks part of pretrained_cfg ({', '.join(sorted(PRETRAINED_KEYS))}).")
    channels, height, width = cfg["input_size"]
    if channels != 3 or height != width or not 16 <= height <= 1024:
        raise BrokenDetector(f"{path} has input_size {cfg['input_size']}; it must be [3, S, S] with S from 16 to 1024.")
    if cfg["interpolation"] not in FILTERS or cfg["crop_pct"] != 1.0:
        raise BrokenDetector(f"{path} must have crop_pct 1.0 and one of {', '.join(FILTERS)} as interpolation.")
    return InputSpec(height, cfg["interpolation"], tuple(cfg["mean"]), tuple(cfg["std"]))


def _settings(path: Path, raw: Any) -> DetectorSettings:
    names = {field.name for field in dataclasses.fields(DetectorSettings)}
    if not isinstance(raw, dict):
        raise BrokenDetector(f"{path} has no object under unmask. Export the detector again.")
    _check_keys(path, "unmask.", set(raw), names)
    if raw["format_version"] != FORMAT_VERSION:
        raise BrokenDetector(
            f"{path} has format_version {raw['format_version']}, this Unmask reads {FORMAT_VERSION}. Update Unmask."
        )
    settings = DetectorSettings(**{**raw, "trained_on": tuple(raw["trained_on"])})
    _check_numbers(path, settings)
    return settings


def _check_numbers(path: Path, settings: DetectorSettings) -> None:
    """Raise BrokenDetector for a margin, temperature or threshold that makes no sense."""
    numbers = {
        "crop_margin": (settings.crop_margin, 0.0, 2.0),
        "temperature": (settings.temperature, 1e-3, 1e3),
        "real_threshold": (settings.real_threshold, 0.0, 1.0),
        "fake_threshold": (settings.fake_threshold, settings.real_threshold, 1.0),
    }
    for name, (value, low, high) in numbers.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise BrokenDetector(
                f"{path} has unmask.{name} {value!r}; it must be from {low} to {high}. Export it again."
            )
    if settings.pooling != "max":
        raise BrokenDetector(f"{path} has unmask.pooling {settings.pooling!r}; this Unmask knows max. Update Unmask.")
