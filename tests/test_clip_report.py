"""The report of a clip is one well-formed page that holds all and loads nothing."""

from __future__ import annotations

import hashlib
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unmask.clip_report import MOST_TICKS, ticks, time_line, write_clip_report
from unmask.errors import DataError
from unmask.schema import Box, DetectorSettings, PersonPrediction, VideoPrediction

SETTINGS = DetectorSettings(1, "tiny", 0.1, 1.0, 0.25, 0.75, "max", (), "", "none")
BOX = Box(0, 0, 50, 60)
CROP = np.full((20, 20, 3), 90, np.uint8)
PERSON = PersonPrediction(1, "fake", 0.8, (0.5, 1.5, 2.5), (0.9, 0.5, 0.1), (BOX,) * 3, False, (2, 0), (CROP, CROP))
SVG = "{http://www.w3.org/2000/svg}"


def said(*people):
    return VideoPrediction("fake", 0.8, people, 32, 30, 3, 10.0, "A <reason>.", "haar", "tiny@0", 64, 48)


@pytest.fixture
def page(tmp_path):
    clip = tmp_path / "a <b> & c.mp4"
    clip.write_bytes(b"the clip")
    brief = PersonPrediction(2, "uncertain", 0.1, (4.0,), (0.1,), (BOX,), True, reasons=("blurred & small",))
    write_clip_report(clip, said(PERSON, brief), SETTINGS, "unmask predict 'a <b> & c.mp4'", tmp_path / "out.html")
    return (tmp_path / "out.html").read_text(encoding="utf-8")


def test_it_names_what_was_judged_and_how_to_repeat_it(page):
    for text in (
        hashlib.sha256(b"the clip").hexdigest(), "tiny@0", "real below 0.250, fake above 0.750", "haar",
        "32 wanted, 30 read, 3 with a face", "unmask predict &#x27;a &lt;b&gt; &amp; c.mp4&#x27;", "A &lt;reason&gt;.",
        "mean of the logits", "0.800", "Blurred &amp; small and seen in too few frames to decide.",
    ):  # fmt: skip
        assert text in page, text
    assert "<b>" not in page


def test_it_loads_nothing(page):
    assert re.findall(r'(?:src|href)="(?!data:)', page) == []
    assert "http" not in page.replace("http-equiv", "")
    assert "default-src 'none'" in page
    assert page.count('src="data:image/jpeg;base64,') == 2


def test_every_tag_is_closed(page):
    body = page[page.index("<body>") : page.index("</body>") + len("</body>")]
    ElementTree.fromstring(re.sub(r"(<img [^>]*)>", r"\1/>", body))


def test_the_time_line_has_a_point_for_each_frame_by_its_verdict():
    svg = ElementTree.fromstring(time_line(PERSON, 10.0, SETTINGS).replace("<svg ", f'<svg xmlns="{SVG[1:-1]}" '))
    assert [len(svg.findall(SVG + kind)) for kind in ("path", "circle")] == [1, 1]  # fake, real
    titles = [title.text for title in svg.iter(SVG + "title")]
    assert titles == ["0.50 s: 0.900, fake", "1.50 s: 0.500, uncertain", "2.50 s: 0.100, real"]
    (circle,) = svg.iter(SVG + "circle")
    assert 0 < float(circle.get("cx")) < 900 / 3  # a quarter of the way
    assert float(circle.get("cy")) > 75  # low


def test_a_seekable_time_line_has_a_button_for_each_frame_and_one_of_them_in_reach():
    svg = ElementTree.fromstring(time_line(PERSON, 10.0, SETTINGS, wide=400, seekable=True))
    buttons = [button for button in svg.iter("g") if button.get("role") == "button"]
    assert [float(button.get("data-time")) for button in buttons] == [0.5, 1.5, 2.5]
    assert [button.get("tabindex") for button in buttons] == ["0", "-1", "-1"]
    assert buttons[1].get("aria-label") == "1.50 s: 0.500, uncertain"
    assert svg.get("role") == "group"  # an image would hide its buttons
    assert svg.get("viewBox").startswith("0 0 400 ")
    assert max(float(circle.get("cx")) for circle in svg.iter("circle")) < 400


@given(st.floats(0.001, 50_000))
def test_ticks_are_few_and_even(length):
    times = ticks(length)
    assert times[0] == 0
    assert 1 <= len(times) <= MOST_TICKS
    assert times[-1] <= length * 1.001 + 1e-6
    assert np.ptp(np.diff(times)) < 1e-4 * length if len(times) > 2 else True


@pytest.mark.parametrize(
    ("name", "said_of_it"),
    [
        ("gone.mp4", "Could not read"),  # the clip went away
        ("out.mp4", "is the clip itself"),  # the report would replace it
    ],
)
def test_what_cannot_be_reported_is_one_line(tmp_path, name, said_of_it):
    (tmp_path / "out.mp4").write_bytes(b"clip")
    with pytest.raises(DataError, match=said_of_it):
        write_clip_report(tmp_path / name, said(), SETTINGS, "", tmp_path / "out.mp4")
    assert (tmp_path / "out.mp4").read_bytes() == b"clip"
