"""The verdict of a stream: single frames waver, so their logits are averaged over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from unmask.schema import Caution
from unmask.verdicts import usual_cautions, weightier_first

HALF_LIFE = 1.0
"""Seconds after which what was seen counts half as much."""
FORGET_AFTER = 3.0
"""Seconds without a face after which the average begins anew: someone else may come."""
SUREST = 1e-4
"""No single frame counts as surer than this, or it alone would decide for seconds."""


@dataclass(frozen=True)
class Smoothed:
    """An exponential moving average of the fake logit: its value, and the time in seconds of the last face.

    `frames` are the last seconds' frames with a face: the time of each, and what speaks against a verdict on it.
    """

    logit: float
    time: float
    frames: tuple[tuple[float, tuple[Caution, ...]], ...] = ()

    @property
    def fake_probability(self) -> float:
        """The averaged logit as a probability."""
        return 1 / (1 + math.exp(-self.logit))

    @property
    def cautions(self) -> tuple[Caution, ...]:
        """What speaks against a verdict on the average: on the last face, or on most of the last seconds' faces."""
        cautions = [cautions for _, cautions in self.frames]
        last = cautions[-1] if cautions else ()
        return weightier_first(dict.fromkeys((*last, *usual_cautions(cautions))))


def smooth(
    before: Smoothed | None, fake_probability: float | None, now: float, cautions: Sequence[Caution] = ()
) -> Smoothed | None:
    """Return the average after one more frame.

    The weight of the past halves every `HALF_LIFE` seconds however many frames come, so that a slow machine
    gives the same verdict as a fast one.

    Args:
        before: The average so far, None at the start.
        fake_probability: Of the frame's most fake face, None where there is no face.
        now: The frame's time in seconds, of any clock that only goes forward.
        cautions: What speaks against a verdict on that face.

    Returns:
        The new average; None where there is nothing to average, or no face was seen for `FORGET_AFTER` seconds.
    """
    if before is not None and now - before.time > FORGET_AFTER:
        before = None
    if fake_probability is None:
        return before
    held = min(max(fake_probability, SUREST), 1 - SUREST)
    logit = math.log(held / (1 - held))
    if before is None:
        return Smoothed(logit, now, ((now, tuple(cautions)),))
    lately = tuple(frame for frame in before.frames if now - frame[0] <= FORGET_AFTER)
    kept = 0.5 ** (max(0.0, now - before.time) / HALF_LIFE)
    return Smoothed(kept * before.logit + (1 - kept) * logit, now, (*lately, (now, tuple(cautions))))
