"""Losses: from each face's two logits and label to one number, by name.

All of them read the pair of logits as one: the probability of `fake` is the sigmoid of their difference. A
one-output network of the textbooks and the two outputs of a detector folder are then the same thing.

Example:
    >>> import torch
    >>> LOSSES["mean_squared_error"](torch.zeros(2, 2), torch.tensor([0, 1]), 0.0)
    tensor([0.2500, 0.2500])
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn import functional

from unmask.registry import Registry
from unmask.schema import FAKE, REAL

Loss = Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor]

LOSSES: Registry[Loss] = Registry("loss", package=__name__)
"""Every loss by name; each is called as `loss(logits [N, 2], labels [N], smoothing)` and returns
each face's own, [N].

Labels are whole numbers, or probabilities of `fake` where a teacher has a say.
"""

FOCUS = 2.0


@LOSSES.register("cross_entropy")
def cross_entropy(logits: torch.Tensor, labels: torch.Tensor, smoothing: float) -> torch.Tensor:
    """Return the softmax cross-entropy against labels that are `smoothing` of the way to even odds."""
    targets = torch.stack([1 - labels, labels], dim=1) if labels.is_floating_point() else labels
    return functional.cross_entropy(logits.float(), targets, label_smoothing=smoothing, reduction="none")


@LOSSES.register("binary_cross_entropy")
def binary_cross_entropy(logits: torch.Tensor, labels: torch.Tensor, smoothing: float) -> torch.Tensor:
    """Return the cross-entropy of the one sigmoid output that the logits' difference is.

    With two classes this is the same number as `cross_entropy`; it has its own name because people look
    for it by that.
    """
    targets = _targets(labels, smoothing)
    return functional.binary_cross_entropy_with_logits(_difference(logits), targets, reduction="none")


@LOSSES.register("mean_squared_error")
def mean_squared_error(logits: torch.Tensor, labels: torch.Tensor, smoothing: float) -> torch.Tensor:
    """Return the squared error of the fake probability (Brier, 1950).

    It is bounded, so that a wrong label pulls less than with the cross-entropy; it also learns more slowly
    from faces that are judged badly wrong.
    """
    return functional.mse_loss(_difference(logits).sigmoid(), _targets(labels, smoothing), reduction="none")


@LOSSES.register("focal")
def focal(logits: torch.Tensor, labels: torch.Tensor, smoothing: float) -> torch.Tensor:
    """Return the focal loss (Lin et al., ICCV 2017): faces that are judged right already count little.

    The paper's class weight is left out: the sampler balances the classes.
    """
    difference, targets = _difference(logits), _targets(labels, smoothing)
    fake = difference.sigmoid()
    of_truth = fake * targets + (1 - fake) * (1 - targets)
    entropy = functional.binary_cross_entropy_with_logits(difference, targets, reduction="none")
    return (1 - of_truth) ** FOCUS * entropy


def _difference(logits: torch.Tensor) -> torch.Tensor:
    """Return the logit of `fake` [N], in float32: half precision cannot hold small losses."""
    return logits[:, FAKE].float() - logits[:, REAL].float()


def _targets(labels: torch.Tensor, smoothing: float) -> torch.Tensor:
    """Return the labels [N] as probabilities of `fake`, `smoothing` of the way to 0.5."""
    return labels.float() * (1 - smoothing) + smoothing / 2
