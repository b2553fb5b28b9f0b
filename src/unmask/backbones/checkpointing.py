"""Gradient checkpointing that changes nothing but memory: batch norms count a batch once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


def run_checkpointed(block: nn.Module, batch: torch.Tensor) -> torch.Tensor:
    """Return `block(batch)`, keeping its input alone: the backward pass computes the rest a second time.

    Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016. torch's own checkpoint lets every batch
    norm update its running statistics in both passes, so that the trained network differs; here the second
    pass leaves them alone. Random draws (dropout, stochastic depth) are the same in both.
    """

    def contexts() -> tuple[AbstractContextManager, AbstractContextManager]:
        return nullcontext(), _frozen_statistics(block)

    return checkpoint(block, batch, use_reentrant=False, context_fn=contexts)


@contextmanager
def _frozen_statistics(block: nn.Module) -> Iterator[None]:
    norms = [part for part in block.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    kept = [(norm, norm.momentum, norm.num_batches_tracked.clone()) for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum, count in kept:
            norm.momentum = momentum
            norm.num_batches_tracked.copy_(count)
