"""Adversarial examples mislead, stay within their radius and what a picture can be, and leave no trace."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")
timm = pytest.importorskip("timm", reason="training needs the train extra")

from torch import nn  # noqa: E402
from torch.nn.functional import cross_entropy  # noqa: E402

from unmask.errors import UnmaskError  # noqa: E402
from unmask.schema import InputSpec  # noqa: E402
from unmask.training.adversarial import ATTACKS, attack  # noqa: E402

SPEC = InputSpec(64, "bicubic", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
EPSILON = 8 / 255
LABELS = torch.tensor([0, 1, 0, 1])


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    return timm.create_model("test_resnet", num_classes=2)


@pytest.fixture
def pixels() -> torch.Tensor:
    """Pictures in [0, 1] with some black and some white, where a change must be clipped."""
    torch.manual_seed(1)
    return (1.6 * torch.rand(4, 3, 64, 64) - 0.3).clamp(0, 1)


def normalise(pixels: torch.Tensor) -> torch.Tensor:
    return (pixels - torch.tensor(SPEC.mean).view(3, 1, 1)) / torch.tensor(SPEC.std).view(3, 1, 1)


def to_pixels(batch: torch.Tensor) -> torch.Tensor:
    return batch * torch.tensor(SPEC.std).view(3, 1, 1) + torch.tensor(SPEC.mean).view(3, 1, 1)


def test_fgsm_is_the_textbooks_in_pixel_space(model: nn.Module, pixels: torch.Tensor) -> None:
    model.eval()
    moved = pixels.clone().requires_grad_(True)
    cross_entropy(model(normalise(moved)), LABELS).backward()
    expected = (pixels + EPSILON * moved.grad.sign()).clamp(0, 1)
    found = to_pixels(attack(model, normalise(pixels), LABELS, cross_entropy, "fgsm", EPSILON, SPEC))
    assert torch.isclose(found, expected, atol=1e-5).float().mean() > 0.999  # a gradient of 0 ± rounding has any sign


@pytest.mark.parametrize("name", sorted(ATTACKS))
@pytest.mark.parametrize("epsilon", [1 / 255, 8 / 255])
def test_examples_stay_near_and_are_pictures(model: nn.Module, pixels: torch.Tensor, name: str, epsilon: float) -> None:
    found = to_pixels(attack(model, normalise(pixels), LABELS, cross_entropy, name, epsilon, SPEC))
    assert (found - pixels).abs().max() <= epsilon + 1e-5
    assert found.min() >= -1e-5
    assert found.max() <= 1 + 1e-5
    assert (found - pixels).abs().mean() > epsilon / 4


def test_the_loss_rises_and_more_by_pgd(model: nn.Module, pixels: torch.Tensor) -> None:
    model.eval()
    clean = normalise(pixels)
    batches = [clean, *(attack(model, clean, LABELS, cross_entropy, name, EPSILON, SPEC) for name in ("fgsm", "pgd"))]
    losses = [cross_entropy(model(batch), LABELS).item() for batch in batches]
    assert losses[0] < losses[1] < losses[2]


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_the_network_is_left_as_it_was(model: nn.Module, pixels: torch.Tensor, name: str) -> None:
    """Weights, statistics, gradients, and a frozen norm's mode."""
    model.train()
    model.layer1[0].bn1.eval()
    state = {key: value.clone() for key, value in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    batch = normalise(pixels)
    kept = batch.clone()
    found = attack(model, batch, LABELS, cross_entropy, name, EPSILON, SPEC)
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    assert [module.training for module in model.modules()] == modes
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(batch, kept)
    assert not found.requires_grad


def test_pgd_is_repeatable(model: nn.Module, pixels: torch.Tensor) -> None:
    found = []
    for _ in range(2):
        torch.manual_seed(3)
        found.append(attack(model, normalise(pixels), LABELS, cross_entropy, "pgd", EPSILON, SPEC))
    assert torch.equal(*found)


def test_a_wrong_name_is_one_line(model: nn.Module, pixels: torch.Tensor) -> None:
    with pytest.raises(UnmaskError, match=r"no attack 'fgms'. Did you mean fgsm"):
        attack(model, pixels, LABELS, cross_entropy, "fgms", EPSILON, SPEC)
