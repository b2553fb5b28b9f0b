"""Markdown tables and the way figures are written in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from unmask.evaluation.class_report import ClassFigures, accuracy_of, report_classes


def render_table(head: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> str:
    """Return a Markdown table; the first `texts` columns are text, the others figures, to the right.

    A bar or a line break inside a cell would end it, so that both are written out.
    """
    rule = ["---" if column < texts else "---:" for column in range(len(head))]
    return "\n".join("| " + " | ".join(map(_cell, cells)) + " |" for cells in [head, rule, *rows])


def render_class_report(matrix: Sequence[Sequence[int]]) -> str:
    """Return the classification report of a confusion matrix `[[tn, fp], [fn, tp]]` as a table."""

    def row(each: ClassFigures) -> list[str]:
        return [each.name, *map(number, (each.precision, each.recall, each.f1)), f"{each.support:,}"]

    rows = [row(each) for each in report_classes(matrix)]
    total = f"{sum(map(sum, matrix)):,}"
    rows.insert(2, ["accuracy", "", "", number(accuracy_of(matrix)), total])
    return render_table(["Class", "Precision", "Recall", "F1", "Support"], rows)


def number(value: float | None, digits: int = 3) -> str:
    """Return a figure with its digits, thousands parted, and a dash for none."""
    return "–" if value is None else f"{value:,.{digits}f}"


def with_interval(value: float | None, interval: Sequence[float] | None, digits: int = 3) -> str:
    """Return a figure with its interval, such as 0.960 (0.951–0.968)."""
    if value is None or interval is None:
        return number(value, digits)
    return f"{number(value, digits)} ({number(interval[0], digits)}–{number(interval[1], digits)})"


def share(value: float | None, interval: Sequence[float] | None = None) -> str:
    """Return a share in per cent, with its interval where there is one, such as 3.1 % (2.0–4.4)."""
    if value is None:
        return "–"
    if interval is None:
        return f"{value:.1%}".replace("%", " %")
    return f"{100 * value:.1f} % ({100 * interval[0]:.1f}–{100 * interval[1]:.1f})"


def share_of_counts(figure: Mapping[str, Any]) -> str:
    """Return a share with interval and counts, such as 3.1 % (2.0–4.4), 31 of 1000; nothing where there is none."""
    if figure["share"] is None:
        return ""
    return f"{share(figure['share'], figure['interval'])}, {figure['part']} of {figure['whole']}"


def without_empty_columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    """Return head and rows without the columns in which every row has a dash."""
    kept = [column for column in range(len(head)) if any(row[column] != "–" for row in rows)]
    return [head[column] for column in kept], [[row[column] for column in kept] for row in rows]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
