"""Average precision: the precision at each step of recall, weighted by the step."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from unmask.metrics import METRICS
from unmask.metrics.inputs import check_inputs
from unmask.metrics.roc import count_above
from unmask.metrics.weights import plain, ratio


@METRICS.register("average_precision")
def average_precision(labels: ArrayLike, scores: ArrayLike, weights: np.ndarray | None = None) -> float:
    """Return the average precision (AP), in [0, 1]; the share of fakes in the set is chance.

    The sum over distinct scores, without interpolation, as scikit-learn defines it. With weights [R, N], an
    array [R]: one value a resample.

    Raises:
        MetricError: the input is not one that a metric can be computed on.

    Example:
        >>> round(average_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
        0.8333
    """
    reals, fakes = count_above(*check_inputs(labels, scores), weights)
    recall_steps = ratio(np.diff(fakes, prepend=0, axis=-1), fakes[..., -1:])
    # Scores above all that a resample drew have no precision, and no step of recall either.
    return plain(np.sum(recall_steps * np.nan_to_num(ratio(fakes, reals + fakes)), axis=-1))
