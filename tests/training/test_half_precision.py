"""Convolutions that stay in float32 on a CPU: which they are, and that nothing but their precision changes."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")
timm = pytest.importorskip("timm", reason="training needs the train extra")

from torch import nn  # noqa: E402

from unmask.training.half_precision import keep_in_float32  # noqa: E402

KINDS = [
    # convolution, kept in float32
    (nn.Conv2d(8, 8, 5, padding=2, groups=8), True),  # depthwise, five pixels wide
    (nn.Conv2d(8, 8, 3, stride=2, padding=1, groups=8), True),  # depthwise with a stride
    (nn.Conv2d(8, 8, 3, padding=1, groups=8), False),  # depthwise, as fast in half
    (nn.Conv2d(8, 8, 5, stride=2, padding=2), False),  # not depthwise: AMX is at its best
]


@pytest.mark.parametrize(("convolution", "kept"), KINDS)
def test_only_depthwise_ones_of_a_stride_or_five_pixels_are_kept(convolution: nn.Conv2d, kept: bool) -> None:
    assert keep_in_float32(nn.Sequential(convolution)) == kept


def test_they_compute_in_float32_and_hand_on_what_they_were_given() -> None:
    torch.manual_seed(0)
    convolution = nn.Conv2d(8, 8, 5, padding=2, groups=8)
    batch = torch.randn(2, 8, 16, 16).bfloat16()
    exact = convolution(batch.float())
    keep_in_float32(nn.Sequential(convolution))
    with torch.autocast("cpu", torch.bfloat16):
        found = convolution(batch)
    assert found.dtype == torch.bfloat16
    assert torch.equal(found, exact.bfloat16())


@torch.no_grad()
def test_without_autocast_a_network_says_the_same_under_the_same_names() -> None:
    torch.manual_seed(0)
    model = timm.create_model("efficientnet_lite0", num_classes=2).eval()
    batch = torch.randn(2, 3, 64, 64)
    before, names = model(batch), list(model.state_dict())
    assert keep_in_float32(model) > 0
    assert torch.equal(model(batch), before)
    assert list(model.state_dict()) == names
