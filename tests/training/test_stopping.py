"""Signals are noted and not obeyed at once, and the clock keeps time back for the detector."""

from __future__ import annotations

import os
import signal

import pytest

from unmask.training import stopping
from unmask.training.stopping import Clock, StopSignals


def press(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_noted(number: int) -> None:
    with StopSignals() as signals:
        press(number)
        assert signals.received == number


def test_what_a_launcher_passes_on_at_once_is_no_second_press() -> None:
    with StopSignals() as signals:
        press(signal.SIGINT)
        press(signal.SIGINT)  # the terminal's own, and the launcher's
        press(signal.SIGTERM)
        assert signals.received == signal.SIGINT


def test_a_second_press_stops_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "SECOND_PRESS_SECONDS", 0.0)
    with StopSignals():
        press(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            press(signal.SIGINT)


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with StopSignals():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize(
    ("limit", "passed", "validation", "is_up"),
    [
        (0, 1e9, 10, False),  # no limit
        (10, 5 * 60, 10, False),  # time enough
        (10, 9.1 * 60, 10, True),  # 60 s are kept back: three passes of 10 s, and the export
        (10, 8.9 * 60, 10, False),  # just before
        (1, 31, 100, True),  # at most half of the limit is kept back
        (1, 29, 100, False),  # so that a short one trains, too
    ],
)
def test_the_time_is_up_when_only_the_writing_fits(
    monkeypatch: pytest.MonkeyPatch, limit: float, passed: float, validation: float, is_up: bool
) -> None:
    monkeypatch.setattr(stopping.time, "monotonic", lambda: 100.0)
    clock = Clock(limit, 0)
    monkeypatch.setattr(stopping.time, "monotonic", lambda: 100.0 + passed)
    assert clock.is_up(validation) == is_up


def test_checkpoints_come_due_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(stopping.time, "monotonic", lambda: now[0])
    clock = Clock(0, 10)
    now[0] = 601.0
    assert clock.checkpoint_is_due()
    clock.note_checkpoint()
    assert not clock.checkpoint_is_due()
