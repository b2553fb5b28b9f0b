"""Brier score: the mean squared distance of the fake probability from the truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from unmask.metrics import METRICS
from unmask.metrics.inputs import check_probabilities
from unmask.metrics.weights import weighted_mean


@METRICS.register("brier_score")
def brier_score(labels: ArrayLike, scores: ArrayLike, weights: np.ndarray | None = None) -> float:
    """Return the Brier score, in [0, 1]; lower is better, and always saying 0.5 gives 0.25.

    Brier, "Verification of forecasts expressed in terms of probability", 1950, in its form for two classes. With
    weights [R, N], an array [R]: one value a resample.

    Raises:
        MetricError: the input is not one that a metric can be computed on, or a score is no probability.

    Example:
        >>> round(brier_score([0, 1], [0.1, 0.6]), 3)
        0.085
    """
    checked, probabilities = check_probabilities(labels, scores)
    return weighted_mean((probabilities - checked) ** 2, weights)
