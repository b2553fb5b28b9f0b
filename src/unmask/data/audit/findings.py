"""What an audit says: findings, each one line in plain words with examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["serious", "warning", "note"]
LEVELS: tuple[Level, ...] = ("serious", "warning", "note")
"""`serious` makes a score wrong, `warning` may, `note` is normal for this kind of data and good to know."""

MAX_EXAMPLES = 12


@dataclass(frozen=True)
class Finding:
    """One thing found in one data set, or across several.

    `count` is the number of pictures concerned (0 where none can be named) and `examples` are files, or
    pairs of files written `one = other`.
    """

    level: Level
    kind: str
    dataset: str
    text: str
    count: int = 0
    examples: tuple[str, ...] = ()

    def line(self) -> str:
        """Return the finding in one line."""
        return f"{self.level.upper()} {self.dataset}: {self.text}"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {**asdict(self), "examples": list(self.examples)}


def sort_findings(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings, the serious ones first, else in the order they were found."""
    return sorted(findings, key=lambda finding: LEVELS.index(finding.level))


def is_serious(findings: Sequence[Finding]) -> bool:
    """Say whether one of the findings is serious."""
    return any(finding.level == "serious" for finding in findings)
