"""Verdicts: how often the detector decides, and how often it is then wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from unmask.calibration import verdict_of
from unmask.evaluation.levels import VIDEO, level_of, videos_of
from unmask.evaluation.scoring import DatasetScores
from unmask.evaluation.sections import SECTIONS, Scored, Section
from unmask.evaluation.shares import describe_verdicts
from unmask.evaluation.tables import render_table, share_of_counts
from unmask.schema import LABEL_NAMES, DetectorSettings
from unmask.verdicts import BETWEEN

POLICY = (
    "At each detector's own thresholds, of pictures, frames or clips as “level” says. One is decided when its verdict "
    "is real or fake; coverage is the share of the decided among those with a score. The two errors are shares of the "
    "decided alone: a detector that decides little can be right on what it decides, so they are read together with the "
    "coverage. A share of none or of all has no bootstrap interval; of n without an error, up to about 3/n may still "
    "be the rate."
)
VIDEOS = (
    "Below a row of frames stands one of the same frames clip by clip, of level video: the verdict is that of the mean "
    "of their logits, and uncertain where most frames leave no ground for one."
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
        content[detector.name][data.name] = _describe(
            each, detector.settings, scored.suite.resamples, scored.suite.seed
        )
        uncertain[detector.name][data.name] = count_reasons(each, detector.settings)
    thresholds = {
        detector.name: {"real": detector.settings.real_threshold, "fake": detector.settings.fake_threshold}
        for detector in scored.detectors
    }
    said = [f"`{name}` says real below {t['real']:.3f}, fake above {t['fake']:.3f}." for name, t in thresholds.items()]
    note = [VIDEOS] if any(entry["video"] for entries in content.values() for entry in entries.values()) else []
    return Section(
        title="Verdicts",
        content={"thresholds": thresholds, "by_detector": content, "uncertain": uncertain},
        markdown="\n\n".join(
            [POLICY, *note, " ".join(said), _table(content), REASONS_POLICY, _reasons_table(uncertain)]
        ),
    )


def _describe(each: DatasetScores, settings: DetectorSettings, resamples: int, seed: int) -> dict[str, Any]:
    """Return what one data set's verdicts come to, and `video`: the same by clip where its pictures are frames."""
    entry = {"level": level_of(each.rows), **describe_verdicts(each.rows, resamples, seed), "video": None}
    if videos := videos_of(each.rows, settings):
        entry["video"] = {"level": VIDEO, **describe_verdicts(videos, resamples, seed)}
    return entry


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
        [name, entry["level"], detector, *(share_of_counts(entry[key]) or "none decided" for key in heads)]
        for name in names
        for detector, entries in content.items()
        for entry in (entries[name], entries[name]["video"])
        if entry
    ]
    return render_table(["Data set", "Level", "Detector", *heads.values()], rows, texts=3)


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
