"""Selective risk: the share of errors among the pictures that a detector is surest of, and its area (AURC)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from unmask.metrics import METRICS
from unmask.metrics.confusion import THRESHOLD
from unmask.metrics.inputs import check_probabilities
from unmask.metrics.weights import plain, ratio
from unmask.schema import FAKE


def risk_coverage(
    labels: ArrayLike, scores: ArrayLike, weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return coverages (rising to 1) and the share of errors at 0.5 among the pictures covered.

    A picture is surer the farther its probability is from 0.5; pictures that are equally sure enter together. With
    weights [R, N] both are [R, distinct distances].

    Raises:
        MetricError: the input is not one that a metric can be computed on, or a score is no probability.
    """
    checked, probabilities = check_probabilities(labels, scores)
    distances = np.abs(probabilities - THRESHOLD)
    order = np.argsort(-distances, kind="stable")
    ranked = distances[order]
    last_of_tie = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), ranked.size - 1)
    wrong = ((checked == FAKE) != (probabilities >= THRESHOLD))[order]
    counts = np.ones(checked.size) if weights is None else weights[..., order]
    covered = np.cumsum(counts, axis=-1)[..., last_of_tie]
    errors = np.cumsum(counts * wrong, axis=-1)[..., last_of_tie]
    return ratio(covered, covered[..., -1:]), ratio(errors, covered)


@METRICS.register("aurc")
def aurc(labels: ArrayLike, scores: ArrayLike, weights: np.ndarray | None = None) -> float:
    """Return the area under the risk-coverage curve, in [0, 1]; lower is better.

    The mean share of errors over all coverages (Geifman and El-Yaniv, "Selective Classification for Deep Neural
    Networks", NeurIPS 2017). With weights [R, N], an array [R]: one value a resample.

    Raises:
        MetricError: the input is not one that a metric can be computed on, or a score is no probability.

    Example:
        >>> aurc([0, 1, 1], [0.1, 0.8, 0.3])  # the least sure of three is wrong
        0.1111111111111111
    """
    coverages, risks = risk_coverage(labels, scores, weights)
    steps = np.diff(coverages, prepend=0, axis=-1)
    return plain(np.sum(steps * np.nan_to_num(risks), axis=-1))
