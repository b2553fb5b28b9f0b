"""Mixup: faces and targets are blended alike."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")

from unmask.training.mixup import mix_faces  # noqa: E402


@pytest.mark.parametrize("spread", [0.1, 1.0, 10.0])
def test_faces_and_targets_are_blended_alike(spread: float) -> None:
    """Pictures that show their label in every pixel still show their target."""
    labels = torch.arange(64) % 2
    pixels = labels.view(-1, 1, 1, 1).expand(-1, 3, 4, 4).float()
    blended, targets = mix_faces(pixels, labels, spread)
    assert torch.allclose(blended, targets.view(-1, 1, 1, 1).expand_as(blended))
    assert ((targets - labels).abs() <= 0.5).all()  # its own label stays the better answer
    assert ((targets > 0) & (targets < 1)).any()  # and something was blended


def test_a_small_spread_leaves_most_faces_alone() -> None:
    labels = torch.arange(1000) % 2
    _, targets = mix_faces(torch.zeros(1000, 3, 1, 1), labels, 0.05)
    assert ((targets - labels).abs() < 0.1).float().mean() > 0.8
