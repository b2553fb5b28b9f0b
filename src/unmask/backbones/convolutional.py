"""What timm asks of a network, once, for bodies of blocks that end in one linear layer."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from unmask.backbones.checkpointing import run_checkpointed
from unmask.errors import UnmaskError


def default_cfg(**own: Any) -> dict[str, Any]:
    """Return what timm keeps of a network without published weights; `own` wins over what most of ours share."""
    return {
        "url": "",
        "num_classes": 2,
        "input_size": (3, 128, 128),
        "pool_size": None,
        "crop_pct": 1.0,
        "interpolation": "bicubic",
        "mean": (0.5, 0.5, 0.5),
        "std": (0.5, 0.5, 0.5),
        "first_conv": "blocks.0.0",
        "classifier": "fc",
        **own,
    }


class ConvolutionalNetwork(nn.Module):
    """Blocks, a pooling to one vector per face, dropout and a linear classifier `fc`, by timm's conventions.

    The classifier has two outputs (softmax) or, with `outputs=1`, a single z that a sigmoid would turn into the
    fake probability. The network then returns the logits [-z/2, z/2], whose softmax is that very
    probability: all that follows sees two logits in the order real, fake.
    """

    def __init__(
        self,
        blocks: nn.Sequential,
        pool: nn.Module,
        num_features: int,
        head_hidden_size: int,
        *,
        num_classes: int = 2,
        outputs: int = 2,
        drop_rate: float = 0.0,
        global_pool: str = "",
    ) -> None:
        """Put the parts together.

        Args:
            blocks: The body, [N, in, S, S] to [N, num_features, h, w]; each is checkpointed by itself.
            pool: [N, num_features, h, w] to [N, head_hidden_size], for any h and w.
            num_features: Channels of the last grid.
            head_hidden_size: Inputs of the classifier.
            num_classes: 2, or 0 for features; another number where timm adapts the head.
            outputs: 2 for softmax, 1 for a sigmoid; counts with two classes only.
            drop_rate: Dropout before the classifier.
            global_pool: What timm calls the pooling; "" where the grid is flattened.
        """
        super().__init__()
        if outputs not in (1, 2):
            raise UnmaskError(f"A head cannot have outputs={outputs}. Give 1 (sigmoid) or 2 (softmax).")
        self.num_features, self.head_hidden_size = num_features, head_hidden_size
        self.outputs, self.global_pool, self.grad_checkpointing = outputs, global_pool, False
        self.blocks, self.pool, self.head_drop = blocks, pool, nn.Dropout(drop_rate)
        self.feature_info = [{"module": f"blocks.{number}"} for number in range(len(blocks))]
        self.reset_classifier(num_classes)

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """Trade time for memory in training; what is learned stays the same."""
        self.grad_checkpointing = enable

    def get_classifier(self) -> nn.Module:
        """Return the last linear layer."""
        return self.fc

    def reset_classifier(self, num_classes: int, global_pool: str | None = None) -> None:
        """Put a fresh classifier in; `num_classes=0` leaves the features. The pooling stays what it is."""
        self.num_classes = num_classes
        width = self.outputs if num_classes == 2 else num_classes
        self.fc = nn.Linear(self.head_hidden_size, width) if width else nn.Identity()

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the last grid [N, num_features, h, w] of a batch [N, in, S, S]."""
        for block in self.blocks:
            x = run_checkpointed(block, x) if self.grad_checkpointing and self.training else block(x)
        return x

    def forward_head(self, x: torch.Tensor, pre_logits: bool = False) -> torch.Tensor:
        """Return logits [N, num_classes] of a grid, or the classifier's inputs [N, head_hidden_size]."""
        x = self.head_drop(self.pool(x))
        return x if pre_logits else two_logits(self.fc(x))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits [N, num_classes] of a batch [N, in, S, S]."""
        return self.forward_head(self.forward_features(x))


class FixedGrid(nn.Module):
    """Averages a grid to `side` x `side` cells, so that a dense layer fits whatever the input size is.

    At the size the network was made for it does nothing at all.
    """

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [N, C, side, side] of [N, C, h, w]."""
        if tuple(x.shape[2:]) == (self.side, self.side):
            return x
        return nn.functional.adaptive_avg_pool2d(x, self.side)


def two_logits(outputs: torch.Tensor) -> torch.Tensor:
    """Return [-z/2, z/2] of a sigmoid's input z [N, 1], whose softmax is the sigmoid; others unchanged."""
    return torch.cat([-outputs / 2, outputs / 2], dim=1) if outputs.shape[1] == 1 else outputs
