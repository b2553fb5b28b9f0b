"""The detector folder: the one kind of folder that training writes and everything else reads.

Reading is strict. A folder that contradicts itself would give verdicts that nobody can repeat, so every
unknown or missing key, missing or extra tensor, swapped label or damaged file is a one-line error.
"""

from __future__ import annotations

import dataclasses
import json
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unmask.errors import BrokenDetector, DetectorNotFound
from unmask.preprocessing import FILTERS
from unmask.schema import LABEL_NAMES, MOST_CROP_MARGIN, DetectorSettings, InputSpec, Limits

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
ONNX = "model.onnx"
REPORT = "report.json"
TRAIN_CONFIG = "train_config.json"
CARD = "README.md"
CALIBRATION_FIGURE, ROBUSTNESS_FIGURE = "calibration-reliability.png", "robustness-1.png"
"""Of a suite, shown by the card; they count only beside a report that has a suite's part."""
SUITE_FIGURES = (CALIBRATION_FIGURE, ROBUSTNESS_FIGURE)
FILES = (CONFIG, WEIGHTS, ONNX, REPORT, TRAIN_CONFIG, CARD)

FORMAT_VERSION = 1
TIMM_KEYS = {"architecture", "num_classes", "num_features", "global_pool", "label_names", "pretrained_cfg", "unmask"}
PRETRAINED_KEYS = {"input_size", "interpolation", "crop_pct", "crop_mode", "mean", "std"}
NETWORK_KEYS = {"fixed_input_size", "num_classes", "pool_size", "first_conv", "classifier"}
OTHER_PRETRAINED_KEYS = {"tag", "custom_load", "license"} | NETWORK_KEYS
# Arguments of timm's factory, not of a network: transformers refuses the first, the others would load or fetch.
FACTORY_ARGS = {"num_classes", "pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "pretrained_model_args"} | {
    "checkpoint_path",
    "cache_dir",
    "scriptable",
    "exportable",
    "no_jit",
    "model_name",
    "features_only",
}
SETTINGS = dataclasses.fields(DetectorSettings)
SETTINGS_KEYS = {field.name for field in SETTINGS if field.default is dataclasses.MISSING}
OTHER_SETTINGS_KEYS = {field.name for field in SETTINGS} - SETTINGS_KEYS
LIMITS_KEYS = {field.name for field in dataclasses.fields(Limits)}
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
        BrokenDetector: a file is missing, damaged, a pickle, may not be read, or contradicts the others.
    """
    try:
        return _check_folder(folder)
    except OSError as error:
        raise BrokenDetector(f"Could not read {error.filename}: {error.strerror}. Check its permissions.") from None


def _check_folder(folder: Path) -> DetectorConfig:
    if not folder.is_dir():
        raise DetectorNotFound(f"There is no detector folder at {folder}. Check the path, or give a Hub id user/name.")
    if not (folder / CONFIG).is_file():
        raise DetectorNotFound(
            f"{folder} holds no {CONFIG}, so it is no detector folder. Name the folder that training wrote."
        )
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in PICKLE_SUFFIXES:
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
    _check_keys(path, "", raw, TIMM_KEYS, {"model_args", "dtype"})
    _check_keys(path, "pretrained_cfg.", raw["pretrained_cfg"], PRETRAINED_KEYS, OTHER_PRETRAINED_KEYS)
    _check_keys(path, "unmask.", raw["unmask"], SETTINGS_KEYS, OTHER_SETTINGS_KEYS)
    limits = raw["unmask"].get("limits", {})
    _check_keys(path, "unmask.limits.", limits, set(), LIMITS_KEYS)
    if raw["num_classes"] != 2 or raw["label_names"] != list(LABEL_NAMES):
        raise BrokenDetector(
            f"{path} names the labels {_short(raw['label_names'])} of {_short(raw['num_classes'])} classes; a detector "
            'has ["real", "fake"] in that order. Swap the head\'s rows, or train with Unmask.'
        )
    _check_values(path, raw)
    cfg, settings = raw["pretrained_cfg"], raw["unmask"]
    spec = InputSpec(cfg["input_size"][1], cfg["interpolation"], tuple(cfg["mean"]), tuple(cfg["std"]))
    own = DetectorSettings(**{**settings, "trained_on": tuple(settings["trained_on"]), "limits": Limits(**limits)})
    return DetectorConfig(raw["architecture"], spec, own, raw)


def settings_json(settings: DetectorSettings) -> dict[str, Any]:
    """Return settings as the `unmask` key of config.json: what is as if it were absent is left out.

    The limits never are, as an Unmask to come may have learnt of better ones for its own detectors.
    """
    values = {**dataclasses.asdict(settings), "trained_on": list(settings.trained_on)}
    defaults = {field.name: field.default for field in SETTINGS}
    return {name: value for name, value in values.items() if value != defaults[name]}


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
        except (KeyError, TypeError, ValueError, OverflowError):
            raise broken from None
        if min((0, *shapes[name])) < 0 or last - first != width * math.prod(shapes[name]):
            raise broken
        end = max(end, last)
    if 8 + length + end != size:
        raise broken
    return shapes


def _check_keys(
    path: Path, where: str, found: Any, wanted: set[str], optional: frozenset[str] | set[str] = frozenset()
) -> None:
    """Raise BrokenDetector unless `found` is an object with the wanted keys and no unknown one."""
    if not isinstance(found, dict):
        raise BrokenDetector(f"{path} has no object under {where.rstrip('.')}. Export the detector again.")
    missing, unknown = wanted - found.keys(), found.keys() - wanted - optional
    if missing:
        names = ", ".join(where + name for name in sorted(missing))
        raise BrokenDetector(f"{path} lacks {names}. Export the detector again.")
    if unknown:
        names = ", ".join(where + name for name in sorted(unknown))
        raise BrokenDetector(f"{path} has unknown keys {_short(names)}. Take them out, or update Unmask.")


def _is_number(value: Any, low: float, high: float) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high


def _are_numbers(value: Any, low: float, high: float) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(_is_number(each, low, high) for each in value)


def _is_input_size(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 3 or not all(type(side) is int for side in value):
        return False
    return value[0] == 3 and value[1] == value[2] and 16 <= value[1] <= 1024


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_quality(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 100


def _check_values(path: Path, raw: dict[str, Any]) -> None:
    """Raise BrokenDetector for the first value that makes no sense."""
    for key, (is_right, must_be) in RULES.items():
        value: Any = raw
        for part in key.split("."):
            value = MISSING if value is MISSING else value.get(part, MISSING)
        if value is not MISSING and not is_right(value):
            raise BrokenDetector(f"{path} has {key} {_short(value)}; it must be {must_be}. Export the detector again.")
    low, high = raw["unmask"]["real_threshold"], raw["unmask"]["fake_threshold"]
    if low > high:
        raise BrokenDetector(
            f"{path} has unmask.real_threshold {low} above unmask.fake_threshold {high}. Export the detector again."
        )


def _short(value: Any) -> str:
    """Return a value on one line that a message can hold."""
    text = value if isinstance(value, str) and value.isprintable() else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


MISSING = object()
RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "architecture": (_is_text, "the name of a timm network"),
    "num_features": (lambda value: type(value) is int and value > 0, "the number of the head's inputs"),
    "global_pool": (lambda value: isinstance(value, str), "the name of a pooling"),
    "model_args": (
        lambda value: isinstance(value, dict) and not value.keys() & FACTORY_ARGS,
        "an object of the network's own arguments, without num_classes or a place to load from",
    ),
    "pretrained_cfg.input_size": (_is_input_size, "[3, S, S] with S from 16 to 1024"),
    "pretrained_cfg.interpolation": (lambda value: value in list(FILTERS), f"one of {', '.join(FILTERS)}"),
    "pretrained_cfg.crop_pct": (lambda value: value == 1.0 and value is not True, "1.0"),
    "pretrained_cfg.crop_mode": (lambda value: value == "center", "center"),
    "pretrained_cfg.mean": (lambda value: _are_numbers(value, -1e3, 1e3), "three numbers"),
    "pretrained_cfg.std": (lambda value: _are_numbers(value, 1e-6, 1e3), "three numbers above 0"),
    "pretrained_cfg.num_classes": (lambda value: value == 2, "2"),
    "unmask.format_version": (lambda value: value == FORMAT_VERSION, f"{FORMAT_VERSION}, or Unmask updated"),
    "unmask.name": (_is_text, "a name"),
    "unmask.crop_margin": (lambda value: _is_number(value, 0, MOST_CROP_MARGIN), f"from 0 to {MOST_CROP_MARGIN}"),
    "unmask.temperature": (lambda value: _is_number(value, 1e-3, 1e3), "from 0.001 to 1000"),
    "unmask.real_threshold": (lambda value: _is_number(value, 0, 1), "from 0 to 1"),
    "unmask.fake_threshold": (lambda value: _is_number(value, 0, 1), "from 0 to 1"),
    "unmask.pooling": (lambda value: value == "max", "max, the one that this Unmask knows"),
    "unmask.video_pooling": (lambda value: value == "mean", "mean, the one that this Unmask knows"),
    "unmask.trained_on": (
        lambda value: isinstance(value, list) and all(isinstance(name, str) for name in value),
        "a list of names",
    ),
    "unmask.calibrated_on": (lambda value: isinstance(value, str), "a text"),
    "unmask.license": (_is_text, "the name of a licence"),
    "unmask.mirrored": (lambda value: isinstance(value, bool), "true or false"),
    "unmask.error_rate": (lambda value: _is_number(value, 1e-6, 0.5), "above 0 and at most 0.5"),
    "unmask.miss_rate": (lambda value: _is_number(value, 1e-6, 0.5), "above 0 and at most 0.5"),
    "unmask.novelty_limit": (lambda value: _is_number(value, 0, 1e6), "a distance, from 0 to 1000000"),
    "unmask.limits.smallest_face": (lambda value: type(value) is int and 0 <= value <= 4096, "pixels, from 0 to 4096"),
    "unmask.limits.least_detail": (lambda value: _is_number(value, 0, 1), "from 0 to 1"),
    "unmask.limits.little_detail": (lambda value: _is_number(value, 0, 1), "from 0 to 1"),
    "unmask.limits.least_jpeg_quality": (_is_quality, "a whole number from 0 to 100"),
    "unmask.limits.little_jpeg_quality": (_is_quality, "a whole number from 0 to 100"),
    "unmask.limits.least_webp_quality": (_is_quality, "a whole number from 0 to 100"),
    "unmask.limits.little_webp_quality": (_is_quality, "a whole number from 0 to 100"),
    "unmask.limits.most_blockiness": (lambda value: _is_number(value, 1, 1e3), "from 1, no blocks, to 1000"),
}
"""What each value must be, in the order in which they are checked; those that may be absent are checked if there."""
