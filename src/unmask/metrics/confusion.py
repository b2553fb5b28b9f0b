"""The confusion matrix that the thresholded metrics are made of."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from unmask.metrics.inputs import check_inputs
from unmask.schema import FAKE

THRESHOLD = 0.5


class Confusion(NamedTuple):
    """Counts of pictures; fake is the positive class."""

    true_negatives: int
    false_positives: int
    false_negatives: int
    true_positives: int


def count_confusion(labels: ArrayLike, scores: ArrayLike, threshold: float = THRESHOLD) -> Confusion:
    """Count the four outcomes; a score at or above the threshold says fake.

    Raises:
        MetricError: the input is not one that a metric can be computed on.
    """
    return confusion_of(*check_inputs(labels, scores), threshold=threshold)


def confusion_of(labels: np.ndarray, scores: np.ndarray, threshold: float = THRESHOLD) -> Confusion:
    """Count the four outcomes of arrays that may hold one class only, or nothing at all."""
    is_fake, says_fake = labels == FAKE, scores >= threshold
    return Confusion(
        true_negatives=int(np.sum(~is_fake & ~says_fake)),
        false_positives=int(np.sum(~is_fake & says_fake)),
        false_negatives=int(np.sum(is_fake & ~says_fake)),
        true_positives=int(np.sum(is_fake & says_fake)),
    )
