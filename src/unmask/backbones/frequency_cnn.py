"""frequency_cnn: a small network that sees the block DCT of a face instead of its pixels."""

from __future__ import annotations

import math
from typing import Any

import torch
from timm.layers import SelectAdaptivePool2d
from timm.models import build_model_with_cfg, generate_default_cfgs, register_model
from torch import nn

from unmask.backbones.convolutional import ConvolutionalNetwork, default_cfg

WINDOW = 8
# JPEG's luma and colour differences (ITU-T T.871); without its offsets, as the input is centred already.
YCBCR = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
FULL_SCALE = 127.5
"""Grey levels of one unit of the input, which reaches from -1 to 1."""


class FrequencyCnn(ConvolutionalNetwork):
    """Log magnitudes of sliding 8x8 DCT windows, then convolutions over the windows and average pooling.

    Generators leave traces in the spectrum that pixels hide (Frank et al., "Leveraging Frequency Analysis for
    Deep Fake Image Recognition", ICML 2020). The windows slide by half, as in the local statistics of Qian et
    al., "Thinking in Frequency" (ECCV 2020), and keep their places, so that an activation map still lies on the
    face. The transform is fixed: it has no weights, and is part of the network when it is exported.
    """

    def __init__(
        self,
        num_classes: int = 2,
        width: int = 64,
        stride: int = WINDOW // 2,
        outputs: int = 2,
        global_pool: str = "avg",
        drop_rate: float = 0.2,
    ) -> None:
        """Make the network, of RGB input in [-1, 1].

        Args:
            num_classes: 2, real and fake.
            width: Channels of the first convolution; each stage doubles them.
            stride: Pixels from one window to the next.
            outputs: 2 for two softmax outputs, 1 for one sigmoid.
            global_pool: timm's name of the pooling: avg, max or avgmax.
            drop_rate: Dropout before the classifier.
        """
        blocks = nn.Sequential(
            BlockDct(stride),
            nn.Sequential(nn.BatchNorm2d(3 * WINDOW**2), *_convolution(3 * WINDOW**2, width, 1)),
            nn.Sequential(*_convolution(width, width, 3)),
            nn.Sequential(*_convolution(width, 2 * width, 3, 2)),
            nn.Sequential(*_convolution(2 * width, 2 * width, 3)),
            nn.Sequential(*_convolution(2 * width, 4 * width, 3, 2)),
        )
        super().__init__(
            blocks,
            SelectAdaptivePool2d(pool_type=global_pool, flatten=True),
            num_features=4 * width,
            head_hidden_size=4 * width,
            num_classes=num_classes,
            outputs=outputs,
            drop_rate=drop_rate,
            global_pool=global_pool,
        )


class BlockDct(nn.Module):
    """log(1 + magnitude) of the 8x8 DCT-II of luma and colour differences, in grey levels; no weights."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.register_buffer("kernels", dct_kernels(), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [N, 192, h, w] of RGB [N, 3, S, S] in [-1, 1]; 64 coefficients of Y, of Cb and of Cr."""
        coefficients = nn.functional.conv2d(x, self.kernels, stride=self.stride)
        return torch.log1p(coefficients.abs())


def dct_kernels() -> torch.Tensor:
    """Return [192, 3, 8, 8]: the kernels that take RGB in [-1, 1] to DCT coefficients in grey levels.

    The transform is the orthonormal DCT-II of JPEG (ITU-T T.81, A.3.3).
    """
    place = torch.arange(WINDOW, dtype=torch.float64)
    waves = torch.cos(math.pi * (2 * place[None, :] + 1) * place[:, None] / (2 * WINDOW)) * math.sqrt(2 / WINDOW)
    waves[0] /= math.sqrt(2)
    basis = torch.einsum("uy,vx->uvyx", waves, waves).reshape(WINDOW**2, WINDOW, WINDOW)
    colours = torch.tensor(YCBCR, dtype=torch.float64)
    kernels = torch.einsum("kc,byx->kbcyx", colours, basis) * FULL_SCALE
    return kernels.reshape(-1, 3, WINDOW, WINDOW).float()


def _convolution(before: int, after: int, side: int, stride: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(before, after, side, stride, padding=side // 2, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return [convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True)]


default_cfgs = generate_default_cfgs({"frequency_cnn": default_cfg(pool_size=(8, 8), first_conv=None)})


@register_model
def frequency_cnn(pretrained: bool = False, **kwargs: Any) -> FrequencyCnn:
    """Return a FrequencyCnn; `width`, `stride`, `outputs` and `drop_rate` can be given."""
    return build_model_with_cfg(FrequencyCnn, "frequency_cnn", pretrained, kwargs_filter=("in_chans",), **kwargs)
