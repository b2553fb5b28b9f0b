"""Precision: of the pictures called fake, the share that are."""

from __future__ import annotations

from numpy.typing import ArrayLike

from unmask.metrics import METRICS
from unmask.metrics.confusion import THRESHOLD, count_confusion


@METRICS.register("precision")
def precision(labels: ArrayLike, scores: ArrayLike, threshold: float = THRESHOLD) -> float:
    """Return the share of fakes among the pictures called fake, in [0, 1]; 0 when none is called fake.

    Raises:
        MetricError: the input is not one that a metric can be computed on.

    Example:
        >>> precision([0, 0, 1, 1], [0.1, 0.6, 0.35, 0.8])
        0.5
    """
    counts = count_confusion(labels, scores, threshold)
    called_fake = counts.true_positives + counts.false_positives
    return counts.true_positives / called_fake if called_fake else 0.0
