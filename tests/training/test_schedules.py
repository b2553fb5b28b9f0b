"""The schedules against torch's own, and equal after a resume."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")

from torch.optim import lr_scheduler  # noqa: E402

from unmask.training.schedules import SCHEDULES, make_schedule  # noqa: E402

STEPS, PEAK = 40, 0.5


def optimizer() -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=PEAK)


def rates(make: Any, steps: int = STEPS) -> list[float]:
    """Return the learning rate of each step."""
    held = optimizer()
    schedule = make(held)
    seen = []
    for _ in range(steps):
        seen.append(held.param_groups[0]["lr"])
        held.step()
        schedule.step()
    return seen


def ours(name: str, warmup: float) -> list[float]:
    return rates(lambda held: make_schedule(held, name, STEPS, warmup))


@pytest.mark.parametrize("warmup", [0.1, 0.3, 0.5])
def test_one_cycle_is_torchs(warmup: float) -> None:
    def oracle(held: torch.optim.Optimizer) -> Any:
        # Torch refuses a step past the last one; ours holds the end.
        return lr_scheduler.OneCycleLR(held, PEAK, total_steps=STEPS + 1, pct_start=warmup, cycle_momentum=False)

    found = rates(lambda held: make_schedule(held, "one_cycle", STEPS + 1, warmup))
    assert found == pytest.approx(rates(oracle), rel=1e-6)


def test_cosine_falls_as_torchs_after_a_linear_climb() -> None:
    found = ours("cosine", 0.25)
    falling = rates(lambda held: lr_scheduler.CosineAnnealingLR(held, T_max=STEPS - 10), STEPS - 10)
    assert found[:10] == pytest.approx([PEAK * (step + 1) / 10 for step in range(10)])
    assert found[10:] == pytest.approx(falling, rel=1e-6)


def test_step_falls_as_torchs() -> None:
    oracle = rates(lambda held: lr_scheduler.MultiStepLR(held, [STEPS // 2, STEPS * 3 // 4], gamma=0.1))
    assert ours("step", 0.0) == pytest.approx(oracle)


def test_constant_climbs_and_stays() -> None:
    assert ours("constant", 0.1) == pytest.approx([PEAK * share for share in (0.25, 0.5, 0.75)] + [PEAK] * 37)


@pytest.mark.parametrize("name", sorted(SCHEDULES))
@pytest.mark.parametrize("steps", [1, 2, 3, 100])
@pytest.mark.parametrize("warmup", [0.0, 0.1, 1.0])
def test_every_factor_is_a_share_of_the_peak(name: str, steps: int, warmup: float) -> None:
    """Also of runs of one step, and of the step after the last, which torch's schedules look at."""
    factors = [SCHEDULES[name](step, steps, warmup) for step in range(steps + 1)]
    assert all(0 <= factor <= 1 for factor in factors)
    assert factors[0] > 0


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_a_resumed_schedule_goes_on_as_the_whole_one(name: str) -> None:
    whole, first, second = optimizer(), optimizer(), optimizer()
    schedules = [make_schedule(held, name, STEPS, 0.2) for held in (whole, first, second)]
    for _ in range(13):
        for held, schedule in zip((whole, first), schedules, strict=False):
            held.step()
            schedule.step()
    second.load_state_dict(first.state_dict())
    schedules[2].load_state_dict(schedules[1].state_dict())
    for _ in range(20):
        for held, schedule in ((whole, schedules[0]), (second, schedules[2])):
            held.step()
            schedule.step()
        assert second.param_groups[0]["lr"] == whole.param_groups[0]["lr"]


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_the_head_and_the_body_keep_their_ratio(name: str) -> None:
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in (0.1, 1.0)]
    held = torch.optim.SGD(groups, lr=0.1)
    schedule = make_schedule(held, name, STEPS, 0.2)
    for _ in range(STEPS // 2):
        held.step()
        schedule.step()
        body, head = schedule.get_last_lr()
        assert head == pytest.approx(10 * body)
