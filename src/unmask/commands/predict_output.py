"""What `unmask predict` prints: the lines or the JSON of a file, and the summary of many."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from typing import TYPE_CHECKING

import typer

from unmask.commands.judging import shown

if TYPE_CHECKING:
    from unmask.commands.judging import Prediction
    from unmask.detector import Detector
    from unmask.media.provenance import Provenance

COLOURS = {"real": "green", "fake": "red", "uncertain": "yellow", "no_face": "blue"}
"""Of the verdicts, in the order in which a summary counts them."""


def as_json_line(name: str, prediction: Prediction, provenance: Provenance | None) -> str:
    """Return the object of one file."""
    # ASCII alone, so that any file name survives any terminal: a byte that is no UTF-8 becomes \\udc80 to \\udcff.
    return json.dumps({"file": name, **prediction.to_dict(), "provenance": provenance and provenance.to_dict()})


def as_lines(name: str, prediction: Prediction, provenance: Provenance | None) -> list[str]:
    """Return the line of one file, and below it those of its faces or people and of what is known of its origin."""
    from unmask.verdict_lines import describe

    first, *others = describe(prediction, _coloured)
    findings = provenance.findings() if provenance else []
    return [f"{first}  {shown(name)}", *others, *(f"    {finding}" for finding in findings)]


def _coloured(verdict: str) -> str:
    """Return a verdict in a column's width, in its colour on terminals that want colours."""
    padded = verdict.ljust(max(map(len, COLOURS)))
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb":
        return typer.style(padded, fg=COLOURS[verdict])
    return padded


def summary(verdicts: Counter[str], total: int, detector: Detector) -> str:
    """Return the line below many files: how many had which verdict, what judged them, and what that promises."""
    from unmask.calibration import describe_promise

    parts = [f"{verdicts[verdict]} {verdict}" for verdict in COLOURS]
    parts += [f"{total - verdicts.total()} unreadable"]
    promise = describe_promise(detector.settings)
    made_by = f"Detector {detector.name}, faces by {detector.face_finder.name}."
    return f"{total} files: {', '.join(parts)}. {made_by}" + (f" Its thresholds promise: {promise}." if promise else "")
