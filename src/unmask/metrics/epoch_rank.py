"""Which epoch of a run is the best one: where training keeps its weights, and reports look for its figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def epoch_rank(figures: Mapping[str, Any]) -> tuple[float, float]:
    """Return what epochs are compared by: validation AUC, then the loss, which must be low.

    The loss decides between equal AUCs: where every epoch ranks all faces right, the first is the worst calibrated.

    Args:
        figures: an epoch's entry of a run's history, with `validation_auc` and `validation_loss`.
    """
    return figures["validation_auc"], -figures["validation_loss"]
