"""One run of a suite: several detectors on several data sets, measured alike, to one report."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unmask.errors import DataError
from unmask.evaluation.plots import draw_figures
from unmask.evaluation.remembered_faces import RememberedFaces
from unmask.evaluation.report import build_report, hash_weights
from unmask.evaluation.report_files import PAGE, SCORES, file_stems, publish_report, render_rows, write_report_file
from unmask.evaluation.report_page import render_page
from unmask.evaluation.samples import read_split, take_evenly
from unmask.evaluation.scoring import score_dataset
from unmask.evaluation.sections import SECTIONS, Scored, ScoredData, Section
from unmask.evaluation.suite_file import SuiteData, read_suite
from unmask.evaluation.suite_page import render_html, render_sections
from unmask.files import write_whole
from unmask.hub import load_detector
from unmask.schema import FAKE

if TYPE_CHECKING:
    from unmask.detector import Detector
    from unmask.schema import Sample

HTML_PAGE = "report.html"


@dataclass(frozen=True)
class SuiteRun:
    """What to evaluate: the fields are options of `train/score.py`."""

    suite: str
    output: str
    data_root: str = "."
    detectors: tuple[str | None, ...] = (None,)
    limit: int | None = None
    write_report: bool = False


def run_suite(run: SuiteRun, *, progress: bool = True) -> dict[str, Any]:
    """Score every detector on every data set of a suite, write the report, print its lines, return it.

    The report is of the first detector; the others stand beside it in the sections. Data sets, detectors and the
    output folder are looked at before the first picture is scored. Pictures are decoded one at a time and never kept.

    Raises:
        UnmaskError: the suite, a data set, a detector or the output folder cannot be used.

    Example:
        >>> run_suite(SuiteRun("train/suites/default.yaml", "runs/suite", "data"))  # doctest: +SKIP
    """
    first = run.detectors[0]
    if run.write_report and first and not Path(first).is_dir():
        raise DataError(f"--write-report needs a detector folder and {first} is none. Give a local one.")
    suite = read_suite(run.suite)
    chosen = [_choose(each, Path(run.data_root), run.limit) for each in suite.data]
    detectors = _load_detectors(run.detectors)
    output = Path(run.output)
    make_folder(output)
    data = []
    for settings, (root, samples, available) in zip(suite.data, chosen, strict=True):
        scores = [score_dataset(d, samples, root=root, available=available, progress=progress) for d in detectors]
        data.append(ScoredData(settings, root, tuple(samples), tuple(scores)))
    scored = Scored(suite, detectors, tuple(data), progress)
    sections = {name: SECTIONS[name](scored, **given) for name, given in suite.sections}
    report = _build(scored, sections, describe_command(run))
    _write(output, scored, sections, report)
    if run.write_report:
        publish_report(detectors[0].folder, report, _figures(sections))
    print(
        "\n".join([*(line for section in sections.values() for line in section.lines), f"Report: {output / HTML_PAGE}"])
    )
    return report


def describe_command(run: SuiteRun) -> str:
    """Return the command line with folders by their names, not by this machine's paths."""
    suite = Path(run.suite)
    words = ["python", "train/score.py", "--suite", suite.name if suite.is_absolute() else suite.as_posix()]
    words += ["--data-root", Path(run.data_root).resolve().name]
    for detector in run.detectors:
        if detector:
            words += ["--detector", Path(detector).name if Path(detector).is_dir() else detector]
        elif len(run.detectors) > 1:
            words += ["--detector", "default"]
    words += ["--limit", str(run.limit)] if run.limit is not None else []
    return shlex.join([*words, "--output", Path(run.output).name])


def make_folder(folder: Path) -> None:
    """Make the output folder; raises DataError where it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"Could not make the folder {folder}: {error.strerror}. Choose another.") from error


def _choose(settings: SuiteData, data_root: Path, limit: int | None) -> tuple[Path, list[Sample], int]:
    """Return folder and samples of one data set, and how many there were to choose from."""
    root = data_root / settings.path
    if not root.exists():
        raise DataError(
            f"The suite's data set {settings.path} is not below {data_root}. Give its place by --data-root."
        )
    samples = read_split(root, settings.split, settings.layout)
    if settings.method:
        samples = [replace(each, method=settings.method) if each.label == FAKE else each for each in samples]
    most = settings.limit if limit is None else limit
    return root, samples if most is None else take_evenly(samples, most), len(samples)


def _load_detectors(names: Sequence[str | None]) -> tuple[Detector, ...]:
    """Return the detectors, all of which ask one finder that searches each picture once."""
    detectors = tuple(load_detector(name) for name in names)
    named = [detector.name for detector in detectors]
    if len(set(named)) < len(named):
        raise DataError(f"Two detectors are called {max(named, key=named.count)}. Name each one once.")
    finder = RememberedFaces(detectors[0].face_finder)
    for detector in detectors:
        detector.face_finder = finder
    return detectors


def _build(scored: Scored, sections: dict[str, Section], command: str) -> dict[str, Any]:
    """Return report.json: a plain report of the first detector, and the suite's part."""
    own = [data.scores[0] for data in scored.data]
    report = build_report(scored.detectors[0], own, command)
    report["suite"] = {
        "resamples": scored.suite.resamples,
        "seed": scored.suite.seed,
        "detectors": {detector.name: hash_weights(detector.folder) for detector in scored.detectors},
        "sections": {name: section.content for name, section in sections.items()},
    }
    return report


def _figures(sections: dict[str, Section]) -> dict[str, bytes]:
    """Return the PNG figures of all sections by their file names."""
    return {name: png for section in sections.values() for name, png in section.figures.items()}


def _write(output: Path, scored: Scored, sections: dict[str, Section], report: dict[str, Any]) -> None:
    """Write figures, scores.csv, both pages and report.json, which comes last: where it stands, the rest is whole."""
    own = [data.scores[0] for data in scored.data]
    figures = _figures(sections)
    by_data = []
    for stem, scores in zip(file_stems(own), own, strict=True):
        drawn = {kind: (f"{stem}-{kind}.png", png) for kind, png in draw_figures(scores, report["thresholds"]).items()}
        figures |= dict(drawn.values())
        by_data.append({kind: name for kind, (name, _) in drawn.items()})
    for name, png in figures.items():
        write_whole(output / name, png)
    write_whole(output / SCORES, render_rows(own).encode())
    page = render_page(report, by_data, render_sections(list(sections.values())))
    write_whole(output / PAGE, page.encode())
    write_whole(output / HTML_PAGE, render_html(page, figures, f"Scores of {report['detector']}").encode())
    write_report_file(output, report)
