"""Temperature and thresholds from validation scores; numpy alone."""

from __future__ import annotations

import math

import numpy as np

from unmask.errors import MetricError
from unmask.schema import FAKE, REAL, DetectorSettings, Verdict

ERROR_RATE = 0.05
"""How often a real face may be called fake, and a fake one real, on each validation data set with enough of them."""
ENOUGH_OF_A_GROUP = 60
"""Faces of a class that a data set needs for thresholds of its own: with fewer they jump about."""


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


def fit_thresholds(
    probabilities: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray | None = None,
    rate: float = ERROR_RATE,
    miss_rate: float | None = None,
) -> tuple[float, float]:
    """Return (real_threshold, fake_threshold) that keep each kind of error at its rate on such data.

    Split-conformal (Vovk et al., 2005): of new reals at most `rate` score above `fake_threshold`, of new
    fakes at most `miss_rate` score below `real_threshold`, if they are drawn like the validation faces. With
    `groups` this holds in each of them, not in their mixture alone (Vovk, "Conditional validity of inductive
    conformal predictors", 2012): the thresholds are those of the group that needs the widest. A class with
    fewer than 60 faces in a group counts in the mixture only. Where the classes are so far apart that the two
    thresholds cross, both become the middle.

    Args:
        probabilities: Of `fake`, [N].
        labels: 0 or 1, [N].
        groups: What each face belongs to, such as the name of its data set, [N]; None is one group.
        rate: The share of reals that may be called fake.
        miss_rate: The share of fakes that may be called real; None is the same share.

    Raises:
        MetricError: one of the classes is missing.
    """
    probabilities, labels = np.asarray(probabilities), np.asarray(labels)
    if not np.any(labels == REAL) or not np.any(labels == FAKE):
        raise MetricError("Thresholds need real and fake validation faces; one class is missing. Add some.")
    fake_threshold = max(upper_bound(scores, rate) for scores in _of_groups(probabilities, labels == REAL, groups))
    miss_rate = rate if miss_rate is None else miss_rate
    real_threshold = min(
        -upper_bound(-scores, miss_rate) for scores in _of_groups(probabilities, labels == FAKE, groups)
    )
    fake_threshold, real_threshold = min(fake_threshold, 1.0), max(real_threshold, 0.0)
    if real_threshold > fake_threshold:
        real_threshold = fake_threshold = (real_threshold + fake_threshold) / 2
    return real_threshold, fake_threshold


def upper_bound(scores: np.ndarray, rate: float) -> float:
    """Return what a new score exceeds with a probability of at most `rate`; infinity where too few are known."""
    rank = math.ceil((len(scores) + 1) * (1 - rate))
    return float(np.sort(scores)[rank - 1]) if rank <= len(scores) else math.inf


def _of_groups(scores: np.ndarray, chosen: np.ndarray, groups: np.ndarray | None) -> list[np.ndarray]:
    """Return the chosen scores together, and again those of each group that has enough of them."""
    names = [] if groups is None else np.unique(groups).tolist()
    parts = [scores[chosen & (np.asarray(groups) == name)] for name in names]
    return [scores[chosen], *(part for part in parts if len(part) >= ENOUGH_OF_A_GROUP)]


def verdict_of(probability: float, real_threshold: float, fake_threshold: float) -> Verdict:
    """Return `fake` above the upper threshold, `real` below the lower one, else `uncertain`."""
    if probability > fake_threshold:
        return "fake"
    if probability < real_threshold:
        return "real"
    return "uncertain"


def describe_place(probability: float, real_threshold: float, fake_threshold: float) -> str:
    """Return where a probability lies among the thresholds, as in `above the fake threshold 0.727`."""
    return {
        "fake": f"above the fake threshold {fake_threshold:.3f}",
        "real": f"below the real threshold {real_threshold:.3f}",
        "uncertain": f"between the thresholds {real_threshold:.3f} and {fake_threshold:.3f}",
    }[verdict_of(probability, real_threshold, fake_threshold)]


def describe_promise(settings: DetectorSettings) -> str:
    """Return what the thresholds promise, a clause that names the rates; empty where the detector states none."""
    if settings.promise is None:
        return ""
    wrong, missed = (100 * rate for rate in settings.promise)
    return (
        f"on each validation data set with at least {ENOUGH_OF_A_GROUP} faces of a class, and on new faces like its "
        f"own, at most {wrong:g} % of the real faces are called fake and at most {missed:g} % of the fake ones real; "
        "of other faces nothing is promised"
    )
