"""AUC: the chance that a fake scores above a real."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from unmask.metrics import METRICS
from unmask.metrics.roc import roc_curve
from unmask.metrics.weights import plain


@METRICS.register("auc")
def auc(labels: ArrayLike, scores: ArrayLike, weights: np.ndarray | None = None) -> float:
    """Return the area under the ROC curve, in [0, 1]; a tie counts as half, 0.5 is chance.

    With weights [R, N], an array [R]: one value a resample.

    Raises:
        MetricError: the input is not one that a metric can be computed on.

    Example:
        >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        0.75
    """
    false_positive_rates, true_positive_rates = roc_curve(labels, scores, weights)
    heights = (true_positive_rates[..., 1:] + true_positive_rates[..., :-1]) / 2
    return plain(np.sum(np.diff(false_positive_rates) * heights, axis=-1))
