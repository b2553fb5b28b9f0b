"""The audit as files: audit.json, audit.md and its figures, each written whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unmask.data.audit.auditing import Audit
from unmask.files import write_json, write_whole

JSON, PAGE = "audit.json", "audit.md"


def write_audit(audit: Audit, folder: Path) -> None:
    """Write the report and its figures into a folder.

    Raises:
        DataError: The folder cannot be written.
    """
    from unmask.data.audit.figures import draw_audit  # matplotlib, which a summary alone does not need

    report, figures = audit.to_dict(), draw_audit(audit)
    for name, content in figures.items():
        write_whole(folder / name, content)
    write_json(folder / JSON, report)
    write_whole(folder / PAGE, render_page(report, sorted(figures)).encode())


def render_page(report: dict[str, Any], figures: Sequence[str] = ()) -> str:
    """Return audit.md from the content of audit.json and the file names of the figures."""
    total = sum(report["pictures"].values())
    parts = [
        "# Audit of " + ", ".join(report["pictures"]),
        f"{total} files, {len(report['unreadable'])} unreadable, looked at on {report['date']} in "
        f"{report['seconds']} s." + (f" To repeat: `{report['command']}`" if report["command"] else ""),
        "## Findings",
        *([_finding(finding) for finding in report["findings"]] or ["Nothing was found."]),
        "## Told without the face",
        "AUC of decision trees on sources they did not learn from; in brackets its bounds at 99 %. 0.5 is chance.",
        _shortcut_table(report["shortcuts"]),
        "## Duplicates",
        "Near duplicates differ in at most 15 of 256 bits of a perceptual hash.",
        _table(
            ["Kind", "Pairs", "Pictures"],
            [[kind.replace("_", " "), n["pairs"], n["pictures"]] for kind, n in report["duplicates"].items()],
        ),
        "## Balance",
        _table(
            ["Data set", "Split", "Class", "Method", "Pictures", "Sources"],
            [
                [r["dataset"], r["split"] or "–", r["label"], r["method"], r["pictures"], r["sources"]]
                for r in report["balance"]
            ],
        ),
        *(f"![{name.removesuffix('.png')}]({name})" for name in figures),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _finding(finding: dict[str, Any]) -> str:
    """Return one finding with its examples, indented below it."""
    lines = [f"- **{finding['level']}** {finding['dataset']}: {finding['text']}"]
    return "\n".join([*lines, *(f"    - `{example}`" for example in finding["examples"])])


def _shortcut_table(shortcuts: dict[str, list[dict[str, Any]]]) -> str:
    """Return a row per data set, a column per feature."""
    measured = {name: part for name, part in shortcuts.items() if part}
    missing = [name for name, part in shortcuts.items() if not part]
    lines = [f"{name}: too few sources of one of the classes to measure." for name in missing]
    if measured:
        features = [entry["feature"] for entry in next(iter(measured.values()))]
        rows = [
            [name, *(f"{e['auc']:.2f} ({e['lower']:.2f}–{e['upper']:.2f})" for e in part)]
            for name, part in measured.items()
        ]
        lines.insert(0, _table(["Data set", *features], rows))
    return "\n\n".join(lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table; empty without rows."""
    if not rows:
        return ""
    cells = [[str(cell).replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in [list(head), ["---"] * len(head), *cells])
