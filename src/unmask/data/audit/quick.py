"""The fast audit before every run: headers and file ends alone, a few seconds for 15,000 pictures."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from unmask.data.audit.balance import judge_balance, judge_sources, judge_unreadable
from unmask.data.audit.duplicates import find_duplicates, judge_duplicates
from unmask.data.audit.facts import Facts, read_header_facts
from unmask.data.audit.findings import Finding, sort_findings
from unmask.data.audit.pictures import Picture
from unmask.data.audit.shortcuts import judge_shortcuts, measure_shortcuts
from unmask.schema import Sample

HEADERS = 3000
"""How many headers are read."""
COMPARED = 20_000
"""How many files are compared for being byte for byte the same."""
_END_BYTES = 4096


def quick_audit(samples: Sequence[Sample], dataset: str = "data") -> list[str]:
    """Return one line for each serious finding and warning on these samples; nothing where all is well.

    It sees sources in two splits, missing and rare classes, files that are byte for byte the same, empty and
    unopenable files, and shortcuts by format, size, JPEG tables and file size. Near duplicates and damaged
    pixels need `python -m unmask.data.audit`.

    Args:
        samples: Of one data set, or of several with ids that are unique across them, with the splits of the
            run. At most 3,000 headers are read, drawn evenly.
        dataset: What the lines call it.

    Example:
        >>> quick_audit([])
        []
    """
    return [f.line() for f in quick_findings(dataset, [("", s) for s in samples]) if f.level != "note"]


def quick_findings(dataset: str, samples: Sequence[tuple[str, Sample]]) -> list[Finding]:
    """Return the findings on pairs of folder and sample."""
    headers = {index: read_header_facts(samples[index][1].path) for index in _drawn(samples, HEADERS)}
    digests = _equal_files([sample.path for _, sample in samples])
    pictures = [
        Picture(dataset, root, sample, replace(headers.get(index, Facts()), digest=digests.get(index)))
        for index, (root, sample) in enumerate(samples)
    ]
    looked_at = [pictures[index] for index in headers]
    findings = [*judge_unreadable(looked_at), *judge_sources(pictures), *judge_duplicates(find_duplicates(pictures))]
    findings += judge_shortcuts(dataset, measure_shortcuts(looked_at))
    return sort_findings([*findings, *judge_balance(pictures)])


def _drawn(samples: Sequence[tuple[str, Sample]], limit: int) -> list[int]:
    """Return the indices of at most `limit` samples, half of each class where it has that many, the same each time."""
    labels = np.array([sample.label for _, sample in samples], int)
    chosen: list[int] = []
    for label in (0, 1):
        of_class = np.flatnonzero(labels == label)
        chosen += np.random.default_rng(label).permutation(of_class)[: limit // 2].tolist()
    return sorted(chosen)


def _equal_files(paths: Sequence[str]) -> dict[int, str]:
    """Return a common name for files that are the same byte for byte; those that are alone have none.

    Sizes are compared first, then the last bytes, and only what still agrees is read whole.
    """
    step = max(1, -(-len(paths) // COMPARED))
    alike: list[list[int]] = [list(range(0, len(paths), step))]
    for measure in (_size_of, _end_of, _digest_of):
        alike = [part for group in alike for part in _parted(group, paths, measure)]
    return {index: f"file-{number}" for number, group in enumerate(alike) for index in group}


def _parted(indices: Sequence[int], paths: Sequence[str], measure: object) -> list[list[int]]:
    """Return the indices by what is measured of their files, those alone or unreadable left out."""
    groups: dict[object, list[int]] = defaultdict(list)
    for index in indices:
        try:
            groups[measure(Path(paths[index]))].append(index)  # type: ignore[operator]
        except OSError:
            continue
    return [group for group in groups.values() if len(group) > 1]


def _size_of(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -id(path)


def _end_of(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _END_BYTES))
        return file.read(_END_BYTES)


def _digest_of(path: Path) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.digest()
