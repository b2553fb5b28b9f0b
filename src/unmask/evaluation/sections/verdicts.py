"""Verdicts: how often the detector decides, and how often it is then wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from unmask.calibration import verdict_of
from unmask.evaluation.scoring import DatasetScores
from unmask.evaluation.sections import SECTIONS, Scored, Section
from unmask.evaluation.tables import render_table, share
from unmask.metrics.bootstrap import bootstrap_intervals
from unmask.metrics.weights import ratio
from unmask.schema import FAKE, LABEL_NAMES, REAL, DetectorSettings
from unmask.verdicts import BETWEEN

POLICY = (
    "At each detector's own thresholds. A picture is decided when its verdict is real or fake; coverage is the share "
    "of decided pictures among those with a score. The two errors are shares of the decided pictures alone: a detector "
    "that decides little can be right on what it decides, so they are read together with the coverage. A share of none "
    "or of all has no bootstrap interval; of n pictures without an error, up to about 3/n may still be the rate."
)

REASONS_POLICY = (
    "Why pictures stayed uncertain, each under its weightiest reason: its probability lies between the thresholds, or "
    "it lies beyond one and a caution took the verdict away. Drawings are among the faces unlike the known ones. The "
    "last two columns tell what the verdict would have been without the caution: what it costs, and what it saves."
)


@SECTIONS.register("verdicts")
def verdicts(scored: Scored) -> Section:
    """Return both errors of the decided pictures, and the coverage, by detector and data set."""
    content: dict[str, dict[str, Any]] = {detector.name: {} for detector in scored.detectors}
    uncertain: dict[str, dict[str, Any]] = {detector.name: {} for detector in scored.detectors}
    for detector, data, each in scored.pairs():
        content[detector.name][data.name] = describe_verdicts(each, scored.suite.resamples, scored.suite.seed)
        uncertain[detector.name][data.name] = count_reasons(each, detector.settings)
    thresholds = {
        detector.name: {"real": detector.settings.real_threshold, "fake": detector.settings.fake_threshold}
        for detector in scored.detectors
    }
    said = [f"`{name}` says real below {t['real']:.3f}, fake above {t['fake']:.3f}." for name, t in thresholds.items()]
    return Section(
        title="Verdicts",
        content={"thresholds": thresholds, "by_detector": content, "uncertain": uncertain},
        markdown="\n\n".join([POLICY, " ".join(said), _table(content), REASONS_POLICY, _reasons_table(uncertain)]),
    )


def describe_verdicts(each: DatasetScores, resamples: int, seed: int) -> dict[str, Any]:
    """Return counts, shares and their intervals of one data set's verdicts.

    `real_called_fake` is over the decided reals, `fake_called_real` over the decided fakes, `coverage` over all
    pictures with a score. A share of nothing is None.
    """
    rows = each.scored
    labels = np.array([row.label for row in rows], dtype=np.int64)
    called = np.array([{"real": REAL, "fake": FAKE}.get(row.verdict, -1) for row in rows], dtype=np.int64)
    decided = called >= 0
    shares = {  # name -> which pictures count, and of which
        "real_called_fake": ((labels == REAL) & (called == FAKE), (labels == REAL) & decided),
        "fake_called_real": ((labels == FAKE) & (called == REAL), (labels == FAKE) & decided),
        "coverage": (decided, np.ones_like(decided)),
    }
    counts = {name: [int(part.sum()), int(whole.sum())] for name, (part, whole) in shares.items()}
    intervals: Mapping[str, Any] = dict.fromkeys(shares)
    if rows:
        intervals = bootstrap_intervals(
            lambda w: {name: ratio(w @ part, w @ whole) for name, (part, whole) in shares.items()},
            [row.source_id for row in rows],
            resamples,
            seed,
        )
    return {
        name: {"part": part, "whole": whole, "share": part / whole if whole else None, "interval": intervals[name]}
        for name, (part, whole) in counts.items()
    }


def count_reasons(each: DatasetScores, settings: DetectorSettings) -> dict[str, dict[str, int | None]]:
    """Return how many pictures stayed uncertain by each reason, and what the thresholds alone would have said.

    A picture counts under the first of its reasons, the commonest reason comes first. `right` and `wrong` are None
    between the thresholds, which say nothing there.
    """
    low, high = settings.real_threshold, settings.fake_threshold
    counts: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for row in each.scored:
        if row.verdict != "uncertain" or not row.reasons:
            continue
        counts[row.reasons[0]] += 1
        right[row.reasons[0]] += verdict_of(row.fake_probability or 0.0, low, high) == LABEL_NAMES[row.label]
    found: dict[str, dict[str, int | None]] = {}
    for reason, count in counts.most_common():
        would_be = (None, None) if reason == BETWEEN else (right[reason], count - right[reason])
        found[reason] = {"pictures": count, "right": would_be[0], "wrong": would_be[1]}
    return found


def _table(content: Mapping[str, Mapping[str, Any]]) -> str:
    names = list(next(iter(content.values())))
    heads = {"real_called_fake": "decided reals called fake", "fake_called_real": "decided fakes called real"}
    heads["coverage"] = "coverage"
    rows = [
        [name, detector, *(_cell(entries[name][key]) for key in heads)]
        for name in names
        for detector, entries in content.items()
    ]
    return render_table(["Data set", "Detector", *heads.values()], rows, texts=2)


def _reasons_table(uncertain: Mapping[str, Mapping[str, Any]]) -> str:
    names = list(next(iter(uncertain.values())))
    rows = [
        [name, detector, reason, *("–" if count is None else str(count) for count in found.values())]
        for name in names
        for detector, entries in uncertain.items()
        for reason, found in entries[name].items()
    ]
    return render_table(
        ["Data set", "Detector", "Uncertain by", "Pictures", "Would be right", "Would be wrong"], rows, 3
    )


def _cell(figure: Mapping[str, Any]) -> str:
    if figure["share"] is None:
        return "none decided"
    return f"{share(figure['share'], figure['interval'])}, {figure['part']} of {figure['whole']}"
