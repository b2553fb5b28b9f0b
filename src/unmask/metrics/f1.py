"""F1: the harmonic mean of precision and recall."""

from __future__ import annotations

from numpy.typing import ArrayLike

from unmask.metrics import METRICS
from unmask.metrics.confusion import THRESHOLD, count_confusion


@METRICS.register("f1")
def f1(labels: ArrayLike, scores: ArrayLike, threshold: float = THRESHOLD) -> float:
    """Return the harmonic mean of precision and recall, in [0, 1].

    Raises:
        MetricError: the input is not one that a metric can be computed on.

    Example:
        >>> f1([0, 0, 1, 1], [0.1, 0.6, 0.35, 0.8])
        0.5
    """
    counts = count_confusion(labels, scores, threshold)
    mistakes = counts.false_positives + counts.false_negatives
    return 2 * counts.true_positives / (2 * counts.true_positives + mistakes)
