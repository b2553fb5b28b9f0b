"""Bootstrap intervals: what else a figure might have been, had other sources been photographed.

Pictures of one source (frames of a clip, a fake and the original it was made from) resemble each other, so that
whole sources are drawn, not pictures: an interval over pictures alone would be too narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

RESAMPLES, SEED = 1000, 0
LEVEL = 0.95
MOST_AT_ONCE = 4_000_000
"""Weights held in memory at once, 32 MB of them."""


def draw_weights(sources: Sequence[str], resamples: int = RESAMPLES, seed: int = SEED) -> Iterator[np.ndarray]:
    """Yield how often each of N pictures was drawn, float64 [some resamples, N], until all resamples came.

    Each resample draws as many sources as there are, with replacement; a source brings all its pictures. (Field
    and Welsh, "Bootstrapping clustered data", 2007: the cluster bootstrap.)

    Args:
        sources: each picture's source, length N.
        resamples: how many.
        seed: the same seed and sources give the same weights, in whatever portions they come.
    """
    _, source_of = np.unique(np.asarray(list(sources), dtype=str), return_inverse=True)
    count = int(source_of.max()) + 1
    generator = np.random.default_rng(seed)
    at_once = max(1, MOST_AT_ONCE // max(1, len(source_of)))
    for start in range(0, resamples, at_once):
        rows = min(at_once, resamples - start)
        drawn = generator.integers(count, size=(rows, count)) + np.arange(rows)[:, None] * count
        times = np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count)
        yield times[:, source_of].astype(np.float64)


def bootstrap_intervals(
    measure: Callable[[np.ndarray], dict[str, Any]],
    sources: Sequence[str],
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> dict[str, list[float] | None]:
    """Return the 95 % interval [low, high] of each figure, by the percentiles of its resamples.

    A resample on which a figure cannot be taken (it drew one class alone) is left out; a figure that could be
    taken on fewer than half of them has no interval, None. Nor has one that is the same on all: no error among
    nine pictures is an error rate of 0 on every resample, which says nothing of how large it may be.

    Args:
        measure: from weights [R, N] to figures by name, each an array [R].
        sources: each picture's source, length N.
        resamples: how many.
        seed: of the draw.

    Example:
        >>> labels, scores = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
        >>> from unmask.metrics.auc import auc
        >>> low, high = bootstrap_intervals(lambda w: {"auc": auc(labels, scores, w)}, "abcd")["auc"]
        >>> low <= 0.75 <= high
        True
    """
    portions = [measure(weights) for weights in draw_weights(sources, resamples, seed)]
    return {name: _interval(np.concatenate([each[name] for each in portions])) for name in portions[0]}


def _interval(values: np.ndarray) -> list[float] | None:
    taken = values[np.isfinite(values)]
    if taken.size * 2 < values.size or not taken.size:
        return None
    tail = (1 - LEVEL) / 2 * 100
    low, high = np.percentile(taken, [tail, 100 - tail])
    return [float(low), float(high)] if low < high else None
