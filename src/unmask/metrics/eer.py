"""EER: the error rate where reals and fakes are missed equally often."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from unmask.metrics import METRICS
from unmask.metrics.roc import roc_curve
from unmask.metrics.weights import plain


@METRICS.register("eer")
def eer(labels: ArrayLike, scores: ArrayLike, weights: np.ndarray | None = None) -> float:
    """Return the equal error rate, in [0, 1]; lower is better, 0.5 is chance.

    It is the rate at the threshold where false positives among the reals are as frequent as false
    negatives among the fakes; between two points of the ROC curve both are taken on the straight line.
    With weights [R, N], an array [R]: one value a resample.

    Raises:
        MetricError: the input is not one that a metric can be computed on.

    Example:
        >>> eer([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        0.5
    """
    false_positive_rates, true_positive_rates = roc_curve(labels, scores, weights)
    # The gap rises from -1 to 1 along the curve: the last point below 0 and the first that is not enclose it.
    gap = false_positive_rates - (1 - true_positive_rates)
    after = np.argmax(gap >= 0, axis=-1)[..., None]
    before = np.maximum(after - 1, 0)  # 0 only where all is NaN
    low, high = (np.take_along_axis(gap, place, axis=-1) for place in (before, after))
    start, end = (np.take_along_axis(false_positive_rates, place, axis=-1) for place in (before, after))
    return plain((start + (end - start) * -low / (high - low + (high == low)))[..., 0])
