"""`unmask predict`: judge pictures and clips from a terminal or a script. Imports no torch."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from unmask.commands.endings import load_or_end, one_line, spelled, stoppable
from unmask.commands.judging import (
    STDIN,
    Content,
    find_sources,
    is_judged_as_clip,
    judge_all,
    name_whole,
    not_looked_at,
)
from unmask.commands.predict_output import as_json_line, as_lines, summary
from unmask.errors import MediaError, UnmaskError
from unmask.quiet_ends import quiet_ends

if TYPE_CHECKING:  # numpy and all that needs it is imported where it is used: help and version answer at once
    from tqdm import tqdm

    from unmask.commands.judging import Prediction, Progress
    from unmask.detector import Detector
    from unmask.media.provenance import Provenance

BAR_DELAY = 2.0
"""Seconds of work after which a progress bar is worth its place."""

ALL_READ, SOME_UNREADABLE = 0, 1

EXAMPLES = """\b
Examples:
  unmask predict portrait.jpg
  unmask predict holiday/ portrait.heic
  unmask predict clip.mp4
  unmask predict --frames 100 --json clip.mp4 > verdict.json
  unmask predict --report finding.pdf portrait.jpg
  unmask predict --annotate boxed.mp4 --report clip.html clip.mp4
  unmask predict --json holiday/ > verdicts.jsonl
  unmask predict --detector runs/mine/detector portrait.jpg
  unmask predict --detector user/name --revision v1 portrait.jpg
  curl -s https://example.org/photo.jpg | unmask predict -

\b
Exit codes:
  0    every file was read, whatever the verdicts
  1    some file could not be read, or a folder holds none
  2    wrong usage, the detector cannot be loaded, or the output cannot be written
  130  stopped with Ctrl-C
  141  the reader of the output went away, as `head` does

\b
Environment:
  UNMASK_FACE_MODEL  a YuNet file that finds the faces, or haar for OpenCV's cascades; else the Hub's YuNet,
                     else the cascades
  UNMASK_C2PA_TRUST  a PEM file with the certificates that make a signer of Content Credentials trusted
  HF_HUB_OFFLINE     1: nothing is fetched
  NO_COLOR           any text: no colours
