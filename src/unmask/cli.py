"""The command `unmask`: judge pictures and clips from a terminal or a script. Imports no torch."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TextIO, TypeVar

import typer

from unmask import __version__
from unmask.commands.detectors import detectors
from unmask.commands.endings import WRONG_USAGE, load_or_end, quiet_ends
from unmask.commands.serve import EXAMPLES as SERVE_EXAMPLES
from unmask.commands.serve import serve
from unmask.errors import MediaError, UnmaskError

if TYPE_CHECKING:  # numpy and all that needs it is imported where it is used: help and version answer at once
    from tqdm import tqdm

    from unmask.detector import Detector
    from unmask.media.provenance import Provenance
    from unmask.schema import ImagePrediction, VideoPrediction

    Prediction = ImagePrediction | VideoPrediction
    Progress = Callable[[int, int], None]

Item = TypeVar("Item")

STDIN = "-"
WORKERS = 2
AHEAD = 8
"""How many pictures may be judged before the reader has taken the first: enough to keep the workers busy."""
BAR_DELAY = 2.0
"""Seconds of work after which a progress bar is worth its place."""
COLOURS = {"real": "green", "fake": "red", "uncertain": "yellow", "no_face": "blue"}
"""Of the verdicts, in the order in which a summary counts them."""

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
  2    wrong usage, or the detector cannot be loaded
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

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

Content = Path | bytes | MediaError
"""What stands behind a name: a file, bytes from standard input, or why there is neither."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code."""
    app(args=arguments, prog_name="unmask")


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"unmask {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def unmask(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Tell real faces from forged ones, with evidence, and say when it cannot be told."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command(short_help="Judge every face of pictures and clips.", epilog=EXAMPLES)
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
            _check_extras(files, annotate, report)
        loaded = load_or_end(detector, revision)
        sources = list(_expand(files))
        read, last = _report(sources, loaded, frames, as_json)
        whole = read == len(sources)
        if last is not None and (annotate or report):
            whole = _write_extras(files[0], last, loaded, frames, annotate, report)
        raise typer.Exit(ALL_READ if whole else SOME_UNREADABLE)


def _check_extras(files: list[str], annotate: Path | None, report: Path | None) -> None:
    """End the command where what it is to write beside the verdict is not for these files."""
    from unmask.media.video_bytes import is_clip

    clip = len(files) == 1 and is_clip(files[0])
    ending = report.suffix.lower() if report else ""
    if annotate and not clip:
        _end_wrong("--annotate is for one clip. Name one video file.")
    if len(files) != 1 or files[0] == STDIN or os.path.isdir(files[0]):  # noqa: PTH112  as in _expand
        _end_wrong("--report is for one picture or clip. Name one file.")
    if report and ending not in (".html", ".htm", ".pdf"):
        _end_wrong(f"--report {report} is neither .html nor .pdf. Name a report with one of these endings.")
    if clip and ending == ".pdf":
        _end_wrong("a clip's report is a page with time lines. Name an .html file; a browser prints it as PDF.")


def _end_wrong(message: str) -> NoReturn:
    print(f"unmask: {message}", file=sys.stderr)
    raise typer.Exit(WRONG_USAGE)


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


app.command(short_help="List the detectors on this machine.")(detectors)
app.command(short_help="Serve the page and its API.", epilog=SERVE_EXAMPLES)(serve)


def _expand(files: list[str]) -> Iterator[tuple[str, Content]]:
    """Yield name and content of every file, folders replaced by the pictures and clips below them."""
    from unmask.media.image_bytes import MAX_FILE_BYTES
    from unmask.media.images import IMAGE_SUFFIXES, find_files
    from unmask.media.video_bytes import VIDEO_SUFFIXES

    for name in files:
        if name == STDIN:
            # Read here: a worker blocked on a terminal could not be stopped.
            yield name, sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        elif not os.path.isdir(name):  # noqa: PTH112  pathlib's raises where a parent may not be read
            yield name, Path(name)
        else:
            try:
                found = find_files(Path(name), IMAGE_SUFFIXES | VIDEO_SUFFIXES)
            except MediaError as error:
                yield name, error
                continue
            yield from ((str(path), path) for path in found)
            if not found:
                yield name, MediaError(f"Could not find a picture or clip in {_shown(name)}. Name another folder.")


def _judge(detector: Detector, content: Content, frames: int, progress: Progress) -> Prediction | MediaError:
    from unmask.media.video_bytes import is_clip

    if isinstance(content, MediaError):
        return content
    try:
        if isinstance(content, Path) and is_clip(content):
            return detector.predict_video(content, frames, progress)
        return detector.predict_image(content)
    except MediaError as error:
        return error


