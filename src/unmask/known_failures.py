"""The known failures of a detector in Markdown, alike on its card and in the report of a suite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

POLICY = (
    "Which pictures fail: of each class, medians of the wrongly judged pictures (called the other class) against those "
    "of the rightly judged ones, as in “wrong / right”; uncertain ones are neither. The face is its box's longer side; "
    "detail is the share of its contrast that is fine (0.1 to 0.3 where it is sharp); brightness is from 0 to 1. No "
    "median is taken of fewer than five, and between few pictures it differs by chance."
)
SUREST = (
    "The wrong verdicts that it was surest of, one picture of each source, with what can be measured of the face that "
    "decided:"
)
NO_FAILURES = "No picture of these data sets got a wrong verdict."
KINDS = {"real_called_fake": "real called fake", "fake_called_real": "fake called real"}
MEASURES = {"face": "face, px", "detail": "detail", "brightness": "brightness", "jpeg_quality": "JPEG quality"}


def render_failures(by_data: Mapping[str, Any]) -> str:
    """Return two tables: how wrongly judged pictures differ from the others, and the surest wrong verdicts.

    Args:
        by_data: `by_data` of the section `failures` in report.json.
    """
    if not any(entry[kind]["surest"] for entry in by_data.values() for kind in KINDS):
        return NO_FAILURES
    return "\n\n".join([POLICY, _comparison(by_data), SUREST, _surest(by_data)])


def _comparison(by_data: Mapping[str, Any]) -> str:
    lines = [
        f"| data set | kind | wrong / right | {' | '.join(MEASURES.values())} |",
        "|---|---|" + "--:|" * (1 + len(MEASURES)),
    ]
    for name, entry in by_data.items():
        for kind, words in KINDS.items():
            wrong, right = (entry[kind][side] for side in ("wrong", "right"))
            if not wrong["pictures"] + right["pictures"]:  # a data set of one class
                continue
            cells = [f"{wrong['pictures']:,} / {right['pictures']:,}"]
            cells += [f"{_figure(wrong[key], key)} / {_figure(right[key], key)}" for key in MEASURES]
            lines.append(f"| {escape_cell(name)} | {words} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _surest(by_data: Mapping[str, Any]) -> str:
    rows = [
        (name, KINDS[kind], each) for name, entry in by_data.items() for kind in KINDS for each in entry[kind]["surest"]
    ]
    texts = {"file": "picture", "method": "method", "look": "what it looks like"}
    if not any(each["method"] for _, _, each in rows):
        del texts["method"]
    lines = [
        f"| data set | kind | fake probability | {' | '.join(texts.values())} |",
        "|---|---|--:|" + "---|" * len(texts),
    ]
    for name, kind, each in rows:
        cells = [f"{each['fake_probability']:.3f}", *(escape_cell(each[key]) or "–" for key in texts)]
        lines.append(f"| {escape_cell(name)} | {kind} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _figure(value: float | None, key: str) -> str:
    digits = {"detail": 3, "brightness": 2}.get(key, 0)
    return "–" if value is None else f"{value:.{digits}f}"


def escape_cell(text: str) -> str:
    """Return a text that ends no cell and starts no markup."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
