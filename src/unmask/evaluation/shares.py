"""Shares with their counts and intervals: so many of so many pictures, at 0.5 or by the verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from unmask.evaluation.scoring import ImageScore
from unmask.metrics.bootstrap import bootstrap_intervals
from unmask.metrics.confusion import THRESHOLD
from unmask.metrics.weights import ratio
from unmask.schema import FAKE, REAL

Masks = Mapping[str, tuple[np.ndarray, np.ndarray]]
"""By the share's name which rows count and of which, bool [N] each."""


def describe_rates(rows: Sequence[ImageScore], resamples: int, seed: int) -> dict[str, Any]:
    """Return `false_positive_rate` and `true_positive_rate` at 0.5; see `describe_verdicts`."""
    scored, labels = _scored(rows)
    called = np.array([row.fake_probability for row in scored], dtype=np.float64) >= THRESHOLD
    masks = {
        "false_positive_rate": ((labels == REAL) & called, labels == REAL),
        "true_positive_rate": ((labels == FAKE) & called, labels == FAKE),
    }
    return _measure(scored, masks, resamples, seed)


def describe_verdicts(rows: Sequence[ImageScore], resamples: int, seed: int) -> dict[str, Any]:
    """Return `part`, `whole`, `share` and `interval` of the shares that the verdicts come to.

    `real_called_fake` is over the decided reals, `fake_called_real` over the decided fakes, `coverage` over all
    rows with a score. A share of nothing is None.

    Args:
        rows: of pictures, frames or clips; those without a probability do not count.
        resamples: of the bootstrap by source.
        seed: of its draw.
    """
    scored, labels = _scored(rows)
    called = np.array([{"real": REAL, "fake": FAKE}.get(row.verdict, -1) for row in scored], dtype=np.int64)
    decided = called >= 0
    masks = {
        "real_called_fake": ((labels == REAL) & (called == FAKE), (labels == REAL) & decided),
        "fake_called_real": ((labels == FAKE) & (called == REAL), (labels == FAKE) & decided),
        "coverage": (decided, np.ones_like(decided)),
    }
    return _measure(scored, masks, resamples, seed)


def _scored(rows: Sequence[ImageScore]) -> tuple[list[ImageScore], np.ndarray]:
    """Return the rows that have a probability, and their labels, int64 [N]."""
    scored = [row for row in rows if row.fake_probability is not None]
    return scored, np.array([row.label for row in scored], dtype=np.int64)


def _measure(rows: Sequence[ImageScore], masks: Masks, resamples: int, seed: int) -> dict[str, Any]:
    intervals: Mapping[str, Any] = dict.fromkeys(masks)
    if rows:
        intervals = bootstrap_intervals(
            lambda w: {name: ratio(w @ part, w @ whole) for name, (part, whole) in masks.items()},
            [row.source_id for row in rows],
            resamples,
            seed,
        )
    counts = {name: (int(part.sum()), int(whole.sum())) for name, (part, whole) in masks.items()}
    return {
        name: {"part": part, "whole": whole, "share": part / whole if whole else None, "interval": intervals[name]}
        for name, (part, whole) in counts.items()
    }
