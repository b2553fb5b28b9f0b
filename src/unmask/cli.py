"""The command `unmask`: judge pictures from a terminal or a script. Imports no torch."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO, TypeVar

import typer

from unmask import __version__
from unmask.commands.detectors import detectors
from unmask.commands.endings import load_or_end, quiet_ends
from unmask.commands.serve import EXAMPLES as SERVE_EXAMPLES
from unmask.commands.serve import serve
from unmask.errors import MediaError

if TYPE_CHECKING:  # numpy and all that needs it is imported where it is used: help and version answer at once
    from tqdm import tqdm

    from unmask.detector import Detector
    from unmask.schema import ImagePrediction

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
  unmask predict --json holiday/ > verdicts.jsonl
  unmask predict --detector runs/mine/detector portrait.jpg
  unmask predict --detector user/name --revision v1 portrait.jpg
  curl -s https://example.org/photo.jpg | unmask predict -

\b
Exit codes:
  0    every picture was read, whatever the verdicts
  1    some picture could not be read, or a folder holds none
  2    wrong usage, or the detector cannot be loaded
  130  stopped with Ctrl-C
  141  the reader of the output went away, as `head` does

\b
Environment:
  UNMASK_FACE_MODEL  a YuNet file that finds the faces; else the Hub's, else OpenCV's Haar cascades
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


@app.command(short_help="Judge every face of every picture.", epilog=EXAMPLES)
def predict(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="Pictures, folders (searched to the bottom), or - for standard input."),
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
) -> None:
    """Judge every face of every picture: real, fake, uncertain or no_face.

    A picture's verdict and fake probability are those of its most fake face.
    """
    with quiet_ends():
        loaded = load_or_end(detector, revision)
        sources = list(_expand(files))
        read = _report(sources, loaded, as_json)
        raise typer.Exit(ALL_READ if read == len(sources) else SOME_UNREADABLE)


app.command(short_help="List the detectors on this machine.")(detectors)
app.command(short_help="Serve the page and its API.", epilog=SERVE_EXAMPLES)(serve)


def _expand(files: list[str]) -> Iterator[tuple[str, Content]]:
    """Yield name and content of every picture, folders replaced by the pictures below them."""
    from unmask.media.image_bytes import MAX_FILE_BYTES
    from unmask.media.images import find_images

    for name in files:
        if name == STDIN:
            # Read here: a worker blocked on a terminal could not be stopped.
            yield name, sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        elif not os.path.isdir(name):  # noqa: PTH112  pathlib's raises where a parent may not be read
            yield name, Path(name)
        else:
            try:
                found = find_images(Path(name))
            except MediaError as error:
                yield name, error
                continue
            yield from ((str(path), path) for path in found)
            if not found:
                yield name, MediaError(f"Could not find a picture in {_shown(name)}. Name another folder.")


def _judge(detector: Detector, content: Content) -> ImagePrediction | MediaError:
    if isinstance(content, MediaError):
        return content
    try:
        return detector.predict_image(content)
    except MediaError as error:
        return error


def _judge_all(detector: Detector, contents: list[Content]) -> Iterator[ImagePrediction | MediaError]:
    """Judge the pictures side by side and yield the outcomes in order."""
    waiting: deque[Future[ImagePrediction | MediaError]] = deque()
    pool = ThreadPoolExecutor(WORKERS)
    try:
        for content in contents:
            waiting.append(pool.submit(_judge, detector, content))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _report(sources: list[tuple[str, Content]], detector: Detector, as_json: bool) -> int:
    """Judge and print every source; return how many could be read."""
    from tqdm import tqdm

    hidden = len(sources) == 1 or not sys.stderr.isatty()
    verdicts: Counter[str] = Counter()
    with tqdm(total=len(sources), unit="picture", delay=BAR_DELAY, disable=hidden, leave=False) as bar:
        outcomes = _judge_all(detector, [content for _, content in sources])
        for (name, _), outcome in _stoppable(zip(sources, outcomes, strict=True)):
            bar.update()
            if isinstance(outcome, MediaError):
                message = _name_whole(outcome, name)
                _say(message, sys.stderr, bar)
                if as_json:
                    _say(json.dumps({"file": name, "error": message}), sys.stdout, bar)
                continue
            verdicts[outcome.verdict] += 1
            _say(_as_json(name, outcome) if as_json else _as_line(name, outcome), sys.stdout, bar)
    if len(sources) > 1 and not as_json:
        _say(_summary(verdicts, len(sources), detector), sys.stdout, bar)
    return verdicts.total()


def _stoppable(items: Iterable[Item]) -> Iterator[Item]:
    """Yield the items, and let Ctrl-C end the command between two of them; a second one ends it at once.

    Python's own handler may strike inside the lock of a future, which then raises RuntimeError.
    """
    pressed = False

    def note(*_: object) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield from items  # ignored under nohup, or another program's; only the main thread may set a handler
        return
    signal.signal(signal.SIGINT, note)
    try:
        for item in items:
            if pressed:
                raise KeyboardInterrupt
            yield item
        if pressed:
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


def _as_json(name: str, prediction: ImagePrediction) -> str:
    # ASCII alone, so that any file name survives any terminal: a byte that is no UTF-8 becomes \\udc80 to \\udcff.
    return json.dumps({"file": name, **prediction.to_dict()})


def _as_line(name: str, prediction: ImagePrediction) -> str:
    """Return verdict, fake probability, number of faces and file of one picture."""
    verdict = prediction.verdict.ljust(max(map(len, COLOURS)))
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb":
        verdict = typer.style(verdict, fg=COLOURS[prediction.verdict])
    number = "    -" if prediction.fake_probability is None else f"{prediction.fake_probability:.3f}"
    count = len(prediction.faces)
    return f"{verdict}  {number}  {count} face{' ' if count == 1 else 's'}  {_shown(name)}"


def _summary(verdicts: Counter[str], total: int, detector: Detector) -> str:
    parts = [f"{verdicts[verdict]} {verdict}" for verdict in COLOURS]
    parts += [f"{total - verdicts.total()} unreadable"]
    return f"{total} pictures: {', '.join(parts)}. Detector {detector.name}, faces by {detector.face_finder.name}."


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
