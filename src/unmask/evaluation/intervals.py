"""Figures with their bootstrap intervals, drawn by source."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from unmask.errors import MetricError
from unmask.evaluation.scoring import ImageScore
from unmask.metrics import METRICS
from unmask.metrics.bootstrap import bootstrap_intervals


def weighted_metrics() -> list[str]:
    """Return the metrics that can be taken over all resamples at once."""
    return [name for name in METRICS if "weights" in inspect.signature(METRICS[name]).parameters]


def measure(
    labels: np.ndarray, scores: np.ndarray, sources: Sequence[str], resamples: int, seed: int
) -> dict[str, Any]:
    """Return `metrics` and `intervals` by metric, and `reason`, which says why they are missing where they are.

    Args:
        labels: int64 [N], 0 real and 1 fake.
        scores: fake probabilities, float64 [N].
        sources: each one's source, length N: sources are drawn, not pictures.
        resamples: of the bootstrap.
        seed: of its draw.
    """
    names = weighted_metrics()
    try:
        metrics = {name: METRICS[name](labels, scores) for name in names}
    except MetricError as error:
        return {"metrics": dict.fromkeys(names), "intervals": dict.fromkeys(names), "reason": str(error)}
    intervals = bootstrap_intervals(
        lambda weights: {name: METRICS[name](labels, scores, weights=weights) for name in names},
        sources,
        resamples,
        seed,
    )
    return {"metrics": metrics, "intervals": intervals, "reason": None}


def arrays_of(rows: Sequence[ImageScore]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return labels int64 [N], probabilities float64 [N] and sources of the rows that have a probability."""
    scored = [row for row in rows if row.fake_probability is not None]
    labels = np.array([row.label for row in scored], dtype=np.int64)
    return labels, np.array([row.fake_probability for row in scored], np.float64), [row.source_id for row in scored]
