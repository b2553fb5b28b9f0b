"""Expected calibration error: how far the fake probability is from the share of fakes at that probability."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from unmask.metrics import METRICS
from unmask.metrics.inputs import check_probabilities
from unmask.metrics.weights import plain, ratio

BINS = 15
"""Of equal width over [0, 1], so that a bin means the same probabilities on every data set and resample."""


@METRICS.register("expected_calibration_error")
def expected_calibration_error(labels: ArrayLike, scores: ArrayLike, weights: np.ndarray | None = None) -> float:
    """Return the expected calibration error (ECE) over 15 bins of equal width, in [0, 1]; lower is better.

    Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015, of the probability
    of fake: each bin's distance between mean probability and share of fakes, weighted by the bin's pictures. With
    weights [R, N], an array [R]. On few pictures it is too high, and higher still on resamples.

    Raises:
        MetricError: the input is not one that a metric can be computed on, or a score is no probability.

    Example:
        >>> round(expected_calibration_error([0, 1], [0.1, 0.6]), 3)
        0.25
    """
    checked, probabilities = check_probabilities(labels, scores)
    members = bin_of(probabilities)[:, None] == np.arange(BINS)
    counts = np.ones(checked.size) if weights is None else weights
    distances = np.abs(counts @ (members * (probabilities - checked)[:, None]))
    return plain(ratio(distances.sum(axis=-1), counts.sum(axis=-1)))


def bin_of(probabilities: np.ndarray) -> np.ndarray:
    """Return the number of each probability's bin, 0 to 14; a probability on an edge is of the upper bin."""
    return np.minimum((probabilities * BINS).astype(np.int64), BINS - 1)
