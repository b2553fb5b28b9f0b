"""The optimizers step as torch's own with the settings that their names promise."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")

from unmask.errors import UnmaskError  # noqa: E402
from unmask.training.optimizers import OPTIMIZERS, make_optimizer  # noqa: E402


def descend(make: Any) -> torch.Tensor:
    """Return where three steps down the square of (1, 2) lead."""
    place = torch.tensor([1.0, 2.0], requires_grad=True)
    optimizer = make(place)
    for _ in range(3):
        optimizer.zero_grad()
        (place**2).sum().backward()
        optimizer.step()
    return place.detach()


@pytest.mark.parametrize(
    ("name", "oracle"),
    [
        ("adamw", lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=0.5)),  # decay apart from the gradient
        ("adam", lambda p: torch.optim.Adam(p, lr=0.1, weight_decay=0.5)),  # decay as a penalty
        ("sgd", lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=0.5, momentum=0.9, nesterov=True)),
    ],
)
def test_steps_are_torchs(name: str, oracle: Any) -> None:
    ours = descend(lambda place: make_optimizer([{"params": [place]}], name, lr=0.1, weight_decay=0.5))
    assert torch.equal(ours, descend(lambda place: oracle([place])))


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_a_groups_own_rates_win(name: str) -> None:
    place = torch.nn.Parameter(torch.ones(1))
    optimizer = make_optimizer([{"params": [place], "lr": 3.0, "weight_decay": 0.0}], name, lr=0.1, weight_decay=0.5)
    assert (optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["weight_decay"]) == (3.0, 0.0)


def test_an_unknown_name_is_one_line() -> None:
    with pytest.raises(UnmaskError, match=r"no optimizer 'adamx'. Did you mean adam"):
        make_optimizer([], "adamx", 0.1, 0.0)
