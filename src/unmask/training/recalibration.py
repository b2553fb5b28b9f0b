"""A detector folder calibrated anew on the validation faces of its run, into another folder.

On the way its weights may be averaged with those of a second detector, one that was trained on from the same weights:
the mean often judges faces from elsewhere better than either (Wortsman et al., "Model soups", ICML 2022, and "Robust
fine-tuning of zero-shot models", CVPR 2022).
"""

from __future__ import annotations

import dataclasses
import json
import shlex
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from torch import nn

from unmask.calibration import ERROR_RATE, fake_probabilities, verdict_of
from unmask.card import render_card
from unmask.data.names import short_path
from unmask.detector_folder import CARD, TRAIN_CONFIG, DetectorConfig, check_folder, read_json
from unmask.errors import MetricError, TrainingError
from unmask.export import fold_temperature, read_model
from unmask.files import write_json, write_whole
from unmask.half_weights import round_weights
from unmask.hub import fetch_face_model
from unmask.metrics.auc import auc
from unmask.schema import FAKE, MOST_CROP_MARGIN, REAL, DetectorSettings
from unmask.training.batches import validation_loader
from unmask.training.calibrating import KnownAnswers, judge_views, write_calibrated
from unmask.training.config import TrainConfig, run_path
from unmask.training.forebears import with_forebears
from unmask.training.run_data import read_validation_faces

OF_THE_SPLIT = ("seed", "validation_fraction", "limit", "layout")
"""What decides which faces a run held out."""
LICENCE = "LICENSE"


@dataclass(frozen=True)
class Recalibration:
    """What to calibrate on what: the fields are the options of `train/calibrate.py`.

    The weights are `1 - share` of the detector's and `share` of those of `mean_with`, where one is given, and with
    `half` they are rounded to half precision (`unmask.half_weights`).
    """

    detector: Path
    data: list[str]
    output: Path
    mirrored: bool = False
    error_rate: float | None = None
    miss_rate: float | None = None
    crop_margin: float | None = None
    mean_with: Path | None = None
    share: float = 0.5
    half: bool = False
    face_model: str | None = None
    workers: int = 2


def recalibrate(run: Recalibration) -> list[str]:
    """Write the detector calibrated anew to `run.output`, without a report, and return what it reaches, in lines.

    Raises:
        DetectorError: `run.detector` is no whole detector folder.
        TrainingError: it does not say how it was split, both folders are one, or no mean can be taken.
        DataError: a data set cannot be read.
    """
    if run.output.resolve() == run.detector.resolve():
        raise TrainingError(f"{run.output} is the detector itself, whose report would no longer hold. Name another.")
    before = check_folder(run.detector)
    for flag, rate in (("--error-rate", run.error_rate), ("--miss-rate", run.miss_rate)):
        if rate is not None and not 0 < rate <= 0.5:
            raise TrainingError(f"{flag} is {rate}. Give a share above 0 and up to 0.5.")
    if run.crop_margin is not None and not 0 <= run.crop_margin <= MOST_CROP_MARGIN:
        raise TrainingError(f"--crop-margin is {run.crop_margin}. Give a share from 0 to {MOST_CROP_MARGIN}.")
    config = held_out(run.detector, before, run.data, run.workers)
    if run.crop_margin is not None:
        config = dataclasses.replace(config, crop_margin=run.crop_margin)
    model = _read_weights(run, before)  # before the faces are looked for, which takes minutes
    if run.half:
        round_weights(model, before.input_spec.size)
    face_model = Path(run.face_model) if run.face_model else fetch_face_model()
    loader = validation_loader(read_validation_faces(config, before.input_spec, face_model), config)
    device = Accelerator().device
    answers = judge_views(model.to(device), loader, device, run.mirrored)
    rate, missed = before.settings.promise or (ERROR_RATE, ERROR_RATE)
    if run.error_rate is not None:
        rate, missed = run.error_rate, run.error_rate
    missed = missed if run.miss_rate is None else run.miss_rate
    asked = dataclasses.replace(
        before.settings,
        mirrored=run.mirrored,
        error_rate=rate,
        miss_rate=None if missed == rate else missed,
        crop_margin=config.crop_margin,
        temperature=1.0 if run.mean_with else before.settings.temperature,
    )
    settings = write_calibrated(model, before.architecture, before.input_spec, asked, answers, run.output)
    record = read_json(run.detector / TRAIN_CONFIG)
    record |= {"calibrate_command": describe_command(run)}
    if run.mean_with is not None:
        record = with_forebears(record, [run.mean_with], itself=run.detector)
    write_json(run.output / TRAIN_CONFIG, record)
    if (run.detector / LICENCE).is_file():
        write_whole(run.output / LICENCE, (run.detector / LICENCE).read_bytes())
    write_whole(run.output / CARD, render_card(run.output).encode())
    lines = describe_calibration(answers, settings, asked.temperature)
    return [*lines, f"limits: those of {run.detector}. Measure them anew: python train/limits.py {run.output} --data …"]


