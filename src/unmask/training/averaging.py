"""An exponential moving average of a network's weights, which often judges better than the last weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from unmask.errors import TrainingError


class WeightAverage:
    """The moving average of a network's tensors (Polyak and Juditsky, 1992; decay warm-up as in TensorFlow's).

    Early on the average follows closely: after n updates the decay is at most (1 + n) / (10 + n), so that
    the random start is soon forgotten. Batch norm's statistics are averaged along with the weights that
    they belong to; whole numbers (batch counters) are taken over. Memory: one float32 copy of the network.

    Give it the bare network, not the one that accelerate wrapped: names must not depend on the launch.

    Args:
        model: The network; its weights are where the average starts.
        decay: Weight of the past per update, in (0, 1); 0.999 looks back over about a thousand steps.

    Example:
        >>> average = WeightAverage(model, 0.999)
        >>> average.update(model)           # after every optimizer step
        >>> with average.averaged(model):   # validate or save the average
        ...     model(batch)
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        if not 0 < decay < 1:
            raise TrainingError(f"An EMA decay of {decay} is not between 0 and 1. Choose one such as 0.999.")
        self.decay = decay
        self.updates = 0
        self.tensors = {name: _own_copy(value) for name, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move the average towards the network's present tensors."""
        share = 1 - min(self.decay, (1 + self.updates) / (10 + self.updates))
        for name, value in model.state_dict().items():
            mean = self.tensors[name]
            if mean.is_floating_point():
                mean.lerp_(value.to(mean), share)
            else:
                mean.copy_(value)
        self.updates += 1

    @contextmanager
    def averaged(self, model: nn.Module) -> Iterator[nn.Module]:
        """Lend the average to the network; its own tensors are back at the end, whatever happens."""
        own = {name: value.clone() for name, value in model.state_dict().items()}
        _write_into(model, self.tensors)
        try:
            yield model
        finally:
            _write_into(model, own)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must hold: the count of updates and the tensors."""
        return {"updates": self.updates, "tensors": self.tensors}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over a checkpoint's average.

        Raises:
            TrainingError: it is of another network.
        """
        loaded = state["tensors"]
        shapes = [{name: value.shape for name, value in tensors.items()} for tensors in (loaded, self.tensors)]
        if shapes[0] != shapes[1]:
            raise TrainingError(
                "The checkpoint's averaged weights are of another network. Resume with the flags of the first run."
            )
        self.updates = int(state["updates"])
        for name, value in self.tensors.items():
            value.copy_(loaded[name])


def _own_copy(value: torch.Tensor) -> torch.Tensor:
    """Return a copy, in float32 where it is to be averaged: half precision would swallow the small moves."""
    return value.detach().clone().float() if value.is_floating_point() else value.detach().clone()


@torch.no_grad()
def _write_into(model: nn.Module, tensors: dict[str, torch.Tensor]) -> None:
    """Copy in place, so that the optimizer and other holders of the parameters still hold them."""
    for name, value in model.state_dict().items():
        value.copy_(tensors[name])
