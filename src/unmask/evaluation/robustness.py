"""Robustness: the same faces after every corruption at every strength.

The faces are found once, on the clean picture, and their boxes serve for all of its versions: what is measured is
the network, not the finder. A picture of at most 512 pixels a side is corrupted whole; of a larger one the part that
holds all its crops, with half a crop more on each side, which is what a face's pixels can depend on and far faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from unmask.errors import UnreadableImage
from unmask.evaluation.corruptions import CORRUPTIONS, STRENGTHS, corrupt
from unmask.evaluation.scoring import WORKERS
from unmask.media.images import read_image
from unmask.preprocessing import crop_face, cut_part
from unmask.schema import Box, Sample

if TYPE_CHECKING:
    from unmask.detector import Detector


def score_corrupted(
    detectors: Sequence[Detector], samples: Sequence[Sample], names: Sequence[str], *, progress: bool = True
) -> np.ndarray:
    """Return fake probabilities, float64 [detectors, pictures, 1 + 5 per corruption]; the first column is clean.

    A picture's probability is that of its most fake face, as in `Detector.predict_image`. A picture that cannot be
    read or has no face is NaN throughout.

    Args:
        detectors: who judges; the first one's face finder gives the boxes to all.
        samples: the pictures.
        names: each picture's name, relative to its data set, which seeds its corruptions.
        progress: show a progress bar.
    """
    columns = 1 + len(CORRUPTIONS) * len(STRENGTHS)
    pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="corrupt")
    try:
        rows = pool.map(lambda sample, name: _score_versions(detectors, sample, name), samples, names)
        shown = tqdm(rows, total=len(samples), desc="Corrupting", unit="image", disable=None if progress else True)
        missing = np.full((len(detectors), columns), np.nan)
        return np.stack([missing if row is None else row for row in shown], axis=1)
    finally:
        pool.shutdown(cancel_futures=True)


def _score_versions(detectors: Sequence[Detector], sample: Sample, name: str) -> np.ndarray | None:
    """Return the probabilities [detectors, columns] of one picture, or None where there is no face to judge.

    The versions of one corruption at a time are in memory.
    """
    try:
        image = read_image(sample.path)
    except UnreadableImage:
        return None
    boxes = [face.box for face in detectors[0].face_finder.find_faces(image)]
    if not boxes:
        return None
    margin = max(detector.settings.crop_margin for detector in detectors)
    part, boxes = cut_part(image, boxes, margin)
    columns = [_judge(detectors, [part], boxes)]
    for corruption in CORRUPTIONS:
        versions = [corrupt(part, corruption, strength, name) for strength in STRENGTHS]
        columns.append(_judge(detectors, versions, boxes))
    return np.concatenate(columns, axis=1)


def _judge(detectors: Sequence[Detector], versions: Sequence[np.ndarray], boxes: Sequence[Box]) -> np.ndarray:
    """Return the probability of each version's most fake face, [detectors, versions]."""
    results = []
    for detector in detectors:
        margin = detector.settings.crop_margin
        crops = [crop_face(version, box, margin) for version in versions for box in boxes]
        results.append(detector.score_faces(crops).reshape(len(versions), len(boxes)).max(axis=1))
    return np.stack(results)
