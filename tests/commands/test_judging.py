"""Tests of what `unmask predict` does with its files, as far as the command itself does not show it."""

from __future__ import annotations

import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from unmask.commands.judging import judge_all
from unmask.detector import Detector


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_a_signal_that_the_wait_does_not_notice_is_handled_while_a_clip_is_judged(
    monkeypatch: pytest.MonkeyPatch, tiny_detector: Path, tmp_path: Path
) -> None:
    clip, noticed = tmp_path / "clip.mp4", threading.Event()
    clip.write_bytes(b"")

    def struck(*_: Any) -> bool:
        time.sleep(0.5)  # until the main thread waits
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)  # the worker gets it: the main thread sleeps on
        return noticed.wait(10)

    monkeypatch.setattr(Detector, "predict_video", struck)
    before = signal.signal(signal.SIGUSR1, lambda *_: noticed.set())
    try:
        assert list(judge_all(Detector(tiny_detector), [clip], 1, lambda *_: None)) == [True]
    finally:
        signal.signal(signal.SIGUSR1, before)