def _read_weights(run: Recalibration, before: DetectorConfig) -> nn.Module:
    """Return the detector's network, its weights averaged with another's where one is given.

    Raises:
        TrainingError: the two are not of one kind, or the second learned faces that the first held out.
    """
    model = read_model(run.detector)
    if run.mean_with is None:
        return model
    if not 0 <= run.share <= 1:
        raise TrainingError(f"--share is {run.share}. Give the second detector's part, from 0 to 1.")
    other = check_folder(run.mean_with)
    if (other.architecture, other.input_spec) != (before.architecture, before.input_spec):
        raise TrainingError(f"{run.mean_with} is another network or takes another input than {run.detector}.")
    records = [read_json(folder / TRAIN_CONFIG) for folder in (run.detector, run.mean_with)]
    if len({json.dumps([record.get(key) for key in OF_THE_SPLIT]) for record in records}) > 1:
        raise TrainingError(
            f"{run.mean_with} was trained on another split than {run.detector}, so it may have learned faces to "
            "calibrate on. Train it with the same seed, validation fraction, limit and layout."
        )
    second = read_model(run.mean_with)
    for network, settings in ((model, before.settings), (second, other.settings)):
        fold_temperature(network, 1 / settings.temperature)  # as they were trained: temperatures are no part of a mean
    weights = second.state_dict()
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.is_floating_point():
                tensor.lerp_(weights[name], run.share)
    return model


def describe_command(run: Recalibration) -> str:
    """Return the command that repeats a calibration, with folders by name: paths are of one machine."""
    words = ["python", "train/calibrate.py", run_path(run.detector)]
    for root in run.data:
        words += ["--data", short_path(root)]
    if run.mean_with is not None:
        words += ["--mean-with", run_path(run.mean_with), "--share", f"{run.share:g}"]
    words += [flag for flag, given in (("--mirrored", run.mirrored), ("--half", run.half)) if given]
    for key in ("error_rate", "miss_rate", "crop_margin"):
        if (value := getattr(run, key)) is not None:
            words += [f"--{key.replace('_', '-')}", f"{value:g}"]
    return shlex.join([*words, "--output", run_path(run.output)])


def held_out(detector: Path, config: DetectorConfig, data: list[str], workers: int) -> TrainConfig:
    """Return a run that holds the same faces of these data sets out as a detector's own did.

    Raises:
        TrainingError: the detector does not say how its data was split.
    """
    if not (detector / TRAIN_CONFIG).is_file():
        raise TrainingError(f"{detector} has no {TRAIN_CONFIG}, which says what it learned. Train it again.")
    record = read_json(detector / TRAIN_CONFIG)
    split = {key: record[key] for key in OF_THE_SPLIT if key in record}
    return TrainConfig(
        data=data,
        crop_margin=config.settings.crop_margin,
        input_size=config.input_spec.size,
        workers=workers,
        **split,
    )


def describe_calibration(answers: KnownAnswers, settings: DetectorSettings, temperature: float) -> list[str]:
    """Return a line on each data set: AUC, the share that gets a verdict, and errors by the new thresholds.

    `temperature` is what the answers' logits were divided by when they were taken.
    """
    low, high = settings.real_threshold, settings.fake_threshold
    logits = answers.logits.mean(axis=0) * (temperature / settings.temperature)
    probabilities = fake_probabilities(logits)
    lines = [
        f"temperature {settings.temperature:.3f}, real below {low:.3f}, fake above {high:.3f}, novelty limit "
        + ("none" if settings.novelty_limit is None else f"{settings.novelty_limit:.3f}")
    ]
    for name in dict.fromkeys(answers.names.tolist()):
        chosen = answers.names == name
        labels, scores = answers.labels[chosen], probabilities[chosen]
        verdicts = np.array([verdict_of(score, low, high) for score in scores.tolist()])
        try:
            area = f"{auc(labels, scores):.4f}"
        except MetricError:
            area = "none"
        wrong_reals = _share(verdicts[labels == REAL] == "fake")
        wrong_fakes = _share(verdicts[labels == FAKE] == "real")
        lines.append(
            f"{name}: {len(labels)} faces, AUC {area}, {_share(verdicts != 'uncertain')} get a verdict, "
            f"{wrong_reals} of the reals are called fake, {wrong_fakes} of the fakes real"
        )
    return lines


def _share(chosen: np.ndarray) -> str:
    return f"{100 * chosen.mean():.1f} %" if chosen.size else "none"
