"""Attacks: what is left of the scores when faces are changed to mislead the network."""

from __future__ import annotations

from typing import Any

from unmask.evaluation.attacks import LEVELS, AttackScores, attack_dataset, render_attacks
from unmask.evaluation.samples import take_evenly
from unmask.evaluation.sections import SECTIONS, Scored, Section


@SECTIONS.register("attacks")
def attacks(
    scored: Scored, faces: int = 30, kinds: tuple[str, ...] = ("pgd",), levels: tuple[int, ...] = LEVELS
) -> Section:
    """Return the scores of every detector under attack, on so many pictures of each data set."""
    left_out, scored = scored.name_clips(), scored.without_clips()
    found: list[AttackScores] = []
    for detector in scored.detectors:
        for data in scored.data:
            samples = take_evenly(data.samples, faces)
            how: dict[str, Any] = {"attacks": kinds, "levels": levels, "progress": scored.progress}
            found += attack_dataset(detector, samples, data.name, **how)
    content = {"found": [each.to_dict() for each in found]}
    parts = [render_attacks(found).split("\n\n", 1)[1].rstrip()] if found else []
    return Section("Attacks", content, "\n\n".join([*parts, *left_out]))
