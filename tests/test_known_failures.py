"""Known failures in Markdown: what the card and the report of a suite share."""

from __future__ import annotations

from typing import Any

import pytest

from unmask.known_failures import NO_FAILURES, render_failures

MEDIANS = {"face": 120.0, "detail": 0.104, "brightness": 0.4, "jpeg_quality": None}
NO_MEDIANS = dict.fromkeys(MEDIANS)


def kind(*surest: dict[str, Any], wrong: int = 0) -> dict[str, Any]:
    """Return one kind's part of the report."""
    measured = MEDIANS if wrong >= 5 else NO_MEDIANS
    return {
        "wrong": {"pictures": wrong, **measured},
        "right": {"pictures": 1800, **MEDIANS, "face": 161.6},
        "surest": list(surest),
    }


def failure(**changes: Any) -> dict[str, Any]:
    return {"file": "fake/a.jpg", "method": "", "fake_probability": 0.04567, "look": "256×256 px"} | changes


FEW, NONE = kind(failure(), wrong=1), kind()


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        # the wrong ones stand before the right ones
        (
            kind(failure(), wrong=7),
            "| faces | fake called real | 7 / 1,800 | 120 / 162 | 0.104 / 0.104 | 0.40 / 0.40 |",
        ),
        # of few pictures there is a count and no median
        (FEW, "| faces | fake called real | 1 / 1,800 | – / 162 |"),
        # a class without failures keeps its line
        (FEW, "| faces | real called fake | 0 / 1,800 | – / 162 |"),
        # the pictures, without a column for methods that nobody names
        (FEW, "| faces | fake called real | 0.046 | fake/a.jpg | 256×256 px |"),
        (kind(failure(method="FaceSwap")), "| 0.046 | fake/a.jpg | FaceSwap | 256×256 px |"),
        # a picture that is gone since
        (kind(failure(look="")), "| fake/a.jpg | – |"),
        # a name that would end its cell
        (kind(failure(file="a|b<c.jpg")), "| a\\|b&lt;c.jpg |"),
    ],
)
def test_failures_are_told_in_a_line(entry: dict[str, Any], line: str) -> None:
    assert line in render_failures({"faces": {"real_called_fake": NONE, "fake_called_real": entry}})


def test_a_class_that_a_data_set_lacks_has_no_line() -> None:
    lacking = {"wrong": {"pictures": 0, **NO_MEDIANS}, "right": {"pictures": 0, **NO_MEDIANS}, "surest": []}
    text = render_failures({"reals": {"real_called_fake": FEW, "fake_called_real": lacking}})
    assert "| reals | real called fake |" in text
    assert "| reals | fake called real |" not in text


def test_a_detector_without_failures_says_so() -> None:
    assert render_failures({"faces": {"real_called_fake": NONE, "fake_called_real": NONE}}) == NO_FAILURES
