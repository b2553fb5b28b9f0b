"""Calibration: what a network makes of the validation faces to a detector that knows when it cannot say."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from unmask.activation_maps import features_and_texture, pooled_features
from unmask.augmentations import compose
from unmask.augmentations.drawn import STYLES, make_drawn
from unmask.calibration import fake_probabilities, fit_temperature, fit_thresholds
from unmask.data.faces_dataset import seeded
from unmask.export import fold_temperature, write_detector
from unmask.novelty import fit_novelty
from unmask.preprocessing import denormalise, normalise
from unmask.schema import DetectorSettings, InputSpec
from unmask.training.validating import loaded_batches

WORSENED: tuple[dict[str, dict[str, float]], ...] = (
    {"noise": {"lowest": 2, "highest": 25, "p": 1}},
    {"blur": {"lowest": 0.4, "highest": 3, "p": 1}},
    {"jpeg": {"lowest": 10, "highest": 60, "p": 1}},
    {"colour": {"brightness": 0.4, "contrast": 0.6, "saturation": 0.9, "p": 1}},
    {"down_up": {"most": 4, "p": 1}},
    {"webp": {"lowest": 10, "highest": 60, "p": 1}},
    {"greyscale": {"p": 1}},
)
"""What a photograph goes through and is one still: it is not to be taken for a drawing."""


@dataclass(frozen=True)
class KnownAnswers:
    """What a network makes of faces whose answer is known.

    `logits` [V, N, 2], `features` [V, N, D] (None where the network pools none) and `textures` [V, N, C] are of each
    view: the crop, and its mirror image where the detector is to average both. `worsened` and `drawn` [N, C] are the
    textures of a worsened and of a drawn version of each crop. `labels`, `names` of data sets and `sources` are of
    each face.
    """

    logits: np.ndarray
    features: np.ndarray | None
    textures: np.ndarray
    worsened: np.ndarray
    drawn: np.ndarray
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
    textures: list[list[np.ndarray]] = []
    rows: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    for batch, batch_labels, batch_rows in tqdm(loaded_batches(loader), "Calibrating", len(loader), False, delay=2):
        versions = [batch, batch.flip(3)] if mirrored else [batch]
        seen = [features_and_texture(model, _moved(view, device)) for view in versions]
        logits.append([_array(model.forward_head(grid)) for grid, _ in seen])
        vectors = [pooled_features(model, grid) for grid, _ in seen]
        pooled.append([_array(vector) for vector in vectors if vector is not None])
        for changed in changed_versions(batch, batch_rows.tolist(), faces.spec):
            seen.append(features_and_texture(model, _moved(changed, device)))
        textures.append([_array(texture) for _, texture in seen])
        rows.append(batch_rows.numpy())
        labels.append(batch_labels.numpy())
    order = np.concatenate(rows).tolist()
    *views, worsened, drawn = np.concatenate(textures, axis=1)
    return KnownAnswers(
        logits=np.concatenate(logits, axis=1),
        features=np.concatenate(pooled, axis=1) if all(pooled) else None,
        textures=np.stack(views),
        worsened=worsened,
        drawn=drawn,
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
    if answers.features is not None:
        fitted = fit_novelty(answers.features, answers.textures, answers.worsened, answers.drawn, answers.sources)
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


def changed_versions(batch: torch.Tensor, rows: list[int], spec: InputSpec) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a worsened and a drawn version of each of a batch of model inputs [N, 3, S, S].

    The rows of the faces say which of the ways and styles, by turns, and how strongly.
    """
    crops = denormalise(batch.numpy(), spec)
    worse = [_worsened(crop, row) for crop, row in zip(crops, rows, strict=True)]
    styles = list(STYLES)
    drawn = [
        make_drawn(crop, styles[row % len(styles)], np.random.default_rng(row))
        for crop, row in zip(crops, rows, strict=True)
    ]
    return _inputs(worse, spec), _inputs(drawn, spec)


def _worsened(crop: np.ndarray, row: int) -> np.ndarray:
    with seeded(row):
        changed = compose([WORSENED[row % len(WORSENED)]])(torch.from_numpy(crop).permute(2, 0, 1))
    return changed.permute(1, 2, 0).numpy()


def _inputs(crops: list[np.ndarray], spec: InputSpec) -> torch.Tensor:
    return torch.from_numpy(np.stack([normalise(crop, spec) for crop in crops]))


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.float().cpu().numpy()


def _moved(batch: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return a batch on the device, in the memory order that convolutions run fastest in."""
    return batch.to(device).contiguous(memory_format=torch.channels_last)
