"""Mixup (Zhang et al., ICLR 2018): each face blended with another of its batch, and their targets alike.

No such picture comes twice, so that a small data set is not learnt by heart, and a teacher is asked where it has not
been drilled.
"""

from __future__ import annotations

import torch


def mix_faces(pixels: torch.Tensor, labels: torch.Tensor, spread: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Return blended faces and the probabilities of fake that are their targets.

    Args:
        pixels: Input [N, C, S, S], of one view or more; it is not changed.
        labels: Their labels [N].
        spread: The share that a face keeps is drawn from Beta(spread, spread): near 0 most keep all, 1 draws evenly.
            A face keeps one half at the least, so that its own label is still the better answer.
    """
    drawn = torch.distributions.Beta(spread, spread).sample((len(labels),)).to(pixels.device)
    share, other = drawn.maximum(1 - drawn), torch.randperm(len(labels), device=pixels.device)
    blended = torch.lerp(pixels[other], pixels, share.view(-1, 1, 1, 1))
    targets = torch.lerp(labels[other].float(), labels.float(), share)
    return blended.contiguous(memory_format=torch.channels_last), targets
