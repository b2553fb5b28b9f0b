"""Accuracy: the share of pictures on the right side of the threshold."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from unmask.metrics import METRICS
from unmask.metrics.confusion import THRESHOLD
from unmask.metrics.inputs import check_inputs
from unmask.metrics.weights import weighted_mean
from unmask.schema import FAKE


@METRICS.register("accuracy")
def accuracy(
    labels: ArrayLike, scores: ArrayLike, threshold: float = THRESHOLD, weights: np.ndarray | None = None
) -> float:
    """Return the share of pictures judged right, in [0, 1].

    With weights [R, N], an array [R]: one value a resample.

    Raises:
        MetricError: the input is not one that a metric can be computed on.

    Example:
        >>> accuracy([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        0.75
    """
    checked, values = check_inputs(labels, scores)
    return weighted_mean((checked == FAKE) == (values >= threshold), weights)
