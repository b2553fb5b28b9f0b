"""EER: the error rate where reals and fakes are missed equally often."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from unmask.metrics import METRICS
from unmask.metrics.roc import roc_curve


@METRICS.register("eer")
def eer(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the equal error rate, in [0, 1]; lower is better, 0.5 is chance.

    It is the rate at the threshold where false positives among the reals are as frequent as false
    negatives among the fakes; between two points of the ROC curve both are taken on the straight line.

    Raises:
        MetricError: the input is not one that a metric can be computed on.

    Example:
        >>> eer([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        0.5
    """
    false_positive_rates, true_positive_rates = roc_curve(labels, scores)
    # Each point adds a real or a fake, so the gap strictly rises, from -1 to 1, and crosses 0 once.
    gap = false_positive_rates - (1 - true_positive_rates)
    return float(np.interp(0.0, gap, false_positive_rates))
