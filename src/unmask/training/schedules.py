"""Learning rate schedules: the factor on every group's learning rate as a plain function of the step.

Nothing but the step's number goes in, so a run that goes on from a checkpoint has the learning rates of one
that never stopped.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from unmask.registry import Registry

SCHEDULES: Registry[Callable[[int, int, float], float]] = Registry("schedule", package=__name__)
"""Every schedule by name; each is called as `factor(step, steps, warmup)` with steps counted from 0."""

# Smith and Topin's start and end, as torch's OneCycleLR has them: a 25th, then a ten-thousandth of that.
CYCLE_START, CYCLE_END = 1 / 25, 1 / 25e4
# Where `step` falls to a tenth, as shares of the run: those of He et al. (2016) on CIFAR.
FALLS = (0.5, 0.75)


def make_schedule(optimizer: Optimizer, name: str, steps: int, warmup: float) -> LambdaLR:
    """Return the named schedule over an optimizer, to be stepped once after every optimizer step.

    Args:
        optimizer: Its groups' learning rates are the peaks.
        name: `cosine`, `one_cycle`, `step` or `constant`.
        steps: Optimizer steps of the whole run.
        warmup: Fraction of the steps in which the learning rate climbs.

    Raises:
        UnmaskError: there is no schedule of that name.
    """
    factor = SCHEDULES[name]
    return LambdaLR(optimizer, lambda step: factor(step, steps, warmup))


@SCHEDULES.register("cosine")
def cosine(step: int, steps: int, warmup: float) -> float:
    """Return a linear climb, then half a cosine down to zero (Loshchilov and Hutter, ICLR 2017)."""
    climb = _climb_steps(steps, warmup)
    if step < climb:
        return (step + 1) / climb
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - climb) / max(1, steps - climb))))


@SCHEDULES.register("one_cycle")
def one_cycle(step: int, steps: int, warmup: float) -> float:
    """Return a cosine climb from a 25th of the peak, and a cosine down to almost nothing (Smith and Topin, 2018)."""
    top, end = warmup * steps - 1, steps - 1
    if step <= top:
        return _ease(CYCLE_START, 1.0, step / top) if top > 0 else 1.0
    return _ease(1.0, CYCLE_END, min(1.0, (step - top) / max(1.0, end - top)))


@SCHEDULES.register("step")
def step_down(step: int, steps: int, warmup: float) -> float:
    """Return the climb, then 1, a tenth from half of the run on, and a hundredth in the last quarter."""
    return constant(step, steps, warmup) * 0.1 ** sum(step >= round(fall * steps) for fall in FALLS)


@SCHEDULES.register("constant")
def constant(step: int, steps: int, warmup: float) -> float:
    """Return the climb, then 1."""
    return min(1.0, (step + 1) / _climb_steps(steps, warmup))


def _climb_steps(steps: int, warmup: float) -> int:
    return max(1, round(steps * warmup))


def _ease(start: float, end: float, share: float) -> float:
    """Return the value at `share` of half a cosine from `start` to `end`."""
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))
