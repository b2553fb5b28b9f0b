"""Recall: of the fakes, the share called fake."""

from __future__ import annotations

from numpy.typing import ArrayLike

from unmask.metrics import METRICS
from unmask.metrics.confusion import THRESHOLD, count_confusion


@METRICS.register("recall")
def recall(labels: ArrayLike, scores: ArrayLike, threshold: float = THRESHOLD) -> float:
    """Return the share of the fakes that are called fake, in [0, 1].

    Raises:
        MetricError: the input is not one that a metric can be computed on.

    Example:
        >>> recall([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        0.5
    """
    counts = count_confusion(labels, scores, threshold)
    return counts.true_positives / (counts.true_positives + counts.false_negatives)
