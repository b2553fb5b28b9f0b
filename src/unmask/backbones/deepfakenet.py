"""deepfakenet: bottleneck residual blocks of any depth, from 14 layers to a thousand."""

from __future__ import annotations

from typing import Any

import torch
from timm.layers import DropPath, SelectAdaptivePool2d
from timm.models import build_model_with_cfg, generate_default_cfgs, register_model
from torch import nn

from unmask.backbones.convolutional import ConvolutionalNetwork, default_cfg
from unmask.errors import UnmaskError

EXPANSION = 4
LEAST_DEPTH, MOST_DEPTH = 14, 1000


class DeepfakeNet(ConvolutionalNetwork):
    """A stem, bottleneck residual blocks in four stages, adaptive average pooling, one linear layer.

    He et al., "Deep Residual Learning for Image Recognition", CVPR 2016. `depth` counts the layers with
    weights on the longest way through: the stem's convolutions, three a block, and the classifier. For great
    depths: stochastic depth (Huang et al., ECCV 2016), a last norm of each block that starts at zero, so that the
    network starts as a shallow one (Goyal et al., 2017), and gradient checkpointing per block.
    """

    def __init__(
        self,
        depth: int = 50,
        width: int = 64,
        num_classes: int = 2,
        in_chans: int = 3,
        outputs: int = 2,
        global_pool: str = "avg",
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        grad_checkpointing: bool = False,
    ) -> None:
        """Make the network.

        Args:
            depth: Layers with weights, from 14 to 1000.
            width: Channels of the first stage's bottlenecks; each stage doubles them.
            num_classes: 2, real and fake.
            in_chans: Channels of the input.
            outputs: 2 for two softmax outputs, 1 for one sigmoid.
            global_pool: timm's name of the pooling: avg, max or avgmax.
            drop_rate: Dropout before the classifier.
            drop_path_rate: How often the last block is skipped in training; the others less, linearly.
            grad_checkpointing: Start with `set_grad_checkpointing()`.

        Raises:
            UnmaskError: The depth is out of range.
        """
        stem, stages = plan_depth(depth)
        blocks = [_stem(in_chans, width, stem)]
        channels, rates = width, [drop_path_rate * index / (sum(stages) - 1) for index in range(sum(stages))]
        for stage, count in enumerate(stages):
            for index in range(count):
                stride = 2 if stage and not index else 1
                blocks.append(Bottleneck(channels, width << stage, stride, rates.pop(0)))
                channels = EXPANSION * (width << stage)
        super().__init__(
            nn.Sequential(*blocks),
            SelectAdaptivePool2d(pool_type=global_pool, flatten=True),
            num_features=channels,
            head_hidden_size=channels,
            num_classes=num_classes,
            outputs=outputs,
            drop_rate=drop_rate,
            global_pool=global_pool,
        )
        self.set_grad_checkpointing(grad_checkpointing)
        self._start_weights()

    def _start_weights(self) -> None:
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
        for part in self.modules():
            if isinstance(part, Bottleneck):
                nn.init.zeros_(part.body[-1].weight)


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions, each with a batch norm, beside a shortcut; ReLU after the sum."""

    def __init__(self, before: int, width: int, stride: int, drop_path: float) -> None:
        super().__init__()
        after = EXPANSION * width
        self.body = nn.Sequential(
            *_convolution(before, width, 1),
            nn.ReLU(inplace=True),
            *_convolution(width, width, 3, stride),
            nn.ReLU(inplace=True),
            *_convolution(width, after, 1),
        )
        changes = stride != 1 or before != after
        self.shortcut = nn.Sequential(*_convolution(before, after, 1, stride)) if changes else nn.Identity()
        self.drop_path = DropPath(drop_path) if drop_path else nn.Identity()
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [N, 4 width, h / stride, w / stride] of [N, before, h, w]."""
        return self.relu(self.shortcut(x) + self.drop_path(self.body(x)))


def plan_depth(depth: int) -> tuple[int, tuple[int, int, int, int]]:
    """Return the stem's convolutions (1 to 3) and the blocks of each stage that make `depth` layers.

    Each block has three layers, so the stem takes what is left. Two fifths of the inner blocks stand in the
    second stage, as in ResNet-50.

    Example:
        >>> plan_depth(50), plan_depth(300)
        ((1, (3, 4, 6, 3)), (2, (3, 37, 56, 3)))

    Raises:
        UnmaskError: The depth is below 14 or above 1000.
    """
    if type(depth) is not int or not LEAST_DEPTH <= depth <= MOST_DEPTH:
        raise UnmaskError(f"deepfakenet cannot have depth {depth}. Give one from {LEAST_DEPTH} to {MOST_DEPTH}.")
    blocks = (depth - 2) // 3
    outer = min(3, blocks // 4)
    inner = blocks - 2 * outer
    second = max(1, round(inner * 0.4))
    return depth - 1 - 3 * blocks, (outer, second, inner - second, outer)


def _stem(in_chans: int, width: int, count: int) -> nn.Sequential:
    """Return `count` 3x3 convolutions, the first of stride 2, and 3x3 max-pooling of stride 2."""
    layers: list[nn.Module] = []
    for index in range(count):
        layers += [*_convolution(width if index else in_chans, width, 3, 1 if index else 2), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.MaxPool2d(3, stride=2, padding=1))


def _convolution(before: int, after: int, side: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(before, after, side, stride, padding=side // 2, bias=False), nn.BatchNorm2d(after)]


CFG = default_cfg(pool_size=(4, 4))
default_cfgs = generate_default_cfgs({"deepfakenet50": CFG, "deepfakenet300": CFG})


@register_model
def deepfakenet50(pretrained: bool = False, **kwargs: Any) -> DeepfakeNet:
    """Return a DeepfakeNet of 50 layers, 23.5 million parameters; `depth`, `width` and more can be given."""
    return build_model_with_cfg(DeepfakeNet, "deepfakenet50", pretrained, **{"depth": 50, **kwargs})


@register_model
def deepfakenet300(pretrained: bool = False, **kwargs: Any) -> DeepfakeNet:
    """Return a DeepfakeNet of 300 layers, with stochastic depth and checkpointing unless they are turned off."""
    great = {"depth": 300, "drop_path_rate": 0.2, "grad_checkpointing": True}
    return build_model_with_cfg(DeepfakeNet, "deepfakenet300", pretrained, **{**great, **kwargs})
