"""The ROC curve that the ranking metrics are read from."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from unmask.metrics.inputs import check_inputs


def count_above(labels: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how many reals and how many fakes stand at or above each distinct score, highest first.

    Pictures of equal score enter together, so that no curve depends on the order of the input.
    """
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last_of_tie = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), scores.size - 1)
    fakes = np.cumsum(labels[order])[last_of_tie]
    return last_of_tie + 1 - fakes, fakes


def roc_curve(labels: ArrayLike, scores: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return the false and the true positive rates from (0, 0) to (1, 1), one point a distinct score.

    Raises:
        MetricError: the input is not one that a metric can be computed on.
    """
    reals, fakes = count_above(*check_inputs(labels, scores))
    false_positive_rates = np.concatenate([[0.0], reals / reals[-1]])
    true_positive_rates = np.concatenate([[0.0], fakes / fakes[-1]])
    return false_positive_rates, true_positive_rates
