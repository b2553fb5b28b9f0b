"""One audit: from data folders to findings and the content of audit.json."""

from __future__ import annotations

import datetime
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unmask.data.audit.balance import count_classes, judge_balance, judge_sources, judge_unreadable
from unmask.data.audit.duplicates import Duplicates, find_duplicates, judge_duplicates
from unmask.data.audit.findings import Finding, is_serious, sort_findings
from unmask.data.audit.gathering import gather_facts
from unmask.data.audit.pictures import Picture, group
from unmask.data.audit.shortcuts import Shortcut, judge_shortcuts, measure_shortcuts
from unmask.data.layouts import read_samples
from unmask.data.names import dataset_name
from unmask.errors import DataError
from unmask.schema import Sample

REPORT_VERSION = 1
TOGETHER = "all data sets together"


@dataclass
class Audit:
    """What an audit found. `shortcuts` are by data set, with `TOGETHER` where there are several."""

    pictures: list[Picture]
    findings: list[Finding]
    duplicates: Duplicates
    shortcuts: dict[str, list[Shortcut]] = field(default_factory=dict)
    seconds: float = 0.0
    command: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the content of audit.json."""
        return {
            "format_version": REPORT_VERSION,
            "date": datetime.datetime.now(tz=datetime.timezone.utc).date().isoformat(),
            "command": self.command,
            "seconds": round(self.seconds, 1),
            "serious": is_serious(self.findings),
            "findings": [finding.to_dict() for finding in self.findings],
            "pictures": {name: len(part) for name, part in group(self.pictures, lambda p: p.dataset).items()},
            "unreadable": [{"file": p.name, "problem": p.facts.problem} for p in self.pictures if p.facts.problem],
            "balance": count_classes(self.pictures),
            "duplicates": self.duplicates.counts(),
            "shortcuts": {name: [s.to_dict() for s in part] for name, part in self.shortcuts.items()},
        }


def read_roots(
    roots: Sequence[Path | str], layout: str | None = None, real_only: Sequence[Path | str] = ()
) -> list[tuple[str, str, Sample]]:
    """Return name, folder and sample for every file of the data sets.

    Two splits of one data set given as two folders count as one data set; two data sets whose folders have
    the same name are numbered.

    Raises:
        DataError: A folder is no data set, or none was named.
    """
    if not roots and not real_only:
        raise DataError("There is nothing to audit. Name a data folder.")
    homes: dict[str, Path] = {}
    named: list[tuple[str, str, Sample]] = []
    for root, kind in [*((root, layout) for root in roots), *((root, "real_only") for root in real_only)]:
        path = Path(root)
        name = dataset_name(path)
        home = path.resolve() if path.resolve().name == name else path.resolve().parent
        numbered = (f"{name}-{number}" for number in itertools.count(2))
        name = next(free for free in itertools.chain([name], numbered) if homes.setdefault(free, home) == home)
        base = str(path if home == path.resolve() else path.parent)
        named += [(name, base, sample) for sample in read_samples(path, kind)]
    return named


def audit(named: Sequence[tuple[str, str, Sample]], processes: int = 1, *, progress: bool = True) -> Audit:
    """Decode every file and return what was found, the serious first.

    Args:
        named: Name and folder of the data set, and the sample, as `read_roots` gives them.
        processes: How many processes decode.
        progress: Show bars on standard error.
    """
    started = time.monotonic()
    facts = gather_facts([sample.path for _, _, sample in named], processes, progress=progress)
    pictures = [Picture(*one, fact) for one, fact in zip(named, facts, strict=True)]
    duplicates = find_duplicates(pictures)
    findings = [*judge_unreadable(pictures), *judge_sources(pictures), *judge_duplicates(duplicates)]
    by_dataset = group(pictures, lambda picture: picture.dataset)
    parts = by_dataset if len(by_dataset) == 1 else {**by_dataset, TOGETHER: pictures}
    shortcuts = {name: measure_shortcuts(part) for name, part in parts.items()}
    for name, part in shortcuts.items():
        findings += judge_shortcuts(name, part)
    findings += judge_balance(pictures)
    return Audit(pictures, sort_findings(findings), duplicates, shortcuts, time.monotonic() - started)
