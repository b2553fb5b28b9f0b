"""Scoring: every picture and clip of a data set through the detector, as a user would, none dropped in silence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from unmask.data.names import dataset_name, first_free, is_remote, short_path
from unmask.errors import DataError, UnreadableImage, UnreadableVideo
from unmask.media.video_bytes import is_clip
from unmask.schema import ImagePrediction, Sample, VideoPrediction
from unmask.verdicts import most_fake

if TYPE_CHECKING:
    from unmask.detector import Detector

UNREADABLE = "unreadable"
"""Stands where a verdict would, for a picture or clip that could not be read."""
WORKERS = 2
"""ONNX Runtime and OpenCV let other threads run; small networks gain from pictures side by side."""


@dataclass(frozen=True)
class ImageScore:
    """What the detector said of one picture or clip of the data set.

    `file` is relative to the data set's folder. `fake_probability` is None for one that could not be read or has
    no face; `verdict` then says `unreadable` or `no_face`. `reasons` are those of the face or person that decides: what
    keeps its verdict back or weakens it.
    """

    file: str
    label: int
    fake_probability: float | None
    verdict: str
    source_id: str
    method: str
    video_id: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class DatasetScores:
    """All pictures of one data set, scored by one detector, in the order of the samples.

    `split` is None where the pictures come from several splits or the data set has none. `available`
    is the number of pictures that the scored ones were selected from.
    """

    name: str
    short_path: str
    split: str | None
    available: int
    seen_in_training: bool
    face_finder: str
    rows: tuple[ImageScore, ...]

    @property
    def title(self) -> str:
        """The name, with the split where there is one."""
        return f"{self.name} ({self.split})" if self.split else self.name

    @property
    def scored(self) -> tuple[ImageScore, ...]:
        """The pictures that got a probability: readable and with a face."""
        return tuple(row for row in self.rows if row.fake_probability is not None)

    def labels_and_scores(self) -> tuple[np.ndarray, np.ndarray]:
        """Return int64 labels [N] and float64 fake probabilities [N] of the scored pictures."""
        labels = np.array([row.label for row in self.scored], dtype=np.int64)
        return labels, np.array([row.fake_probability for row in self.scored], dtype=np.float64)


def score_dataset(
    detector: Detector,
    samples: Sequence[Sample],
    *,
    root: Path | str | None = None,
    available: int | None = None,
    progress: bool = True,
) -> DatasetScores:
    """Run the detector on every sample as a user would get it, file in and verdict out.

    A clip is judged by its frames, spread over it, and its row is that of the clip. What is unreadable or without a
    face keeps its row, without a number: it is counted in the report and left out of the metrics.

    Args:
        detector: the detector to score.
        samples: labelled pictures or clips of one data set.
        root: what the data set was asked for by, which names it: its folder, hub:user/name or kaggle:user/name;
            None takes the folder all samples share.
        available: how many pictures the samples were selected from, when they are a selection.
        progress: show a progress bar on a terminal.

    Raises:
        DataError: there is no sample.
        DetectorError: the detector cannot run.
        UnreadableVideo: there are clips, and PyAV, which reads them, is not installed.
    """
    if not samples:
        raise DataError("There is no picture to score. Check the data folder and the split.")
    folder = _shared_folder(samples) if root is None or is_remote(root) else Path(root)
    root = folder if root is None else root
    name = dataset_name(root)
    rows = tqdm(
        _score_in_order(detector, samples, folder),
        total=len(samples),
        desc=name,
        unit="clip" if all(is_clip(sample.path) for sample in samples) else "image",
        disable=None if progress else True,
    )
    splits = {sample.split for sample in samples}
    return DatasetScores(
        name=name,
        short_path=short_path(root),
        split=splits.pop() if len(splits) == 1 else None,
        available=len(samples) if available is None else available,
        seen_in_training=_is_among(name, detector.settings.trained_on),
        face_finder=detector.face_finder.name,
        rows=tuple(rows),
    )


def tell_apart(datasets: Sequence[DatasetScores]) -> list[DatasetScores]:
    """Return the scores under names that no other of the same split has: the second `faces` becomes `faces-2`."""
    named: list[DatasetScores] = []
    for scores in datasets:
        taken = [each.name for each in named if each.split == scores.split]
        named.append(replace(scores, name=first_free(scores.name, taken)))
    return named


def _score_in_order(detector: Detector, samples: Sequence[Sample], root: Path) -> Iterator[ImageScore]:
    """Yield one row per sample, in order, a few pictures being worked on at a time."""
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="score")
    try:
        yield from pool.map(partial(_score_one, detector, root), samples)
    finally:
        # Reached on Ctrl-C and on errors too: pictures not yet begun are not waited for.
        pool.shutdown(cancel_futures=True)


def _score_one(detector: Detector, root: Path, sample: Sample) -> ImageScore:
    """Score one picture or clip; only a file that cannot be read is caught."""
    try:
        prediction = (detector.predict_video if is_clip(sample.path) else detector.predict_image)(sample.path)
        probability, verdict = prediction.fake_probability, str(prediction.verdict)
        reasons = _reasons_of(prediction)
    except (UnreadableImage, UnreadableVideo) as error:
        if isinstance(error.__cause__, ImportError):  # no clip could be read here: that is said, not counted
            raise
        probability, verdict, reasons = None, UNREADABLE, ()
    path = Path(sample.path)
    file = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    said = file, sample.label, probability, verdict
    return ImageScore(*said, sample.source_id, sample.method, sample.video_id, reasons)


def _reasons_of(prediction: ImagePrediction | VideoPrediction) -> tuple[str, ...]:
    """Return the reasons of the face or person that decides."""
    if isinstance(prediction, VideoPrediction):
        person = most_fake(prediction.people)
        return person.reasons if person else ()
    face = most_fake(prediction.faces)
    return face.reasons if face else ()


def _shared_folder(samples: Sequence[Sample]) -> Path:
    """Return the deepest folder that all samples lie in."""
    first, *others = [Path(sample.path) for sample in samples]
    return next(folder for folder in first.parents if all(other.is_relative_to(folder) for other in others))


def _is_among(name: str, trained_on: Sequence[str]) -> bool:
    """Say whether the data set, or a split of it, is one of those the detector was trained on."""
    return any(name.lower() in (entry.lower(), *entry.lower().split("/")) for entry in trained_on)
