"""Weights of pictures: how a metric is taken over many resamples at once.

A resample of a bootstrap draws some pictures several times and others never, which is a whole number for each
picture. A metric that takes these numbers as weights does a thousand resamples in one sweep over the sorted scores.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def weighted_mean(values: np.ndarray, weights: np.ndarray | None) -> Any:
    """Return the mean of values [N], or the mean under each of R sets of weights [R, N] as an array [R].

    A set of weights that holds no picture gives NaN.
    """
    if weights is None:
        return float(np.mean(values))
    return ratio(weights @ values, weights.sum(axis=-1))


def ratio(part: Any, whole: Any) -> Any:
    """Return part / whole element by element, NaN where there is nothing to share."""
    part, whole = np.broadcast_arrays(np.asarray(part, np.float64), np.asarray(whole, np.float64))
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)


def plain(value: Any) -> Any:
    """Return a float where a metric was taken once, the array [R] where it was taken over resamples."""
    return float(value) if np.ndim(value) == 0 else value
