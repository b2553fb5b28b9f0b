"""meso4 and mesoinception4: compact networks for the mesoscopic traces of forged faces."""

from __future__ import annotations

from typing import Any

import torch
from timm.models import build_model_with_cfg, generate_default_cfgs, register_model
from torch import nn

from unmask.backbones.convolutional import ConvolutionalNetwork, FixedGrid, default_cfg

GRID = 8
"""Cells on a side of the grid that the dense layer takes: 256 px divided by the poolings, 2·2·2·4."""
# Keras' defaults, which the published weights were trained with.
NORM = {"eps": 1e-3, "momentum": 0.01}


class MesoNet(ConvolutionalNetwork):
    """Four blocks, two dense layers and one sigmoid.

    Afchar, Nozick, Yamagishi and Echizen, "MesoNet: a Compact Facial Video Forgery Detection Network",
    WIFS 2018. At 256 px it is theirs to the number; at other sizes the grid is averaged to the 8x8 cells of
    theirs. Their output says how real a face is, ours how fake.
    """

    def __init__(
        self,
        inception: bool = False,
        num_classes: int = 2,
        in_chans: int = 3,
        outputs: int = 1,
        drop_rate: float = 0.5,
    ) -> None:
        """Make the network.

        Args:
            inception: The first two blocks are of parallel dilated convolutions (MesoInception4).
            num_classes: 2, real and fake.
            in_chans: Channels of the input.
            outputs: 1 for one sigmoid as published, 2 for two softmax outputs.
            drop_rate: Dropout before each dense layer.
        """
        if inception:
            first, second, width = Inception(in_chans, (1, 4, 4, 2)), Inception(11, (2, 4, 4, 2)), 12
        else:
            first, second, width = _convolution(in_chans, 8, 3), _convolution(8, 8, 5), 8
        blocks = nn.Sequential(
            _block(first, 11 if inception else 8, 2),
            _block(second, width, 2),
            _block(_convolution(width, 16, 5), 16, 2),
            _block(_convolution(16, 16, 5), 16, 4),
        )
        dense = nn.Linear(16 * GRID**2, 16)
        pool = nn.Sequential(FixedGrid(GRID), nn.Flatten(), nn.Dropout(drop_rate), dense, nn.LeakyReLU(0.1))
        super().__init__(
            blocks,
            pool,
            num_features=16,
            head_hidden_size=16,
            num_classes=num_classes,
            outputs=outputs,
            drop_rate=drop_rate,
        )


class Inception(nn.Module):
    """Four branches side by side: 1x1, and 1x1 then 3x3 dilated by 1, 2 and 3; each convolution with ReLU.

    The paper's variant of Szegedy et al., "Going Deeper with Convolutions", CVPR 2015.
    """

    def __init__(self, in_chans: int, widths: tuple[int, int, int, int]) -> None:
        super().__init__()
        self.branches = nn.ModuleList([_convolution(in_chans, widths[0], 1)])
        for dilation, width in enumerate(widths[1:], start=1):
            self.branches.append(
                nn.Sequential(*_convolution(in_chans, width, 1), *_convolution(width, width, 3, dilation))
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [N, sum of widths, h, w] of [N, in, h, w]."""
        return torch.cat([branch(x) for branch in self.branches], dim=1)


def _convolution(before: int, after: int, side: int, dilation: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, side, padding=dilation * (side // 2), dilation=dilation), nn.ReLU(inplace=True)
    )


def _block(convolution: nn.Module, width: int, pooling: int) -> nn.Sequential:
    """Return convolution, batch norm after the ReLU as in the paper's code, and max-pooling."""
    return nn.Sequential(convolution, nn.BatchNorm2d(width, **NORM), nn.MaxPool2d(pooling, ceil_mode=True))


def _cfg(first_conv: str | tuple[str, ...]) -> dict[str, Any]:
    """Return the settings of a network that takes 256 px and pixels in [0, 1]."""
    return default_cfg(input_size=(3, 256, 256), mean=(0.0,) * 3, std=(1.0,) * 3, first_conv=first_conv)


default_cfgs = generate_default_cfgs(
    {
        "meso4": _cfg("blocks.0.0.0"),
        "mesoinception4": _cfg(tuple(["blocks.0.0.branches.0.0"] + [f"blocks.0.0.branches.{i}.0" for i in (1, 2, 3)])),
    }
)


@register_model
def meso4(pretrained: bool = False, **kwargs: Any) -> MesoNet:
    """Return Meso4, 28 thousand parameters; `outputs` and `drop_rate` can be given."""
    return build_model_with_cfg(MesoNet, "meso4", pretrained, kwargs_filter=("global_pool",), **kwargs)


@register_model
def mesoinception4(pretrained: bool = False, **kwargs: Any) -> MesoNet:
    """Return MesoInception4, 29 thousand parameters; `outputs` and `drop_rate` can be given."""
    kwargs["inception"] = True
    return build_model_with_cfg(MesoNet, "mesoinception4", pretrained, kwargs_filter=("global_pool",), **kwargs)
