"""Calibration: what a network makes of the validation faces to a detector that knows when it cannot say."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from unmask.activation_maps import pooled_features
from unmask.augmentations.drawn import STYLES, make_drawn
from unmask.calibration import fake_probabilities, fit_temperature, fit_thresholds
from unmask.export import fold_temperature, write_detector
from unmask.novelty import fit_novelty
from unmask.preprocessing import denormalise, normalise
from unmask.schema import DetectorSettings, InputSpec
from unmask.training.validating import loaded_batches


@dataclass(frozen=True)
class KnownAnswers:
    """What a network makes of faces whose answer is known.

    `logits` [V, N, 2] and `features` [V, N, D] (None where the network pools none) are of each view: the crop,
    and its mirror image where the detector is to average both. `drawn` [N, D] are the features of a drawn version
    of each crop (None likewise). `labels`, `names` of data sets and `sources` are of each face.
    """

    logits: np.ndarray
    features: np.ndarray | None
    drawn: np.ndarray | None
    labels: np.ndarray
    names: np.ndarray
    sources: list[str]


@torch.no_grad()
def judge_views(model: nn.Module, loader: DataLoader, device: torch.device, mirrored: bool) -> KnownAnswers:
    """Return what a network makes of every face that a loader of a `FacesDataset` gives.

    Raises:
        TrainingError: a picture could not be loaded.
    """
    model.eval()
    faces = loader.dataset
    logits: list[list[np.ndarray]] = []
    pooled: list[list[np.ndarray]] = []
    drawn: list[np.ndarray] = []
    rows: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    for batch, batch_labels, batch_rows in tqdm(loaded_batches(loader), "Calibrating", len(loader), False, delay=2):
        views = [batch, batch.flip(3)] if mirrored else [batch]
        features = [model.forward_features(_moved(view, device)) for view in views]
        logits.append([model.forward_head(grid).float().cpu().numpy() for grid in features])
        vectors = [pooled_features(model, grid) for grid in features]
        pooled.append([vector.float().cpu().numpy() for vector in vectors if vector is not None])
        if pooled[-1]:
            vector = pooled_features(model, model.forward_features(_moved(_drawn_versions(batch, faces.spec), device)))
            assert vector is not None  # the network pools: it did so for the crops
            drawn.append(vector.float().cpu().numpy())
        rows.append(batch_rows.numpy())
        labels.append(batch_labels.numpy())
    order = np.concatenate(rows).tolist()
    return KnownAnswers(
        logits=np.concatenate(logits, axis=1),
        features=np.concatenate(pooled, axis=1) if all(pooled) else None,
        drawn=np.concatenate(drawn) if drawn else None,
        labels=np.concatenate(labels),
        names=np.asarray([faces.dataset_names[row] for row in order]),
        sources=[faces.source_ids[row] for row in order],
    )


def write_calibrated(
    model: nn.Module,
    architecture: str,
    spec: InputSpec,
    settings: DetectorSettings,
    answers: KnownAnswers,
    folder: Path,
) -> DetectorSettings:
    """Fit all that a detector needs to abstain, write its folder, and return its settings.

    The temperature is folded into the network's head, in place; `settings.temperature` is what was folded into
    it before. Thresholds keep `settings.promise` on each data set with enough faces.

    Args:
        model: The network that gave the answers, on any device.
        architecture: Its name in timm.
        spec: Its input.
        settings: What is known beforehand; temperature, thresholds and novelty limit are replaced.
        answers: What the network makes of faces that it did not learn, as `judge_views` gives it.
        folder: Where the detector is written to.

    Raises:
        MetricError: one of the classes is missing.
        UnmaskError: the exported network differs from this one.
    """
    assert settings.promise is not None
    mean = answers.logits.mean(axis=0)
    folded = fold_temperature(model, fit_temperature(mean, answers.labels))
    real, fake = fit_thresholds(fake_probabilities(mean / folded), answers.labels, answers.names, *settings.promise)
    fitted = None
    if answers.features is not None and answers.drawn is not None:
        fitted = fit_novelty(answers.features, answers.drawn, answers.sources)
    settings = dataclasses.replace(
        settings,
        temperature=settings.temperature * folded,
        real_threshold=real,
        fake_threshold=fake,
        calibrated_on=f"{len(answers.labels)} validation faces of {', '.join(dict.fromkeys(answers.names.tolist()))}",
        novelty_limit=fitted[1] if fitted else None,
    )
    write_detector(model, architecture, spec, settings, folder, fitted[0] if fitted else None)
    return settings


def _drawn_versions(batch: torch.Tensor, spec: InputSpec) -> torch.Tensor:
    """Return a drawn version of each of a batch of model inputs [N, 3, S, S], in all styles by turns."""
    crops = denormalise(batch.numpy(), spec)
    styles = itertools.cycle(STYLES)
    return torch.from_numpy(np.stack([normalise(make_drawn(crop, next(styles)), spec) for crop in crops]))


def _moved(batch: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return a batch on the device, in the memory order that convolutions run fastest in."""
    return batch.to(device).contiguous(memory_format=torch.channels_last)
