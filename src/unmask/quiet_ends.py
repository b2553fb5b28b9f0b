"""How a command line ends on Ctrl-C, or when its output finds no place: by an exit code and without a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

NO_OUTPUT, INTERRUPTED, READER_GONE = 2, 130, 141
STDOUT, STDERR = 1, 2


@contextmanager
def quiet_ends() -> Iterator[None]:
    """End without a traceback on Ctrl-C, when whoever reads the output stops doing so, and when the disk is full."""
    try:
        try:
            yield
        finally:
            print(end="", flush=True)  # what failed at the exit of the interpreter would be told by a traceback
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    except BrokenPipeError:
        _discard(STDOUT, STDERR)
        raise SystemExit(READER_GONE) from None
    except OSError:
        if (why := _why_no_output()) is None:
            raise
        _discard(STDOUT)
        with suppress(OSError):  # standard error may go to the same full disk
            print(f"Could not write the output: {why}. Free some space, or send it elsewhere.", file=sys.stderr)
        raise SystemExit(NO_OUTPUT) from None


def _why_no_output() -> str | None:
    """Return why standard output takes nothing, None where it does: then an error was of something else.

    The error does not say what it is of. What it cut off may have left the buffer, so that there must be a new line.
    """
    try:
        print(flush=True)
    except OSError as error:
        return error.strerror
    return None


def _discard(*streams: int) -> None:
    """Send the streams nowhere: what is still buffered would fail once more at the exit of the interpreter."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        os.dup2(nowhere, stream)
