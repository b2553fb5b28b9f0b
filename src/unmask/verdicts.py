"""From a fake probability and what speaks against it to a verdict: alike for a picture's faces and a clip's people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from unmask.calibration import describe_place, verdict_of
from unmask.schema import Caution, DetectorSettings, FacePrediction, PersonPrediction, Verdict

BETWEEN = "between the thresholds"

Judged = TypeVar("Judged", FacePrediction, PersonPrediction)


@dataclass(frozen=True)
class Assessment:
    """What was seen of one face before any verdict: the network's word, and what speaks against a verdict.

    `crop` is what the network saw, before it was resized, uint8 RGB [S, S, 3]; `activation_map` is float32 [h, w]
    or None.
    """

    fake_probability: float
    cautions: tuple[Caution, ...]
    crop: np.ndarray
    activation_map: np.ndarray | None = None


def conclude(
    probability: float, cautions: Sequence[Caution], settings: DetectorSettings
) -> tuple[Verdict, tuple[str, ...]]:
    """Return the verdict, and the reasons that keep it back or weaken it."""
    verdict = verdict_of(probability, settings.real_threshold, settings.fake_threshold)
    words = tuple(caution.words for caution in cautions)
    if verdict == "uncertain":
        return verdict, (BETWEEN, *words)
    groundless = any(caution.leaves_no_ground and caution.spares != verdict for caution in cautions)
    return ("uncertain" if groundless else verdict), words


def usual_cautions(frames: Sequence[Sequence[Caution]]) -> tuple[Caution, ...]:
    """Return what speaks against a verdict on a person, given what does in each of their frames; weightier first.

    A caution counts that holds in more than half of the frames. Where more than half leave no ground for a verdict,
    some for this reason and some for that, so does the whole, by the commonest of these reasons.
    """
    counted = Counter(caution for cautions in frames for caution in cautions).most_common()
    groundless = sum(any(caution.leaves_no_ground for caution in cautions) for cautions in frames)
    usual = [caution for caution, count in counted if 2 * count > len(frames)]
    if 2 * groundless > len(frames) and not any(caution.leaves_no_ground for caution in usual):
        usual.append(next(caution for caution, _ in counted if caution.leaves_no_ground))
    return weightier_first(usual)


def weightier_first(cautions: Iterable[Caution]) -> tuple[Caution, ...]:
    """Return cautions in their order, but those that leave no ground for a verdict first."""
    return tuple(sorted(cautions, key=lambda caution: not caution.leaves_no_ground))


def most_fake(judged: Sequence[Judged]) -> Judged | None:
    """Return the face or person that the whole is judged by: the most fake, those called `fake` before all others."""
    return max(judged, key=lambda one: (one.verdict == "fake", one.fake_probability), default=None)


def is_groundless(verdict: Verdict, reasons: Sequence[str]) -> bool:
    """Say whether a face or person got no verdict although the probability lies beyond a threshold."""
    return verdict == "uncertain" and bool(reasons) and BETWEEN not in reasons


def explain(judged: FacePrediction | PersonPrediction, settings: DetectorSettings, where: str = "") -> str:
    """Return what a verdict rests on, as in `above the fake threshold 0.727; with caution: blurred`.

    `where` stands behind the cautions, as in ` in most frames`.
    """
    place = describe_place(judged.fake_probability, settings.real_threshold, settings.fake_threshold)
    cautions = cautions_of(judged.reasons)
    if not cautions:
        return place
    if is_groundless(judged.verdict, judged.reasons):
        return f"{place}, which is no ground for a verdict: {cautions}{where}"
    return f"{place}; with caution: {cautions}{where}"


def cautions_of(reasons: Sequence[str]) -> str:
    """Return the reasons but for that of the thresholds, listed; empty without any."""
    return list_words([reason for reason in reasons if reason != BETWEEN])


def list_words(words: Sequence[str]) -> str:
    """Return words as in `small, blurred and heavily compressed`."""
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)
