"""A detector's network in torch, from pixels to the logits that its verdicts rest on."""

from __future__ import annotations

import torch
from torch import nn
from torchvision.transforms import Normalize

from unmask.schema import InputSpec


class ServedNetwork(nn.Module):
    """The network behind serving's normalisation, and over both views where the detector judges their mean.

    Only the pictures get gradients; the weights stand still.
    """

    def __init__(self, network: nn.Module, spec: InputSpec, mirrored: bool = False) -> None:
        super().__init__()
        self.normalise, self.network, self.mirrored = Normalize(spec.mean, spec.std), network, mirrored
        self.eval().requires_grad_(False).to(memory_format=torch.channels_last)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return logits [N, 2] of RGB pixels [N, 3, S, S] in [0, 1]."""
        batch = self.normalise(pixels)
        logits: torch.Tensor = self.network(batch)
        return (logits + self.network(batch.flip(3))) / 2 if self.mirrored else logits
