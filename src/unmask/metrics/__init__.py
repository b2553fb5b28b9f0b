"""The metrics: one file each, a plain function from labels and scores to one number.

A label is 0 (real) or 1 (fake); a score is what a detector says of the picture, higher is more fake.
A new metric is one new file here: the registry finds it, and the reports and contract tests follow.

Example:
    >>> from unmask.metrics import METRICS
    >>> METRICS["auc"]([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
"""

from __future__ import annotations

from collections.abc import Callable

from unmask.registry import Registry

METRICS: Registry[Callable[..., float]] = Registry("metric", package="unmask.metrics")
"""Every metric by name; each is called as `metric(labels, scores)`."""
