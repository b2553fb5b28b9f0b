"""Deletion: do the activation maps point at what the decision rests on?"""

from __future__ import annotations

from typing import Any

from unmask.errors import UnmaskError
from unmask.evaluation.deletion import DeletionTest, describe_deletion, draw_deletion, measure_deletion, render_deletion
from unmask.evaluation.grad_cam import GradCam
from unmask.evaluation.sections import SECTIONS, Scored, Section


@SECTIONS.register("deletion")
def deletion(scored: Scored, faces: int = 50) -> Section:
    """Return the deletion test of the first detector's maps on so many pictures of each data set.

    The maps are its own; of a transformer, which has none, they are Grad-CAM's.
    """
    left_out, scored = scored.name_clips(), scored.without_clips()
    detector = scored.detectors[0]
    content: dict[str, Any] = {}
    tests: list[DeletionTest] = []
    without: list[str] = []
    for data in scored.data:
        try:
            maps = None if detector.has_activation_map else GradCam(detector.folder)
            test = measure_deletion(detector, data.samples, data.name, limit=faces, maps=maps, progress=scored.progress)
        except UnmaskError as error:  # no face, no map, or no weights to take one from: the other sections stand
            content[data.name] = None
            without.append(f"- {data.name}: {error}")
            continue
        content[data.name] = test.to_dict()
        tests.append(test)
    parts = ["\n".join(render_deletion(tests))] if tests else []
    parts += ["\n".join(without)] if without else []
    figures = {"deletion-falls.png": draw_deletion(tests)} if tests else {}
    parts += [f"![Fall of the logit where cells are blurred]({name})" for name in figures]
    parts += left_out
    lines = tuple(describe_deletion(test) for test in tests)
    return Section("Where the network looked", {"by_data": content}, "\n\n".join(parts), figures, lines)
