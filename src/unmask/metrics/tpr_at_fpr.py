"""TPR at a fixed FPR: how many fakes are caught when few reals may be accused."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from unmask.metrics import METRICS
from unmask.metrics.roc import roc_curve
from unmask.metrics.weights import plain


def tpr_at_fpr(labels: ArrayLike, scores: ArrayLike, most: float, weights: np.ndarray | None = None) -> float:
    """Return the highest true positive rate, in [0, 1], at which at most the share `most` of reals is called fake.

    Read from the points of the ROC curve, never between them: every point is a threshold that can be set. With
    fewer than 1 / `most` reals no real at all may be called fake. With weights [R, N], an array [R].

    Raises:
        MetricError: the input is not one that a metric can be computed on.

    Example:
        >>> tpr_at_fpr([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], most=0.01)
        0.5
    """
    false_positive_rates, true_positive_rates = roc_curve(labels, scores, weights)
    allowed = false_positive_rates <= most + 1e-12  # 5 of 100 is 5 %, whatever the last bit says
    highest = np.max(np.where(allowed, true_positive_rates, 0.0), axis=-1)
    return plain(np.where(np.isnan(false_positive_rates[..., -1]), np.nan, highest))


@METRICS.register("tpr_at_1_percent_fpr")
def tpr_at_1_percent_fpr(labels: ArrayLike, scores: ArrayLike, weights: np.ndarray | None = None) -> float:
    """Return the share of fakes caught while at most 1 % of the reals is called fake; see `tpr_at_fpr`."""
    return tpr_at_fpr(labels, scores, 0.01, weights)


@METRICS.register("tpr_at_5_percent_fpr")
def tpr_at_5_percent_fpr(labels: ArrayLike, scores: ArrayLike, weights: np.ndarray | None = None) -> float:
    """Return the share of fakes caught while at most 5 % of the reals is called fake; see `tpr_at_fpr`."""
    return tpr_at_fpr(labels, scores, 0.05, weights)
