"""Which pictures of a data set are scored: one split of it, or an even selection for a quick look."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from unmask.data.layouts import read_samples
from unmask.errors import DataError
from unmask.hub.datasets import fetch_data_set
from unmask.schema import Sample

Item = TypeVar("Item")


def read_split(root: Path | str, split: str | None = None, layout: str | None = None) -> list[Sample]:
    """Return the samples of one split of a data set, or all where the data set has no splits.

    Args:
        root: the data set's folder, or hub:user/name or kaggle:user/name, which is fetched once.
        split: `train`, `validation` or `test`; None takes every picture.
        layout: the layout's name; None has the folder recognised.

    Raises:
        DataError: the folder is no data set, or has splits but not this one.
        HubError: a named one cannot be fetched.
    """
    samples = read_samples(fetch_data_set(root), layout)
    splits = sorted({sample.split for sample in samples if sample.split})
    if split is None or not splits:
        return samples
    chosen = [sample for sample in samples if sample.split == split]
    if not chosen:
        raise DataError(f"{root} has no split {split!r}, only {', '.join(splits)}. Choose one of these.")
    return chosen


def take_evenly(samples: Sequence[Item], limit: int) -> list[Item]:
    """Return at most `limit` samples at equal distances, the same ones each time.

    Files of one class lie together, so the first ones alone would often be of one class.

    Raises:
        DataError: the limit is below 1.
    """
    if limit < 1:
        raise DataError(f"A limit of {limit} leaves no picture to score. Give 1 or more.")
    if limit >= len(samples):
        return list(samples)
    return [samples[int(index)] for index in np.linspace(0, len(samples) - 1, limit).round()]
