"""What `unmask predict` prints that needs no run of it."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

from unmask.commands.predict_output import summary
from unmask.detector import Detector


def test_a_summary_quotes_the_promise_of_the_thresholds(tiny_detector: Path) -> None:
    detector = Detector(tiny_detector)
    assert summary(Counter(), 2, detector).endswith("faces by haar.")
    detector.settings = dataclasses.replace(detector.settings, error_rate=0.07)
    assert "at most 7 % of the real faces are called fake and at most 7 % of the fake" in summary(
        Counter(), 2, detector
    )
    detector.settings = dataclasses.replace(detector.settings, miss_rate=0.1)
    assert "at most 7 % of the real faces are called fake and at most 10 % of the fake" in summary(
        Counter(), 2, detector
    )
