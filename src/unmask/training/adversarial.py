"""Adversarial examples: faces changed by less than an eye sees, in the direction that misleads the network.

Trained on them, a network leans less on traces that a forger can wash out with invisible noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from unmask.registry import Registry
from unmask.schema import InputSpec

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

# Madry et al.'s seven steps; 2.5 times the radius over all of them, so that every corner can be reached.
PGD_STEPS, PGD_REACH = 7, 2.5


@dataclass(frozen=True)
class Target:
    """What is attacked: the network's loss on these labels, around clean pictures, within a box of inputs.

    All tensors are in the network's normalised input; `radius`, `low` and `high` are [1, 3, 1, 1].
    """

    model: nn.Module
    labels: torch.Tensor
    loss: Loss
    clean: torch.Tensor
    radius: torch.Tensor
    low: torch.Tensor
    high: torch.Tensor

    def slope(self, batch: torch.Tensor) -> torch.Tensor:
        """Return the sign of the loss's gradient at a batch [N, 3, S, S]; parameters get no gradient."""
        moved = batch.detach().requires_grad_(True)
        with torch.enable_grad():
            # Half precision would round a mean's small gradients to zero; of the sum the sign is the same.
            loss = self.loss(self.model(moved), self.labels).sum()
            return torch.autograd.grad(loss, moved)[0].sign()

    def keep_close(self, batch: torch.Tensor) -> torch.Tensor:
        """Return the batch clipped to the radius around the clean pictures and to what a picture can be."""
        close = self.clean + (batch - self.clean).clamp(-self.radius, self.radius)
        return close.clamp(self.low, self.high)


ATTACKS: Registry[Callable[[Target], torch.Tensor]] = Registry("attack", package=__name__)
"""Every attack by name; each takes a Target and returns the changed batch."""


def attack(
    model: nn.Module,
    batch: torch.Tensor,
    labels: torch.Tensor,
    loss: Loss,
    name: str,
    epsilon: float,
    spec: InputSpec,
) -> torch.Tensor:
    """Return an adversarial copy of a batch of normalised pictures.

    The network is asked as it judges (batch norm and dropout still), and is left as it was. Train on the
    result beside the clean batch, not in its place: the clean accuracy falls otherwise.

    Args:
        model: The bare network, not the one that DistributedDataParallel wraps, which counts its calls.
        batch: Normalised input [N, 3, S, S]; it is not changed.
        labels: The true labels [N].
        loss: Called as `loss(logits, labels)`; it returns each face's loss [N].
        name: `fgsm` or `pgd`.
        epsilon: The largest change of a pixel's value, with pixels in [0, 1]: 2 / 255 is hardly visible.
        spec: The network's input, for its mean and standard deviation.

    Raises:
        UnmaskError: there is no attack of that name.
    """
    mean, std = (torch.tensor(values, device=batch.device).view(1, 3, 1, 1) for values in (spec.mean, spec.std))
    target = Target(model, labels, loss, batch.detach(), epsilon / std, -mean / std, (1 - mean) / std)
    make = ATTACKS[name]
    with _judging(model):
        return make(target).detach()


@ATTACKS.register("fgsm")
def fgsm(target: Target) -> torch.Tensor:
    """Return one step of the whole radius along the gradient's sign (Goodfellow et al., ICLR 2015)."""
    return target.keep_close(target.clean + target.radius * target.slope(target.clean))


@ATTACKS.register("pgd")
def pgd(target: Target) -> torch.Tensor:
    """Return seven small steps from a random start in the radius (Madry et al., ICLR 2018); eight times the time."""
    batch = target.keep_close(target.clean + target.radius * (2 * torch.rand_like(target.clean) - 1))
    for _ in range(PGD_STEPS):
        batch = target.keep_close(batch + PGD_REACH / PGD_STEPS * target.radius * target.slope(batch))
    return batch


@contextmanager
def _judging(model: nn.Module) -> Iterator[None]:
    """Put the network into evaluation mode, and each of its modules back into its own afterwards."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
