"""The worst-source objective: what its weights are, and that a run and two processes keep to them."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")

from accelerate import Accelerator  # noqa: E402

from unmask.training.worst_source import SourceWeights  # noqa: E402

NAMES = ["swaps", "portraits", "swaps", "portraits", "clips"]
ROWS = torch.tensor([0, 1, 2, 3])
LOSSES = torch.tensor([0.9, 0.1, 0.7, 0.3])  # swaps 0.8 in the mean, portraits 0.2


def make_weights(tilt: float) -> SourceWeights:
    return SourceWeights(Accelerator(cpu=True), NAMES, tilt)


@pytest.mark.parametrize(
    ("tilt", "expected"),
    [
        (1e-9, [1.0, 1.0]),  # the mean
        (2.0, [2 / (1 + torch.tensor(-1.2).exp()), 2 / (1 + torch.tensor(1.2).exp())]),  # exp(tilt x loss), mean 1
        (1e3, [2.0, 0.0]),  # the worst alone
    ],
)
def test_weights_go_by_a_data_sets_loss(tilt: float, expected: list[float]) -> None:
    found = make_weights(tilt)(ROWS, LOSSES)
    assert torch.allclose(found, torch.tensor([*expected, *expected], dtype=torch.float32), atol=1e-6)


def test_near_a_tilt_of_zero_it_is_the_mean_and_half_the_tilt_times_the_variance() -> None:
    """The gradient is that of V-REx's objective, for data sets that are drawn alike."""
    tilt, tilted, plain = 1e-3, LOSSES.clone().requires_grad_(True), LOSSES.clone().requires_grad_(True)
    (make_weights(tilt)(ROWS, tilted) * tilted).mean().backward()
    means = plain.view(2, 2).mean(dim=0)  # rows take turns
    (means.mean() + tilt / 2 * means.var(correction=0)).backward()
    assert torch.allclose(tilted.grad, plain.grad, atol=1e-7)


def test_losses_are_remembered_and_fade() -> None:
    """A batch where both are judged alike keeps the weights that the batches before it have earned, for a while."""
    weights = make_weights(2.0)
    earned = weights(ROWS, LOSSES)[0]
    after = [float(weights(ROWS, torch.full((4,), 0.5))[0]) for _ in range(300)]
    assert earned > after[0] > after[50] > after[-1] > 1
    assert after[-1] == pytest.approx(1, abs=0.01)


def test_a_data_set_that_was_not_seen_yet_takes_no_weight() -> None:
    found = make_weights(5.0)(torch.tensor([1, 1, 3]), torch.tensor([0.2, 0.4, 3.0]))
    assert torch.allclose(found, torch.ones(3))


def test_a_step_of_the_best_known_data_set_alone_still_has_weights() -> None:
    weights = make_weights(300.0)
    weights(ROWS, LOSSES)
    assert torch.allclose(weights(torch.tensor([1, 3]), torch.tensor([0.1, 0.3])), torch.ones(2))


def test_what_is_saved_gives_the_next_weights() -> None:
    first, second = make_weights(2.0), make_weights(2.0)
    first(ROWS, LOSSES)
    second.load_state_dict(first.state_dict())
    assert torch.equal(first(ROWS, LOSSES), second(ROWS, LOSSES))
