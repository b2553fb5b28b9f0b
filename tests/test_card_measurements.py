"""What a suite measured, as the card tells it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from unmask.card_measurements import CALIBRATION_FIGURE, NOT_MEASURED, render_measurements
from unmask.evaluation.scoring import ImageScore
from unmask.evaluation.sections.groups import describe_groups

METRICS = {"auc": 0.91, "expected_calibration_error": 0.04}
INTERVALS = {"auc": [0.85, 0.95], "expected_calibration_error": None}
SHARE = {"part": 1, "whole": 20, "share": 0.05, "interval": [0.0, 0.1]}
DECIDED = {"real_called_fake": SHARE, "fake_called_real": SHARE | {"share": None}, "coverage": SHARE}

MEASURED = {"pictures": 7, "face": 120.0, "detail": 0.1, "brightness": 0.4, "jpeg_quality": 75.0}
SUREST = {"file": "a.jpg", "method": "", "fake_probability": 0.97, "look": "256×256 px"}
FAILED = {"wrong": MEASURED, "right": MEASURED, "surest": [SUREST]}


def suite_report() -> dict[str, Any]:
    """Return a report of two data sets, the unseen one first."""
    seen = {"seen_in_training": True, "metrics": METRICS, "intervals": INTERVALS}
    scores = {"strange": seen | {"seen_in_training": False}, "known": seen}
    robustness = {"faces": 40, "clean_auc": 0.9, "mean_auc": 0.8, "relative": 0.889}
    robustness |= {"auc": {"blur": [0.9, 0.5], "double_jpeg": [0.8, 0.7]}}  # type: ignore[dict-item]
    falls = {key: {"mean": 0.5, "interval": [0.1, 0.9]} for key in ("hottest", "random", "more", "beats")}
    return {
        "suite": {
            "sections": {
                "scores": {"by_detector": {"mine": scores, "another": {}}},
                "verdicts": {"by_detector": {"mine": {"strange": DECIDED, "known": DECIDED}}},
                "calibration": {
                    "bins": {
                        "known": [
                            {"count": 3, "probability": 0.1, "fakes": 0.0},
                            {"count": 1, "probability": 0.19, "fakes": 1.0},
                            {"count": 2, "probability": 1.0, "fakes": 1.0},
                        ]
                    }
                },
                "robustness": {
                    "corruptions": {"blur": {"levels": [1, 2]}, "double_jpeg": {"levels": [90, 50]}},
                    "by_detector": {"mine": {"known": robustness}},
                },
                "deletion": {"by_data": {"known": {"faces": 30, **falls}, "strange": None}},
                "failures": {"by_data": {"known": {"real_called_fake": FAILED, "fake_called_real": FAILED}}},
                "groups": {"by_detector": {}},
            }
        }
    }


@pytest.mark.parametrize(
    ("part", "line"),
    [
        ("intervals", "| known | yes | 0.910 (0.850–0.950) | 0.040 | 5.0 % (0.0–10.0) | – | 5.0 % (0.0–10.0) |"),
        ("calibration", "| known | 25 % (4) | – | – | – | 100 % (2) |"),  # 1.0 belongs to the last range
        ("robustness", "| known | 40 | 0.900 | 0.800 | 0.889 | blur, 0.700 |"),
        ("failures", "| known | real called fake | 0.970 | a.jpg | 256×256 px |"),
        ("maps", "| known | 30 | 0.50 | 0.50 | 0.50 (0.10–0.90) | 50 % |"),
        ("groups", "none of the data sets scored says who is"),
    ],
)
def test_each_part_tells_its_figures(part: str, line: str) -> None:
    assert line in render_measurements(suite_report())[part]


def test_groups_are_told_with_rates_counts_and_gaps() -> None:
    """As the section measures them: of 40 reals of one group 1, of 40 of the other none; one fake, of one group."""
    rows = [ImageScore(str(n), 0, 0.9 if n == 0 else 0.1, "real", str(n), "real") for n in range(80)]
    rows.append(ImageScore("forged", 1, 0.9, "fake", "forged", "unknown"))
    group_of = ["f|m"] * 40 + ["other"] * 40 + ["other"]
    report = suite_report()
    by_column = {"sex": describe_groups(rows, group_of, 30, 10, 0)}
    report["suite"]["sections"]["groups"] = {"least": 30, "by_detector": {"mine": {"known": by_column}, "another": {}}}
    text = render_measurements(report)["groups"]
    assert "at least 30 pictures" in text
    assert "| known | sex | f\\|m | 40 | 2.5 % | 0 | – |" in text
    assert "| known | sex | other | 40 | 0.0 % | 1 | 100.0 % |" in text
    assert "| known | sex | largest gap |  | 2.5 % |  | – |" in text


def test_rows_seen_in_training_come_first() -> None:
    text = render_measurements(suite_report())["intervals"]
    assert text.index("| known |") < text.index("| strange |")


def test_a_figure_is_shown_where_it_lies(tmp_path: Path) -> None:
    assert "![" not in render_measurements(suite_report(), tmp_path)["calibration"]
    (tmp_path / CALIBRATION_FIGURE).write_bytes(b"png")
    assert f"]({CALIBRATION_FIGURE})" in render_measurements(suite_report(), tmp_path)["calibration"]


def test_a_plain_report_says_what_is_not_measured() -> None:
    parts = render_measurements({"datasets": []})
    assert parts["robustness"] == parts["calibration"] == parts["maps"] == parts["failures"] == NOT_MEASURED
    assert parts["intervals"] == ""
