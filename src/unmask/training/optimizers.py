"""Optimizers by name; the groups bring their own learning rates and weight decays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.optim import Optimizer

from unmask.registry import Registry

Groups = list[dict[str, Any]]

OPTIMIZERS: Registry[Callable[[Groups, float, float], Optimizer]] = Registry("optimizer", package=__name__)
"""Every optimizer by name; each is called as `optimizer(groups, lr, weight_decay)`."""

MOMENTUM = 0.9


def make_optimizer(groups: Groups, name: str, lr: float, weight_decay: float) -> Optimizer:
    """Return the named optimizer over parameter groups.

    Args:
        groups: What `parameter_groups` returns; a group's own `lr` and `weight_decay` win.
        name: `adamw`, `adam` or `sgd`.
        lr: Learning rate of groups that name none.
        weight_decay: Weight decay of groups that name none.

    Raises:
        UnmaskError: there is no optimizer of that name.
    """
    return OPTIMIZERS[name](groups, lr, weight_decay)


@OPTIMIZERS.register("adamw")
def adamw(groups: Groups, lr: float, weight_decay: float) -> Optimizer:
    """Return Adam with decoupled weight decay (Loshchilov and Hutter, ICLR 2019)."""
    return torch.optim.AdamW(groups, lr=lr, weight_decay=weight_decay)


@OPTIMIZERS.register("adam")
def adam(groups: Groups, lr: float, weight_decay: float) -> Optimizer:
    """Return Adam (Kingma and Ba, ICLR 2015); its weight decay is an L2 penalty, so keep it at 0 or tiny."""
    return torch.optim.Adam(groups, lr=lr, weight_decay=weight_decay)


@OPTIMIZERS.register("sgd")
def sgd(groups: Groups, lr: float, weight_decay: float) -> Optimizer:
    """Return stochastic gradient descent with Nesterov's momentum of 0.9 (Sutskever et al., ICML 2013)."""
    return torch.optim.SGD(groups, lr=lr, weight_decay=weight_decay, momentum=MOMENTUM, nesterov=True)
