"""The tab About: what the folder says and no more, and a stranger's card as text alone."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from unmask.detector import Detector
from unmask.detector_folder import CALIBRATION_FIGURE, ROBUSTNESS_FIGURE
from unmask.hub.loading import SHIPPED, load_detector
from unmask.web.about_tab import describe_detector, read_card

ENTRY = {
    "name": "some<set>",
    "split": "test",
    "counts": {"total": 1234},
    "seen_in_training": False,
    "metrics": {"auc": 0.9123, "accuracy": 0.8, "eer": None},
    "verdicts": {"real": {"real": 9, "fake": 1}, "fake": {"real": 2, "fake": 2, "uncertain": 1}},
}


@pytest.fixture
def folder(tiny_detector: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_detector, tmp_path / "detector"))


def describe(folder: Path, report: Any) -> str:
    (folder / "report.json").write_text(report if isinstance(report, str) else json.dumps(report))
    return describe_detector(Detector(folder))


def test_thresholds_their_promise_and_the_licence_are_told(tiny_detector: Path) -> None:
    text = describe_detector(Detector(tiny_detector, name="a<b"))
    for words in ("below 40.0%", "above 60.0%", "nothing: it states", "apache-2.0", "a&lt;b", "without scores"):
        assert words in text


def test_both_rates_of_the_promise_are_told(tiny_detector: Path) -> None:
    detector = Detector(tiny_detector)
    detector.settings = dataclasses.replace(detector.settings, error_rate=0.04, miss_rate=0.07)
    assert "at most 4 % of the real faces are called fake and at most 7 % of the fake ones" in describe_detector(
        detector
    )


def test_figures_of_unseen_data_come_first_and_apart(folder: Path) -> None:
    seen = {**ENTRY, "name": "seen", "seen_in_training": True}
    text = describe(folder, {"datasets": [seen, ENTRY]})
    assert text.index("never saw") < text.index("some&lt;set&gt; test") < text.index("learned from")
    assert text.index("learned from") < text.index("seen test")
    for cell in ("1,234", "0.912", "0.800", "–", "10.0%", "40.0%", "6.7%"):  # 1 of 10, 2 of 5, 1 of 15
        assert f"<td>{cell}</td>" in text


def test_the_plots_of_a_suite_are_shown_and_what_is_no_picture_is_not(folder: Path) -> None:
    Image.new("RGB", (40, 30), "white").save(folder / ROBUSTNESS_FIGURE)
    (folder / CALIBRATION_FIGURE).write_bytes(b"no picture")
    text = describe(folder, {"datasets": [ENTRY], "suite": {"seed": 0}})
    assert text.count("<img class='plot' src='data:image/jpeg;base64,") == 1
    assert "Robustness" in text
    assert "Calibration" not in text
    assert "<img" not in describe(folder, {"datasets": [ENTRY]})  # left over from an older report


@pytest.mark.parametrize(
    "report", ["no json", {"datasets": [{"name": "x"}]}, {"datasets": 3}, {"datasets": [{**ENTRY, "counts": None}]}]
)
def test_a_report_that_cannot_be_read_is_named(folder: Path, report: Any) -> None:
    assert "cannot be read" in describe(folder, report)


def test_a_report_without_data_sets_is_no_score(folder: Path) -> None:
    assert "without scores" in describe(folder, {"datasets": []})


def test_a_card_is_text_alone(folder: Path) -> None:
    (folder / "README.md").write_text(
        "---\nlicense: mit\n---\n# Name\n<img src=//spy.example> <!-- a --> ![x](https://spy.example/i.png) 1 < 2\n"
        "![ref]\n\n[ref]: https://spy.example/j.png\n"
    )
    card = read_card(Detector(folder))
    assert card.startswith("# Name")
    assert "<img" not in card
    assert "<!--" not in card
    assert "![" not in card
    assert "1 < 2" in card


def test_a_folder_without_a_card_says_so(folder: Path) -> None:
    (folder / "README.md").unlink(missing_ok=True)
    assert "without a card" in read_card(Detector(folder))


@pytest.mark.skipif(not (SHIPPED / "model.onnx").is_file(), reason="this copy ships no detector")
def test_the_shipped_detector_has_figures_on_data_that_it_never_saw() -> None:
    detector = load_detector()
    assert "never saw" in describe_detector(detector)
    assert "## Limits" in read_card(detector)