def _judge_all(
    detector: Detector, contents: list[Content], frames: int, progress: Progress
) -> Iterator[Prediction | MediaError]:
    """Judge the files side by side and yield the outcomes in order."""
    waiting: deque[Future[Prediction | MediaError]] = deque()
    pool = ThreadPoolExecutor(WORKERS)
    try:
        for content in contents:
            waiting.append(pool.submit(_judge, detector, content, frames, progress))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


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

        outcomes = _judge_all(detector, [content for _, content in sources], frames, progress)
        for (name, content), outcome in _stoppable(zip(sources, outcomes, strict=True), stop):
            bar.update()
            if isinstance(outcome, MediaError):
                message = _name_whole(outcome, name)
                _say(message, sys.stderr, bar)
                if as_json:
                    _say(json.dumps({"file": name, "error": message}), sys.stdout, bar)
                continue
            verdicts[outcome.verdict] += 1
            last = outcome
            provenance = _read_provenance(content)
            for line in [_as_json(name, outcome, provenance)] if as_json else _as_lines(name, outcome, provenance):
                _say(line, sys.stdout, bar)
    if len(sources) > 1 and not as_json:
        _say(_summary(verdicts, len(sources), detector), sys.stdout, bar)
    return verdicts.total(), last


def _nothing(done: int, wanted: int) -> None:
    """Show no frames: many files have a bar of their own."""


def _stoppable(items: Iterable[Item], stop: threading.Event) -> Iterator[Item]:
    """Yield the items, and let Ctrl-C end the command between two of them; a second one ends it at once.

    `stop` is set by the first, for work that looks at it. Python's own handler may strike inside the lock of a
    future, which then raises RuntimeError.
    """

    def note(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield from items  # ignored under nohup, or another program's; only the main thread may set a handler
        return
    signal.signal(signal.SIGINT, note)
    try:
        for item in items:
            if stop.is_set():
                raise KeyboardInterrupt
            yield item
        if stop.is_set():
            raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, before)


def _say(line: str, stream: TextIO, bar: tqdm[Any]) -> None:
    """Print a line at once, above the progress bar where both share a terminal; what its code lacks becomes ?."""
    code = stream.encoding or "utf-8"
    line = line.encode(code, "replace").decode(code)
    below = stream.isatty() and bar.format_dict["elapsed"] > BAR_DELAY
    if below:
        bar.clear()
    print(line, file=stream, flush=True)
    if below:
        bar.refresh()


def _read_provenance(content: Content) -> Provenance | None:
    """Return what a file that was judged says of where it comes from; None where it went away meanwhile."""
    from unmask.media.provenance import read_provenance

    try:
        return None if isinstance(content, MediaError) else read_provenance(content)
    except MediaError:
        return None


def _as_json(name: str, prediction: Prediction, provenance: Provenance | None) -> str:
    # ASCII alone, so that any file name survives any terminal: a byte that is no UTF-8 becomes \\udc80 to \\udcff.
    return json.dumps({"file": name, **prediction.to_dict(), "provenance": provenance and provenance.to_dict()})


def _as_lines(name: str, prediction: Prediction, provenance: Provenance | None) -> list[str]:
    """Return the line of one file, and below it those of its faces or people and of what is known of its origin."""
    from unmask.verdict_lines import describe

    first, *others = describe(prediction, _coloured)
    findings = provenance.findings() if provenance else []
    return [f"{first}  {_shown(name)}", *others, *(f"    {finding}" for finding in findings)]


def _coloured(verdict: str) -> str:
    """Return a verdict in a column's width, in its colour on terminals that want colours."""
    padded = verdict.ljust(max(map(len, COLOURS)))
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb":
        return typer.style(padded, fg=COLOURS[verdict])
    return padded


def _summary(verdicts: Counter[str], total: int, detector: Detector) -> str:
    parts = [f"{verdicts[verdict]} {verdict}" for verdict in COLOURS]
    parts += [f"{total - verdicts.total()} unreadable"]
    promise = ""
    if detector.settings.promise is not None:
        wrong, missed = (f"{100 * rate:g} %" for rate in detector.settings.promise)
        promise = (
            f" Of each validation set at most {wrong} of the real faces were called fake, {missed} of the fake real."
        )
    made_by = f"Detector {detector.name}, faces by {detector.face_finder.name}."
    return f"{total} files: {', '.join(parts)}. {made_by}{promise}"


def _name_whole(error: MediaError, name: str) -> str:
    """Return the error's line with the name as it was given; the error itself leaves the folder out."""
    from unmask.media.image_bytes import one_line

    for short in (one_line(Path(name).name), "the uploaded bytes"):
        start = f"Could not read {short}: "
        if str(error).startswith(start):
            what = "standard input" if name == STDIN else _shown(name)
            return f"Could not read {what}: {str(error).removeprefix(start)}"
    return str(error)


def _shown(name: str) -> str:
    """Return a name that stays on one line and that every terminal takes."""
    return "".join(character if character.isprintable() else "?" for character in name)
