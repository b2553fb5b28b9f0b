"""simple_cnn: convolutions and max-pooling in a stack, then dense layers; the first network of every course."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from timm.models import build_model_with_cfg, generate_default_cfgs, register_model
from torch import nn

from unmask.backbones.convolutional import ConvolutionalNetwork, FixedGrid, default_cfg
from unmask.errors import UnmaskError

GRID = 8


class SimpleCnn(ConvolutionalNetwork):
    """Blocks of 3x3 convolution, ReLU and 2x2 max-pooling, a flattened 8x8 grid, one hidden dense layer.

    The recipe of LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998, with ReLU. Its
    grid is 8x8 at 128 px with the four blocks it has by itself.
    """

    def __init__(
        self,
        num_classes: int = 2,
        in_chans: int = 3,
        outputs: int = 1,
        widths: Sequence[int] = (32, 64, 128, 128),
        hidden: int = 128,
        drop_rate: float = 0.5,
    ) -> None:
        """Make the network.

        Args:
            num_classes: 2, real and fake.
            in_chans: Channels of the input.
            outputs: 1 for one sigmoid, 2 for two softmax outputs.
            widths: Channels of each block.
            hidden: Units of the dense layer before the last.
            drop_rate: Dropout after the hidden layer.
        """
        if not widths:
            raise UnmaskError("simple_cnn needs at least one block. Give widths, such as 32, 64.")
        blocks = [_block(before, after) for before, after in zip([in_chans, *widths], widths, strict=False)]
        pool = nn.Sequential(FixedGrid(GRID), nn.Flatten(), nn.Linear(widths[-1] * GRID**2, hidden), nn.ReLU())
        super().__init__(
            nn.Sequential(*blocks),
            pool,
            num_features=widths[-1],
            head_hidden_size=hidden,
            num_classes=num_classes,
            outputs=outputs,
            drop_rate=drop_rate,
        )
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_normal_(part.weight, nonlinearity="relu")


def _block(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2, ceil_mode=True))


default_cfgs = generate_default_cfgs({"simple_cnn": default_cfg()})


@register_model
def simple_cnn(pretrained: bool = False, **kwargs: Any) -> SimpleCnn:
    """Return a SimpleCnn; `outputs`, `widths`, `hidden` and `drop_rate` can be given."""
    return build_model_with_cfg(SimpleCnn, "simple_cnn", pretrained, kwargs_filter=("global_pool",), **kwargs)
