"""How a command ends: an error in one line, and Ctrl-C between two files."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO, TypeVar

import typer

from unmask.errors import UnmaskError

if TYPE_CHECKING:
    from unmask.detector import Detector

Item = TypeVar("Item")

WRONG_USAGE = 2


@contextmanager
def one_line() -> Iterator[None]:
    """Turn an error raised on purpose into its line on standard error, and the exit code of wrong usage."""
    try:
        yield
    except UnmaskError as error:
        print(f"unmask: {error}", file=sys.stderr)
        raise typer.Exit(WRONG_USAGE) from None


def spelled(line: str, stream: TextIO) -> str:
    """Return a line in which every character that the stream's code lacks is ?."""
    code = stream.encoding or "utf-8"
    return line.encode(code, "replace").decode(code)


def load_or_end(name: str | None, revision: str | None) -> Detector:
    """Return the detector of that name, or end the command with the reason."""
    from unmask.hub import load_detector
    from unmask.media.provenance import read_trust_list

    with one_line():
        read_trust_list()  # so that a bad one is told once and not for every file
        return load_detector(name, revision)


def stoppable(items: Iterable[Item], stop: threading.Event) -> Iterator[Item]:
    """Yield the items, and let Ctrl-C end the command between two of them; a second one ends it at once.

    `stop` is set by the first, for work that looks at it, and at the end in any case: whoever takes no further item,
    as when the reader of the output is gone, waits for none. Python's own handler may strike inside the lock of a
    future, which then raises RuntimeError.
    """

    def note(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.getsignal(signal.SIGINT)
    # Ignored under nohup, or another program's; and only the main thread may set a handler.
    ours = before is signal.default_int_handler and threading.current_thread() is threading.main_thread()
    try:
        if ours:
            signal.signal(signal.SIGINT, note)
        for item in items:
            if stop.is_set():
                raise KeyboardInterrupt
            yield item
        if stop.is_set():
            raise KeyboardInterrupt
    finally:
        if ours:
            signal.signal(signal.SIGINT, before)
        stop.set()
