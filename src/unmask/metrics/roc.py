"""The ROC curve that the ranking metrics are read from."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from unmask.metrics.inputs import check_inputs
from unmask.metrics.weights import ratio


def count_above(
    labels: np.ndarray, scores: np.ndarray, weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return how many reals and how many fakes stand at or above each distinct score, highest first.

    Pictures of equal score enter together, so that no curve depends on the order of the input. With weights
    [R, N] the counts are [R, distinct scores], one row a resample.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, is_fake = scores[order], labels[order]
    last_of_tie = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), scores.size - 1)
    counts = np.ones_like(is_fake) if weights is None else weights[..., order]
    fakes = np.cumsum(counts * is_fake, axis=-1)[..., last_of_tie]
    reals = np.cumsum(counts * (1 - is_fake), axis=-1)[..., last_of_tie]
    return reals, fakes


def roc_curve(labels: ArrayLike, scores: ArrayLike, weights: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the false and the true positive rates from (0, 0) to (1, 1), one point a distinct score.

    With weights [R, N] there is a row for each resample; one that lacks a class is all NaN.

    Raises:
        MetricError: the input is not one that a metric can be computed on.
    """
    reals, fakes = count_above(*check_inputs(labels, scores), weights)
    return _from_zero(reals), _from_zero(fakes)


def _from_zero(counts: np.ndarray) -> np.ndarray:
    """Return counts that rise to their total as rates that rise from 0 to 1."""
    return ratio(np.concatenate([np.zeros((*counts.shape[:-1], 1)), counts], axis=-1), counts[..., -1:])
