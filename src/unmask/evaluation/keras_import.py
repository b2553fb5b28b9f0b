"""A peer's Keras weights to a detector folder, calibrated where there is data to calibrate on."""

from __future__ import annotations

import dataclasses
import shlex
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from torch import nn

from unmask.backbones.keras_weights import read_meso_network
from unmask.calibration import fake_probabilities, fit_temperature, fit_thresholds
from unmask.card import render_card
from unmask.data.names import dataset_name, short_path
from unmask.detector_folder import CARD, CONFIG, FORMAT_VERSION, TRAIN_CONFIG
from unmask.errors import DataError
from unmask.evaluation.samples import read_split, take_evenly
from unmask.evaluation.scoring import score_dataset
from unmask.export import fold_temperature, write_detector
from unmask.files import file_digest, write_json, write_whole
from unmask.hub import load_detector
from unmask.schema import DetectorSettings, InputSpec

INPUT = InputSpec(256, "bicubic", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
"""What MesoNet takes: 256 px in [0, 1]; its authors' own code resizes by cubic splines."""


@dataclass(frozen=True)
class KerasImport:
    """What to import: the fields are the options of `train/import_keras.py`.

    The crop margin is what MesoNet's authors cut around a face, to judge by their code (2.86 times the
    distance from eyes to mouth).
    """

    file: str
    output: str
    data: list[str] = field(default_factory=list)
    split: str = "train"
    limit: int = 1000
    layout: str | None = None
    name: str | None = None
    crop_margin: float = 0.1
    license: str = "unknown"


def import_keras(run: KerasImport) -> Path:
    """Write the detector folder of a Keras weight file and return it.

    Without data nothing is known of its errors: the temperature is 1, the thresholds are 0 and 1, and every
    verdict is `uncertain`, with its probability beside it. With data, temperature and thresholds are fitted
    on what the detector says of these faces.

    Raises:
        BrokenDetector: The file is damaged, unsafe, or of another network.
        DataError: The output is taken, or the data cannot be used.
    """
    file, folder = Path(run.file), Path(run.output)
    if (folder / CONFIG).exists():
        raise DataError(f"{folder} already holds a detector. Name another --output.")
    chosen = [(root, take_evenly(read_split(root, run.split, run.layout), run.limit)) for root in run.data]
    architecture, model = read_meso_network(file)
    settings = DetectorSettings(
        format_version=FORMAT_VERSION,
        name=run.name or file.stem.lower(),
        crop_margin=run.crop_margin,
        temperature=1.0,
        real_threshold=0.0,
        fake_threshold=1.0,
        pooling="max",
        trained_on=(),
        calibrated_on="",  # the card says "not calibrated"
        license=run.license,
    )
    write_detector(model, architecture, INPUT, settings, folder)
    if chosen:
        detector = load_detector(str(folder))
        scores = [score_dataset(detector, samples, root=root).labels_and_scores() for root, samples in chosen]
        labels, probabilities = (np.concatenate(part) for part in zip(*scores, strict=True))
        settings = _calibrate(model, settings, labels, probabilities, [dataset_name(root) for root in run.data])
        write_detector(model, architecture, INPUT, settings, folder)
    write_json(folder / TRAIN_CONFIG, {"import_command": _describe(run), "file_sha256": file_digest(file)})
    write_whole(folder / CARD, render_card(folder).encode())
    return folder


def _describe(run: KerasImport) -> str:
    """Return the command line with files and folders by their names, not by this machine's paths."""
    words = ["python", "train/import_keras.py", Path(run.file).name, "--output", Path(run.output).name]
    for root in run.data:
        words += ["--data", short_path(root)]
    words += ["--split", run.split, "--limit", str(run.limit)] if run.data else []
    return shlex.join([*words, "--crop-margin", str(run.crop_margin), "--license", run.license])


def _calibrate(
    model: nn.Module, settings: DetectorSettings, labels: np.ndarray, probabilities: np.ndarray, names: list[str]
) -> DetectorSettings:
    """Fold the temperature that fits these faces into the network, and return the settings that go with it."""
    likely = np.clip(probabilities, 1e-12, 1 - 1e-12)
    logits = np.stack([np.zeros_like(likely), np.log(likely / (1 - likely))], axis=1)
    temperature = fold_temperature(model, fit_temperature(logits, labels))
    real, fake = fit_thresholds(fake_probabilities(logits / temperature), labels)
    return dataclasses.replace(
        settings,
        temperature=temperature,
        real_threshold=real,
        fake_threshold=fake,
        calibrated_on=f"{len(labels)} faces of {', '.join(names)}",
    )
