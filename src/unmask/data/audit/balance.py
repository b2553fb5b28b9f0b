"""How many pictures of which class and method stand in each split, and sources that stand in two."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from unmask.data.audit.findings import MAX_EXAMPLES, Finding
from unmask.data.audit.pictures import Picture
from unmask.schema import LABEL_NAMES

SKEWED = 10
"""Pictures of one class for each of the other from which on the balance is warned about."""


def count_classes(pictures: Sequence[Picture]) -> list[dict[str, Any]]:
    """Return pictures and sources for each data set, split, class and method."""
    counts: Counter[tuple[str, str, int, str]] = Counter()
    sources: dict[tuple[str, str, int, str], set[str]] = defaultdict(set)
    for picture in pictures:
        sample = picture.sample
        key = (picture.dataset, sample.split or "", sample.label, sample.method)
        counts[key] += 1
        sources[key].add(sample.source_id)
    return [
        {
            "dataset": d,
            "split": s or None,
            "label": LABEL_NAMES[y],
            "method": m,
            "pictures": n,
            "sources": len(sources[k]),
        }
        for k, n in sorted(counts.items())
        for d, s, y, m in [k]
    ]


def judge_balance(pictures: Sequence[Picture]) -> list[Finding]:
    """Return a warning for each split of a data set that has one class alone, or hardly any of the other."""
    counts: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for picture in pictures:
        counts[picture.dataset, picture.sample.split or ""][picture.sample.label] += 1
    findings = []
    for (dataset, split), labels in sorted(counts.items()):
        where = f"its {split} part" if split else "it"
        few, many = sorted((0, 1), key=lambda label: labels[label])
        if not labels[few]:
            text = f"{where} has {labels[many]} {LABEL_NAMES[many]} pictures and no {LABEL_NAMES[few]} one."
            findings.append(Finding("warning", "one_class", dataset, text, labels[many]))
        elif labels[many] >= SKEWED * labels[few]:
            text = (
                f"{where} has {labels[many]} {LABEL_NAMES[many]} and {labels[few]} {LABEL_NAMES[few]} pictures. "
                "Draw both classes alike, and trust no accuracy."
            )
            findings.append(Finding("warning", "class_balance", dataset, text, labels[few]))
    return findings


def judge_sources(pictures: Sequence[Picture]) -> list[Finding]:
    """Return, for each data set, the sources that stand in two of its splits."""
    splits: dict[tuple[str, str], set[str]] = defaultdict(set)
    for picture in pictures:
        if picture.sample.split:
            splits[picture.dataset, picture.sample.source_id].add(picture.sample.split)
    torn: dict[str, list[str]] = defaultdict(list)
    for (dataset, source), sides in sorted(splits.items()):
        if len(sides) > 1:
            torn[dataset].append(f"{source} in {' and '.join(sorted(sides))}")
    return [
        Finding(
            "serious",
            "source_in_two_splits",
            dataset,
            f"{len(sources)} sources stand in two splits: a leak. Move all pictures of a source to one side.",
            len(sources),
            tuple(sources[:MAX_EXAMPLES]),
        )
        for dataset, sources in torn.items()
    ]


def judge_unreadable(pictures: Sequence[Picture]) -> list[Finding]:
    """Return, for each data set, the files that could not be read; serious when they are one in a hundred."""
    bad: dict[str, list[str]] = defaultdict(list)
    totals = Counter(picture.dataset for picture in pictures)
    for picture in pictures:
        if picture.facts.problem:
            bad[picture.dataset].append(f"{picture.name}: {picture.facts.problem}")
    return [
        Finding(
            "serious" if len(files) * 100 >= totals[dataset] else "warning",
            "unreadable",
            dataset,
            f"{len(files)} of {totals[dataset]} files cannot be read.",
            len(files),
            tuple(files[:MAX_EXAMPLES]),
        )
        for dataset, files in bad.items()
    ]
