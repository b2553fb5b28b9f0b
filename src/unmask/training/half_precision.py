"""Half precision on a CPU: which convolutions are better off without it.

A CPU with AMX multiplies bfloat16 matrices several times faster than float32, one with AVX512-BF16 twice as fast, and
most convolutions train so much faster. For depthwise ones of a stride or of 5x5 pixels oneDNN has no fast backward pass
in it: 4 to 20 times the time of float32's (measured with torch 2.14), so that an EfficientNet-Lite0 as a whole became
slower, 0.62 of float32's faces a second. With these few left in float32 it is 1.39, and MobileNetV2 1.51 for 1.10
(`python benchmarks/half_precision.py`).
"""

from __future__ import annotations

import torch
from torch import nn


def keep_in_float32(model: nn.Module) -> int:
    """Have a network on a CPU compute such convolutions in float32 under autocast; return how many there are.

    Weights, names and what is saved stay as they are, and so does every result without autocast.
    """
    slow = [part for part in model.modules() if isinstance(part, nn.Conv2d) and _is_slow_in_half(part)]
    for convolution in slow:
        _keep(convolution)
    return len(slow)


def _is_slow_in_half(convolution: nn.Conv2d) -> bool:
    return convolution.groups > 1 and (convolution.kernel_size[0] > 3 or convolution.stride[0] > 1)


def _keep(convolution: nn.Conv2d) -> None:
    own = convolution.forward

    def convolve(batch: torch.Tensor) -> torch.Tensor:
        if not torch.is_autocast_enabled("cpu"):
            return own(batch)
        with torch.autocast("cpu", enabled=False):
            return own(batch.float()).to(batch.dtype)

    convolution.forward = convolve
