"""A worst-source objective: the data sets that the network is worst at count more.

The mean loss is content where one data set is learnt well and another hardly. Group DRO (Sagawa et al., ICLR 2020)
moves all the weight to the group with the largest loss. This is its smooth form, tilted losses (Li et al., ICLR 2021):
near a tilt of 0 it is the mean plus half the tilt times the variance of the data sets' losses, which is V-REx (Krueger
et al., ICML 2021); with a growing one it comes to the worst alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from accelerate import Accelerator

REMEMBERED = 0.98
"""Of the sums per step: the losses of about the last fifty steps tell how well a data set is known."""


class SourceWeights:
    """The weights of faces by their data sets' running losses, the same in every process.

    `sums` and `counts` are those of the losses of each data set, in the order of the alphabet, the older the less, [G].
    """

    def __init__(self, accelerator: Accelerator, names: Sequence[str], tilt: float) -> None:
        """Weigh the rows of a table whose data sets are `names`; a data set's weight is exp(tilt x its loss)."""
        order = {name: number for number, name in enumerate(sorted(set(names)))}
        self._accelerator, self._tilt = accelerator, tilt
        self._groups = torch.tensor([order[name] for name in names], device=accelerator.device)
        self.sums, self.counts = torch.zeros(2, len(order), device=accelerator.device)

    def __call__(self, rows: torch.Tensor, losses: torch.Tensor) -> torch.Tensor:
        """Take in the losses [N] of these rows and return their weights [N], whose mean over all processes is 1."""
        groups = self._groups[rows.to(self._groups.device)]
        new = torch.zeros(2, len(self.sums), device=losses.device)
        new.index_add_(1, groups, torch.stack([losses.detach().float(), torch.ones_like(losses, dtype=torch.float32)]))
        added, count = self._accelerator.reduce(new, reduction="sum")
        self.sums = REMEMBERED * self.sums + added
        self.counts = REMEMBERED * self.counts + count
        # softmax is of differences alone, so that a large loss cannot overflow it; among the data sets of this step, as
        # one that is far ahead of all others would leave the faces here no weight to share.
        worth = self._tilt * self.sums / self.counts.clamp(min=1e-9)
        share = torch.softmax(worth.masked_fill(count == 0, -math.inf), dim=0)
        return (share * count.sum() / (share * count).sum())[groups]

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Return what the next weights depend on."""
        return {"sums": self.sums, "counts": self.counts}

    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Go on from what `state_dict` gave."""
        self.sums, self.counts = (state[name].to(self.sums.device) for name in ("sums", "counts"))
