"""Temperature and thresholds from validation scores; numpy alone."""

from __future__ import annotations

import math

import numpy as np

from unmask.errors import MetricError
from unmask.schema import FAKE, REAL, Verdict

ERROR_RATE = 0.05
"""How often a `real` or `fake` verdict may be wrong on the validation data."""


def fake_probabilities(logits: np.ndarray) -> np.ndarray:
    """Return the softmax probability of `fake`, float64 [N], from logits [N, 2] (real, fake)."""
    difference = np.asarray(logits, dtype=np.float64)[:, FAKE] - np.asarray(logits, dtype=np.float64)[:, REAL]
    return 0.5 * (1 + np.tanh(difference / 2))


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the temperature in [0.05, 20] that minimises the negative log-likelihood.

    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017. Golden-section search over the
    logarithm; the likelihood is unimodal in it.
    """
    difference = np.diff(np.asarray(logits, dtype=np.float64), axis=1)[:, 0]
    signed = np.where(np.asarray(labels) == FAKE, difference, -difference)

    def loss(log_temperature: float) -> float:
        return float(np.mean(np.logaddexp(0, -signed / math.exp(log_temperature))))

    low, high, golden = math.log(0.05), math.log(20.0), (math.sqrt(5) - 1) / 2
    for _ in range(60):
        left, right = high - golden * (high - low), low + golden * (high - low)
        if loss(left) < loss(right):
            high = right
        else:
            low = left
    return math.exp((low + high) / 2)


def fit_thresholds(probabilities: np.ndarray, labels: np.ndarray, rate: float = ERROR_RATE) -> tuple[float, float]:
    """Return (real_threshold, fake_threshold) that keep each kind of error at `rate` on such data.

    Split-conformal (Vovk et al., 2005): of new reals at most `rate` score above `fake_threshold`, of new
    fakes at most `rate` score below `real_threshold`, if they are drawn like the validation faces. Where
    the classes are so far apart that the two cross, both become the middle.

    Raises:
        MetricError: one of the classes is missing.
    """
    labels = np.asarray(labels)
    reals = np.sort(np.asarray(probabilities)[labels == REAL])
    fakes = np.sort(np.asarray(probabilities)[labels == FAKE])
    if not len(reals) or not len(fakes):
        raise MetricError("Thresholds need real and fake validation faces; one class is missing. Add some.")
    rank = math.ceil((len(reals) + 1) * (1 - rate))
    fake_threshold = float(reals[rank - 1]) if rank <= len(reals) else 1.0
    rank = math.floor((len(fakes) + 1) * rate)
    real_threshold = float(fakes[rank - 1]) if rank >= 1 else 0.0
    if real_threshold > fake_threshold:
        real_threshold = fake_threshold = (real_threshold + fake_threshold) / 2
    return real_threshold, fake_threshold


def verdict_of(probability: float, real_threshold: float, fake_threshold: float) -> Verdict:
    """Return `fake` above the upper threshold, `real` below the lower one, else `uncertain`."""
    if probability > fake_threshold:
        return "fake"
    if probability < real_threshold:
        return "real"
    return "uncertain"
