"""When a run stops before its end: Ctrl-C, SIGTERM, or a limit of minutes, each after the step in hand."""

from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType, TracebackType
from typing import Any

SECOND_PRESS_SECONDS = 2.0
WRITING_SECONDS = 30.0  # the export to ONNX and its check, measured at 5 to 20 s on two cores


class RunStopped(Exception):
    """The run was asked to stop, and has saved what it had.

    `code` is the exit code by the shell's custom: 130 after Ctrl-C, 143 after SIGTERM.
    """

    def __init__(self, line: str, code: int) -> None:
        super().__init__(line)
        self.code = code


def is_first_process(*, of_this_machine: bool = False) -> bool:
    """Return whether this is the process that speaks for the others, of all machines or of this one."""
    return os.environ.get("LOCAL_RANK" if of_this_machine else "RANK", "0") == "0"


class StopSignals:
    """Takes note of SIGINT and SIGTERM inside a `with` block instead of ending the process.

    Launchers pass a signal on that the terminal has already sent, so a second one counts only as a person's
    second Ctrl-C: two seconds later or more. That one stops at once.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._at = 0.0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopSignals:
        try:
            self._before = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        except ValueError:
            self._before = {}  # not in the main thread, as in a notebook's worker: signals stay as they were
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.received is None:
            self.received, self._at = number, time.monotonic()
            if is_first_process():
                print("\nstopping after this step; Ctrl-C again stops at once, without saving", file=sys.stderr)
        elif number == signal.SIGINT and time.monotonic() - self._at >= SECOND_PRESS_SECONDS:
            raise KeyboardInterrupt


class Clock:
    """Says when a checkpoint is due, and when it is time to stop for the detector to be written in time."""

    def __init__(self, max_minutes: float, checkpoint_minutes: float) -> None:
        self._started = self._saved = time.monotonic()
        self._limit, self._between = max_minutes * 60, checkpoint_minutes * 60

    def checkpoint_is_due(self) -> bool:
        return self._between > 0 and time.monotonic() - self._saved >= self._between

    def note_checkpoint(self) -> None:
        self._saved = time.monotonic()

    def is_up(self, validation_seconds: float) -> bool:
        """Return whether to stop now, for three more passes over the validation faces and the export.

        The passes judge the weights, calibrate them and score the written detector. What is kept back for
        them is at most half of the limit, so that a short one leaves time to train.
        """
        if not self._limit:
            return False
        kept_back = min(self._limit / 2, 3 * validation_seconds + WRITING_SECONDS)
        return time.monotonic() - self._started >= self._limit - kept_back
