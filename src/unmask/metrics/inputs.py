"""What every metric asks of its input, checked in one place."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from unmask.errors import MetricError
from unmask.schema import FAKE, LABEL_NAMES, REAL


def check_inputs(labels: ArrayLike, scores: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return labels as int64 [N] and scores as float64 [N], both classes among them.

    Args:
        labels: 0 (real) or 1 (fake) for each picture, length N.
        scores: a finite number for each picture, higher is more fake, length N.

    Raises:
        MetricError: the two differ in length, are empty, hold another label or a score that is not a
            finite number, or only one class is there: every metric compares the two classes.
    """
    label_array, score_array = np.asarray(labels), np.asarray(scores, dtype=np.float64)
    if label_array.ndim != 1 or label_array.shape != score_array.shape:
        raise MetricError(
            f"Labels and scores must be two lists of one length, not of shapes {label_array.shape} and "
            f"{score_array.shape}. Pass one label and one score for each picture."
        )
    if label_array.size == 0:
        raise MetricError("There are no scores to compute a metric on. Pass at least one real and one fake.")
    if not np.isin(label_array, (REAL, FAKE)).all():
        raise MetricError("A label is neither 0 (real) nor 1 (fake). Map the labels first.")
    if not np.isfinite(score_array).all():
        raise MetricError("A score is not a finite number. Leave out the pictures that have no score.")
    classes = np.unique(label_array)
    if classes.size == 1:
        raise MetricError(
            f"All {label_array.size} labels are {LABEL_NAMES[int(classes[0])]}, and a metric needs both "
            f"classes. Add {LABEL_NAMES[1 - int(classes[0])]} pictures."
        )
    return label_array.astype(np.int64), score_array


def check_probabilities(labels: ArrayLike, scores: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return what `check_inputs` returns, of scores that are probabilities.

    Raises:
        MetricError: as `check_inputs`, or a score lies outside [0, 1].
    """
    checked, probabilities = check_inputs(labels, scores)
    if probabilities.min() < 0 or probabilities.max() > 1:
        raise MetricError("A score lies outside [0, 1], and this metric needs probabilities. Pass those of fake.")
    return checked, probabilities
