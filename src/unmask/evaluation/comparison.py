"""Runs side by side: read, drawn and written as one folder with report.md and its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from unmask.errors import DataError
from unmask.evaluation.comparison_page import Entry, render_comparison
from unmask.evaluation.comparison_plots import draw_curves, draw_matrices, draw_rocs
from unmask.evaluation.report_files import PAGE
from unmask.evaluation.runs import Run, read_runs
from unmask.files import write_whole


def compare_runs(folders: Sequence[Path | str], output: Path | str | None = None) -> tuple[Path, list[str]]:
    """Write the comparison of every finished run among the folders; return its page and a line on each left out.

    Every file is written aside and renamed, the page last: where it stands, its figures are whole.

    Args:
        folders: run folders; one is enough. What is no finished run is left out.
        output: the folder to write into; none takes `report/` of a single run, `comparison/` beside several.

    Raises:
        DataError: there is no finished run among the folders, or the output cannot be written.

    Example:
        >>> compare_runs(["runs/first", "runs/second"])  # doctest: +SKIP
    """
    runs, left_out = read_runs(folders)
    if not runs:
        raise DataError("\n".join([*left_out, "There is no finished run to compare. Train one: train/train.py."]))
    output = Path(output) if output is not None else _default_output(runs)
    by_dataset = group_by_dataset(runs)
    figures = _name_files(["curves", *_drawn_by_dataset(by_dataset)])
    _write_figures(output, runs, by_dataset, figures)
    write_whole(output / PAGE, render_comparison(runs, by_dataset, figures, left_out).encode())
    return output / PAGE, left_out


def group_by_dataset(runs: Sequence[Run]) -> dict[str, list[Entry]]:
    """Return which runs were scored on which data set, by its title: validation faces first, then test sets."""
    titles = {s.title: s.entry["split"] != "validation" for run in runs for s in run.scores}
    ordered = sorted(titles, key=lambda title: (titles[title], title))
    groups: dict[str, list[Entry]] = {title: [] for title in ordered}
    for index, run in enumerate(runs):
        for title, scores in {s.title: s for s in run.scores}.items():
            groups[title].append((index, run.name, scores))
    return groups


def _drawn_by_dataset(by_dataset: Mapping[str, Sequence[Entry]]) -> list[str]:
    """Return the kinds of figures beside the curves."""
    return [*(["roc"] if _with_curves(by_dataset) else []), *(f"confusion_matrix of {t}" for t in by_dataset)]


def _write_figures(
    output: Path, runs: Sequence[Run], by_dataset: Mapping[str, Sequence[Entry]], figures: Mapping[str, str]
) -> None:
    """Draw and write each figure, one in memory at a time."""
    write_whole(output / figures["curves"], draw_curves(runs))
    if "roc" in figures:
        write_whole(output / figures["roc"], draw_rocs(_with_curves(by_dataset)))
    for title, entries in by_dataset.items():
        write_whole(output / figures[f"confusion_matrix of {title}"], draw_matrices(title, entries))


def _with_curves(by_dataset: Mapping[str, Sequence[Entry]]) -> dict[str, list[Entry]]:
    """Return the data sets and runs of which a ROC curve can be drawn."""
    curved = {title: [entry for entry in entries if entry[2].has_curve] for title, entries in by_dataset.items()}
    return {title: entries for title, entries in curved.items() if entries}


def _default_output(runs: Sequence[Run]) -> Path:
    return runs[0].folder / "report" if len(runs) == 1 else runs[0].folder.parent / "comparison"


def _name_files(kinds: Sequence[str]) -> dict[str, str]:
    """Return a file name for each figure, unique and safe on every file system.

    Example:
        >>> _name_files(["confusion_matrix of a/b (test)"])
        {'confusion_matrix of a/b (test)': 'confusion_matrix-a-b-test.png'}
    """
    names: dict[str, str] = {}
    for kind in kinds:
        words = "".join(c if c.isalnum() or c in "-_" else " " for c in kind.replace(" of ", " ", 1).lower()).split()
        stem = "-".join(words)[:100]
        repeats = sum(name.startswith(stem) for name in names.values())
        names[kind] = f"{stem}--{repeats + 1}.png" if f"{stem}.png" in names.values() else f"{stem}.png"
    return names