"""


def predict(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="Pictures, clips, folders (searched to the bottom), or - for a picture on standard input.",
        ),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Write one JSON object a line, in the order of the files.")
    ] = False,
    detector: Annotated[
        str | None,
        typer.Option(metavar="DIR_OR_HUB_ID", help="A folder, or user/name on the Hub. [default: the shipped one]"),
    ] = None,
    revision: Annotated[
        str | None, typer.Option(metavar="TAG", help="Tag, branch or commit of a detector on the Hub.")
    ] = None,
    frames: Annotated[
        int, typer.Option(metavar="N", min=1, help="Frames of a clip, spread evenly over the whole of it.")
    ] = 32,
    annotate: Annotated[
        Path | None, typer.Option(metavar="OUT.mp4", help="Write the clip with boxes and scores, without sound.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT.html|OUT.pdf",
            help="Write the finding on one picture (HTML or PDF) or clip (HTML) as one file, to share and to repeat.",
        ),
    ] = None,
) -> None:
    """Judge every face of pictures and clips: real, fake, uncertain or no_face.

    A picture's verdict and fake probability are those of its most fake face, a clip's those of its most fake
    person. Below it stands what its Content Credentials say, and metadata that marks it as made by AI; neither
    changes the verdict.
    """
    with quiet_ends():
        if annotate or report:
            with one_line():
                _check_extras(files, annotate, report)
        loaded = load_or_end(detector, revision)
        sources, others = find_sources(files)
        with one_line():  # a detector may turn out broken
            read, last = _report(sources, loaded, frames, as_json)
        if others:
            print(spelled(not_looked_at(others), sys.stderr), file=sys.stderr)
        whole = read == len(sources)
        if last is not None and (annotate or report):
            whole = _write_extras(files[0], last, loaded, frames, annotate, report)
        raise typer.Exit(ALL_READ if whole else SOME_UNREADABLE)


def _check_extras(files: list[str], annotate: Path | None, report: Path | None) -> None:
    """Raise UnmaskError where what is to be written beside the verdict is not for these files."""
    one = len(files) == 1 and files[0] != STDIN and not os.path.isdir(files[0])  # noqa: PTH112  as in find_sources
    clip = one and is_judged_as_clip(Path(files[0]))
    ending = report.suffix.lower() if report else ""
    if annotate and not clip:
        raise UnmaskError("--annotate is for one clip. Name one video file.")
    if annotate and annotate.suffix.lower() != ".mp4":  # most often the first of the files to be judged
        raise UnmaskError(f"--annotate {annotate} is no .mp4. Name the file to write, with this ending.")
    if not one:
        raise UnmaskError("--report is for one picture or clip. Name one file.")
    if report and ending not in (".html", ".htm", ".pdf"):
        raise UnmaskError(f"--report {report} is neither .html nor .pdf. Name a report with one of these endings.")
    if clip and ending == ".pdf":
        raise UnmaskError("a clip's report is a page with time lines. Name an .html file; a browser prints it as PDF.")


def _write_extras(
    name: str, prediction: Prediction, detector: Detector, frames: int, annotate: Path | None, report: Path | None
) -> bool:
    """Write the annotated clip and the report that were asked for; return whether all could be written."""
    from unmask.annotated_clip import annotate_clip
    from unmask.schema import VideoPrediction

    try:
        if report is not None:
            _write_report(name, prediction, detector, frames, report)
        if annotate is not None and isinstance(prediction, VideoPrediction):
            with _frame_bar("Annotating") as progress:
                annotate_clip(name, prediction, annotate, progress)
    except UnmaskError as error:
        print(f"unmask: {error}", file=sys.stderr)
        return False
    return True


def _write_report(name: str, prediction: Prediction, detector: Detector, frames: int, report: Path) -> None:
    from unmask.clip_report import write_clip_report
    from unmask.picture_report import write_picture_report
    from unmask.repeating import repeat_command, shell_line
    from unmask.schema import VideoPrediction

    if isinstance(prediction, VideoPrediction):
        command = shell_line(repeat_command(name, detector, ["--frames", str(frames)]))
        write_clip_report(name, prediction, detector.settings, command, report)
    else:
        write_picture_report(name, detector, report)


@contextmanager
def _frame_bar(doing: str) -> Iterator[Progress]:
    """Give what shows the frames done so far on a terminal, once it takes longer than a moment."""
    from tqdm import tqdm

    with tqdm(desc=doing, unit="frame", delay=BAR_DELAY, disable=not sys.stderr.isatty(), leave=False) as bar:

        def show(done: int, wanted: int) -> None:
            bar.total = wanted
            bar.update(done - bar.n)

        yield show


def _report(
    sources: list[tuple[str, Content]], detector: Detector, frames: int, as_json: bool
) -> tuple[int, Prediction | None]:
    """Judge and print every source; return how many could be read, and what was said of the last of them."""
    from tqdm import tqdm

    hidden = len(sources) == 1 or not sys.stderr.isatty()
    verdicts: Counter[str] = Counter()
    last: Prediction | None = None
    stop = threading.Event()
    with (
        tqdm(total=len(sources), unit="file", delay=BAR_DELAY, disable=hidden, leave=False) as bar,
        _frame_bar("Judging") if len(sources) == 1 else nullcontext(_nothing) as show,
    ):

        def progress(done: int, wanted: int) -> None:
            if stop.is_set():
                raise KeyboardInterrupt  # ends a long clip in its worker
            show(done, wanted)

        outcomes = judge_all(detector, [content for _, content in sources], frames, progress)
        for (name, content), outcome in stoppable(zip(sources, outcomes, strict=True), stop):
            bar.update()
            if isinstance(outcome, MediaError):
                message = name_whole(outcome, name)
                _say(message, sys.stderr, bar)
                if as_json:
                    _say(json.dumps({"file": name, "error": message}), sys.stdout, bar)
                continue
            verdicts[outcome.verdict] += 1
            last = outcome
            provenance = _read_provenance(content)
            for line in [as_json_line(name, outcome, provenance)] if as_json else as_lines(name, outcome, provenance):
                _say(line, sys.stdout, bar)
    if len(sources) > 1 and not as_json:
        _say(summary(verdicts, len(sources), detector), sys.stdout, bar)
    return verdicts.total(), last


def _nothing(done: int, wanted: int) -> None:
    """Show no frames: many files have a bar of their own."""


def _say(line: str, stream: TextIO, bar: tqdm[Any]) -> None:
    """Print a line at once, above the progress bar where both share a terminal; what its code lacks becomes ?."""
    below = stream.isatty() and bar.format_dict["elapsed"] > BAR_DELAY
    if below:
        bar.clear()
    print(spelled(line, stream), file=stream, flush=True)
    if below:
        bar.refresh()


def _read_provenance(content: Content) -> Provenance | None:
    """Return what a file that was judged says of where it comes from; None where it went away meanwhile."""
    from unmask.media.provenance import read_provenance

    try:
        return None if isinstance(content, MediaError) else read_provenance(content)
    except MediaError:
        return None
