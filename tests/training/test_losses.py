"""The losses against torch's and torchvision's own, and what each is named for."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")

from unmask.errors import UnmaskError  # noqa: E402
from unmask.training.losses import LOSSES  # noqa: E402


@pytest.fixture
def judged() -> tuple[torch.Tensor, torch.Tensor]:
    """Logits [16, 2] and labels [16], some of them judged badly wrong."""
    generator = torch.Generator().manual_seed(0)
    return 4 * torch.randn(16, 2, generator=generator), torch.randint(0, 2, (16,), generator=generator)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropies_are_torchs(judged: tuple[torch.Tensor, torch.Tensor], smoothing: float) -> None:
    expected = torch.nn.CrossEntropyLoss(label_smoothing=smoothing, reduction="none")(*judged)
    assert torch.allclose(LOSSES["cross_entropy"](*judged, smoothing), expected)
    assert torch.allclose(LOSSES["binary_cross_entropy"](*judged, smoothing), expected, atol=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_focal_is_torchvisions(judged: tuple[torch.Tensor, torch.Tensor], smoothing: float) -> None:
    from torchvision.ops import sigmoid_focal_loss

    logits, labels = judged
    targets = labels.float() * (1 - smoothing) + smoothing / 2
    expected = sigmoid_focal_loss(logits[:, 1] - logits[:, 0], targets, alpha=-1, gamma=2, reduction="none")
    assert torch.allclose(LOSSES["focal"](*judged, smoothing), expected, atol=1e-6)


def test_mean_squared_error_is_that_of_the_fake_probability(judged: tuple[torch.Tensor, torch.Tensor]) -> None:
    logits, labels = judged
    expected = (logits.softmax(1)[:, 1] - labels).square()
    assert torch.allclose(LOSSES["mean_squared_error"](logits, labels, 0.0), expected)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_loss_pulls_each_face_towards_its_label(name: str) -> None:
    logits = torch.zeros(2, 2, requires_grad=True)
    loss = LOSSES[name](logits, torch.tensor([0, 1]), 0.0)
    (slope,) = torch.autograd.grad(loss.sum(), logits)
    assert slope[0, 0] < 0 < slope[0, 1]
    assert slope[1, 1] < 0 < slope[1, 0]


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_half_precision_logits_are_judged_in_float32(name: str) -> None:
    sure = torch.tensor([[9.0, -9.0]], dtype=torch.float16)
    assert LOSSES[name](sure, torch.tensor([0]), 0.0).dtype == torch.float32


def test_a_wrong_name_is_answered_with_the_right_one() -> None:
    with pytest.raises(UnmaskError, match="Did you mean cross_entropy"):
        LOSSES["crossentropy"]
