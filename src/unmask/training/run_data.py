"""The faces of a run: data folders to a training and a validation set."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from datasets import Dataset

from unmask.augmentations import compose
from unmask.data.audit.quick import quick_audit
from unmask.data.face_table import face_table, usable_rows
from unmask.data.faces_dataset import CropJitter, FacesDataset
from unmask.data.layouts import read_samples
from unmask.data.names import dataset_names
from unmask.data.splits import choose_splits
from unmask.errors import TrainingError
from unmask.hub.datasets import fetch_data_set
from unmask.schema import FAKE, LABEL_NAMES, InputSpec, Sample
from unmask.training.config import TrainConfig

Item = TypeVar("Item")


@dataclass(frozen=True)
class RunData:
    """Training and validation faces, the data sets' names, and how many pictures were left out and why.

    `sides` are all pictures by the side of the split they are on, those without a face too; `validation_samples`
    are the validation pictures of each data set as it was given.
    `fingerprint` tells these training faces from any others, on whatever machine they lie.
    """

    train: FacesDataset
    validation: FacesDataset
    names: tuple[str, ...]
    left_out: dict[str, int]
    sides: dict[str, list[Sample]]
    validation_samples: tuple[tuple[str, list[Sample]], ...]
    fingerprint: str


def read_run_data(
    config: TrainConfig, spec: InputSpec, face_model: Path | None, say: Callable[[str], None] | None = None
) -> RunData:
    """Return the faces of every data folder, split by source.

    Args:
        config: The run.
        spec: What its network takes.
        face_model: YuNet file, or None for the Haar cascade.
        say: Called with a line on each thing in the data that would make a score dishonest; None looks for none.

    Raises:
        TrainingError: no data folder was named, or one of the classes is missing.
        DataError: a folder is not what its layout promises.
    """
    if not config.data:
        raise TrainingError("There is no data to train on. Name a folder: --data ROOT.")
    names = dataset_names(config.data)
    train, validation, held_out = _cut(config, names)
    for side, part in (("training", train), ("validation", validation)):
        _check_classes(side, part, blended=config.self_blended > 0)
    sides = {"train": _prefixed(train), "validation": _prefixed(validation)}
    if say:
        _audit(sides, say)
    train_rows, left_train = usable_rows(face_table(train, face_model, config.workers))
    validation_rows, left_validation = usable_rows(face_table(validation, face_model, config.workers))
    for side, rows, left in (("training", train_rows, left_train), ("validation", validation_rows, left_validation)):
        _check_faces(side, rows, left, blended=config.self_blended > 0)
    # Fakes made from real faces are judged by real fakes where there are any.
    blended = 0.0 if FAKE in validation_rows["label"] else config.self_blended
    augment = compose(config.augmentations)
    worsen = compose(config.worsened) if config.worsened else None
    return RunData(
        train=FacesDataset(
            train_rows,
            spec,
            config.crop_margin,
            augment,
            worsen,
            config.seed,
            self_blended=config.self_blended,
            swapped=config.swapped,
            jitter=CropJitter(config.smallest_crop, config.largest_crop),
        ),
        validation=FacesDataset(validation_rows, spec, config.crop_margin, self_blended=blended),
        names=tuple(names),
        left_out=dict(Counter(left_train) + Counter(left_validation)),
        sides=sides,
        validation_samples=tuple(held_out),
        fingerprint=_fingerprint(train_rows),
    )


def read_validation_faces(config: TrainConfig, spec: InputSpec, face_model: Path | None) -> FacesDataset:
    """Return the validation faces that a run of this configuration holds out, without a look at the others.

    Raises:
        TrainingError: a class is missing, or has no face.
        DataError: a folder is not what its layout promises.
    """
    _, validation, _ = _cut(config, dataset_names(config.data))
    _check_classes("validation", validation, blended=False)
    rows, left = usable_rows(face_table(validation, face_model, config.workers))
    _check_faces("validation", rows, left, blended=False)
    return FacesDataset(rows, spec, config.crop_margin)


def _cut(
    config: TrainConfig, names: list[str]
) -> tuple[list[tuple[str, Sample]], list[tuple[str, Sample]], list[tuple[str, list[Sample]]]]:
    """Return training and validation samples with their data set's name, and the latter by data set as given."""
    train: list[tuple[str, Sample]] = []
    validation: list[tuple[str, Sample]] = []
    held_out: list[tuple[str, list[Sample]]] = []
    for given, name in zip(config.data, names, strict=True):
        samples = spread(read_samples(fetch_data_set(given), config.layout), config.limit)
        parts = choose_splits(samples, config.seed, config.validation_fraction)
        train += [(name, sample) for sample in parts[0]]
        validation += [(name, sample) for sample in parts[1]]
        held_out.append((given, parts[1]))
    return train, validation, held_out


def _audit(sides: dict[str, list[Sample]], say: Callable[[str], None]) -> None:
    """Say what the quick audit finds in the data as the run splits it."""
    for line in quick_audit([dataclasses.replace(s, split=side) for side, part in sides.items() for s in part]):
        say(line)


def _fingerprint(rows: Dataset) -> str:
    """Return a digest of the faces in their order: names of files, not their folders, which differ by machine."""
    digest = hashlib.sha256()
    for path, label, box in zip(rows["path"], rows["label"], rows["box"], strict=True):
        digest.update(repr((Path(path).name, label, list(box))).encode())
    return digest.hexdigest()


def _prefixed(part: list[tuple[str, Sample]]) -> list[Sample]:
    """Return the samples with source ids that are unique across data sets."""
    return [dataclasses.replace(s, source_id=f"{name}/{s.source_id}") for name, s in part]


def spread(items: list[Item], limit: int) -> list[Item]:
    """Return at most `limit` items spread over the whole list, 0 for all."""
    if not limit or len(items) <= limit:
        return items
    return [items[index * len(items) // limit] for index in range(limit)]


def _check_faces(side: str, rows: Dataset, left_out: dict[str, int], blended: bool) -> None:
    """Raise TrainingError where no picture of a class has a face, unless its faces are made on the fly."""
    if name := _missing_class(rows["label"], blended):
        why = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
        raise TrainingError(
            f"No face was found in the {side} pictures that are {name}; of both classes {why}. "
            "Look at some with `unmask predict`; --face-model names YuNet's file, which finds more."
        )


def _check_classes(side: str, part: list[tuple[str, Sample]], blended: bool) -> None:
    """Raise TrainingError where a class is missing, unless its faces are made on the fly."""
    if name := _missing_class((sample.label for _, sample in part), blended):
        raise TrainingError(f"The {side} data has no {name} face. Add a data set that has some.")


def _missing_class(labels: Iterable[int], blended: bool) -> str | None:
    """Return the name of a class that no label says, None where both are there or fakes are made on the fly."""
    present = {*labels, FAKE} if blended else {*labels}
    return next((name for label, name in enumerate(LABEL_NAMES) if label not in present), None)
